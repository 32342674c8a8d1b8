from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules.answers import plain_code

KINDS = [
    ("fixable", "Can be put right: claim again"),
    ("final", "Final: give up"),
    ("adopt", "The SII has it already: compare and adopt"),
    ("unknown", "To be classified"),
]
#: key of a flow -> table its codes are of
FAMILIES = {
    "claim_ack": "admissibility",
    "claim_outcome": "outcome",
    "cancel_ack": "cancel",
    "cancel_outcome": "cancel",
    "cancel_notice": "cancel",
    "suspend_ack": "suspend",
    "suspend_outcome": "suspend",
    "suspend_notice": "suspend",
    "report_ack": "report",
}


class CmorCause(models.Model):
    """A code of the SII's answers: what it means, and what to do about it.

    Most codes of the indemnity system are not public. One that is not in the table is
    added when it is first received, with the words it came with; somebody classifies
    it afterwards.
    """

    _name = "cmor.cause"
    _description = "Cause of a refusal"
    _order = "family, plain_code, id"
    _rec_names_search = ("code", "name")

    family = fields.Selection(
        [
            ("admissibility", "Admissibility"),
            ("outcome", "Outcome"),
            ("cancel", "Annulment"),
            ("suspend", "Suspension"),
            ("report", "Reporting"),
        ],
        string="Table",
        required=True,
        default="admissibility",
    )
    code = fields.Char(required=True, help="As written by the SII.")
    plain_code = fields.Char(
        string="Code compared",
        compute="_compute_plain_code",
        store=True,
        help="Without leading zeros: 004 and 4 are the same.",
    )
    name = fields.Char(string="Meaning", required=True, translate=True)
    kind = fields.Selection(KINDS, required=True, default="unknown")
    advice = fields.Char(string="What to do", translate=True)
    mark = fields.Selection(
        [
            ("S", "Seen in a source"),
            ("K", "Known, not seen"),
            ("A", "Assumed: to be checked"),
        ],
        string="Certainty",
        required=True,
        default="A",
    )
    source = fields.Char()
    is_received = fields.Boolean(
        string="Out of an answer",
        readonly=True,
        help="Added by the program: it stood in an answer and was in no table.",
    )
    active = fields.Boolean(default=True)
    practice_count = fields.Integer(
        string="Practices", compute="_compute_practice_count"
    )

    _code_uniq = models.UniqueIndex(
        "(family, plain_code)", "This code is in the table already."
    )

    @api.depends("code")
    def _compute_plain_code(self):
        for cause in self:
            cause.plain_code = plain_code(cause.code)

    @api.depends("code", "name")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for cause in self:
            cause.display_name = f"{cause.code} · {cause.name}"

    def _compute_practice_count(self):
        counts = dict(
            self.env["cmor.practice"]._read_group(
                [("cause_id", "in", self.ids)], ["cause_id"], ["__count"]
            )
        )
        for cause in self:
            cause.practice_count = counts.get(cause, 0)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        used = self.env["cmor.practice"].sudo()
        if used.search_count([("cause_id", "in", self.ids)], limit=1):
            raise UserError(
                self.env._("A cause of a practice is archived, not deleted.")
            )

    # --- actions --------------------------------------------------------------

    def action_classify(self, kind=None):
        """A CMOR user says what a code that nobody knew means.

        :param str kind: fixable, final or adopt; default from the button's context
        """
        kind = kind or self.env.context.get("cmor_kind")
        self.check_access("read")
        if kind not in ("fixable", "final", "adopt"):
            raise UserError(self.env._("Choose what the code means."))
        if any(cause.kind != "unknown" for cause in self):
            raise UserError(
                self.env._("It is classified already: a manager may change it.")
            )
        self.sudo().kind = kind
        practices = self.env["cmor.practice"].sudo()
        practices.search(
            [("cause_id", "in", self.ids), ("state", "=", "rejected")]
        )._set_next()
        return True

    def action_open_practices(self):
        """Smart button: the practices that this cause hit."""
        practices = self.env["cmor.practice"].search([("cause_id", "in", self.ids)])
        return practices._action_show()

    # --- business -------------------------------------------------------------

    @api.model
    def _of_codes(self, key, told):
        """The causes of the codes in some answers; unknown ones are added.

        :param str key: key of their flow
        :param dict told: {code as written: words it came with}
        :return: {code as written: cmor.cause}
        """
        family = FAMILIES.get(key, "admissibility")
        plain = {code: plain_code(code) for code in told}
        wanted = sorted({text for text in plain.values() if text})
        causes = self.sudo().with_context(active_test=False)
        known = causes.search([("plain_code", "in", wanted)])
        # a code of the common table holds in those that have none of their own
        by_code = {}
        for cause in known.sorted(lambda c: c.family == family):
            if cause.family in (family, "admissibility"):
                by_code[cause.plain_code] = cause
        new = {}
        for code, text in plain.items():
            if text and text not in by_code and text not in new:
                new[text] = {
                    "family": family,
                    "code": code.strip()[:15],
                    "name": (told[code] or "").strip()[:200] or code.strip()[:15],
                    "is_received": True,
                }
        made = causes.create(list(new.values()))
        by_code.update({cause.plain_code: cause for cause in made})
        return {code: by_code.get(text, self) for code, text in plain.items()}
