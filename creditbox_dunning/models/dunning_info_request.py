from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules import info, work
from .dunning_work_mixin import WORK_GUARDED

WANTED = [
    (info.ADDRESS, "Address"),
    (info.SCORE, "Score"),
    (info.BOTH, "Address and score"),
]
WANTED_WORDS = {
    info.ADDRESS: "Indirizzo",
    info.SCORE: "Punteggio",
    info.BOTH: "Indirizzo e punteggio",
}


class DunningInfoRequest(models.Model):
    """A question about a customer to an information provider, and its answer.

    The answer is kept as it was told, with its source and day. The address goes onto
    the customer when somebody uses it, or by itself where the provider is trusted.
    """

    _name = "dunning.info.request"
    _description = "Question to an information provider"
    _inherit = "dunning.work.mixin"
    _purpose = "info"
    _ref_prefix = "IP"
    _answers = "info_answers"

    _guarded_fields = WORK_GUARDED | {
        "wanted",
        "case_id",
        "old_address",
        "old_place",
        "is_used",
        "used_by",
        *info.TOLD,
    }

    partner_id = fields.Many2one(required=True, check_company=True)
    state = fields.Selection(
        [
            # of a question: in Italian it is feminine, orders are not
            (work.TO_SEND, "To be sent"),
            (work.SENT, "Sent"),
            (work.TAKEN, "Accepted"),
            (work.PLANNED, "Planned"),
            (work.RECALL, "To be called back"),
            (work.RECALLED, "Question called back"),
            (work.DONE, "Answered"),
            (work.FAILED, "Without an answer"),
            (work.WITHDRAWN, "Question withdrawn"),
        ]
    )
    case_id = fields.Many2one(
        "dunning.case", index="btree_not_null", readonly=True, check_company=True
    )
    wanted = fields.Selection(WANTED, string="What is asked", required=True)
    score = fields.Integer(readonly=True)
    score_class = fields.Char(string="Class", readonly=True)
    street = fields.Char(readonly=True)
    zip = fields.Char(string="ZIP", readonly=True)
    city = fields.Char(readonly=True)
    province = fields.Char(readonly=True)
    phone = fields.Char(readonly=True)
    pec = fields.Char(string="PEC", readonly=True)
    is_used = fields.Boolean(string="Address used", readonly=True)
    used_by = fields.Many2one("res.users", readonly=True)
    old_place = fields.Char(readonly=True, copy=False)
    old_address = fields.Char(
        string="Address before", readonly=True, help="What was there until then."
    )

    _name_uniq = models.UniqueIndex(
        "(name) WHERE name != '/'", "This number was already given."
    )

    # asking

    @api.model
    def _ask(self, pairs, wanted, note):
        """Write down a question for each (customer, case), but where one is open.

        Companies that no information provider serves ask nothing.
        """
        partners = self.env["res.partner"].union(*(partner for partner, _c in pairs))
        waiting = self.sudo().search(
            [("partner_id", "in", partners.ids), ("state", "in", sorted(work.OPEN))]
        )
        asked = {(one.partner_id, one.company_id) for one in waiting}
        rows = []
        for partner, case in pairs:
            company = case.company_id or partner.company_id
            if not company or (partner, company) in asked:
                continue
            asked.add((partner, company))
            rows.append(
                {
                    "company_id": company.id,
                    "partner_id": partner.id,
                    "case_id": case.id,
                    "wanted": wanted,
                    "note": note,
                }
            )
        providers = self.env["dunning.service.provider"]
        served = {
            company
            for company in {row["company_id"] for row in rows}
            if providers._for("info", self.env["res.company"].browse(company))
        }
        return self._write_down([row for row in rows if row["company_id"] in served])

    def _row(self, provider, today):
        return {
            **super()._row(provider, today),
            "case": self.case_id.name,
            "wanted": WANTED_WORDS[self.wanted],
        }

    def action_cancel(self):
        """Button: the question is not needed any more."""
        self.check_access("read")
        self.env["dunning.case"]._check_is_operator(self)
        self.sudo()._take_back(
            self.env._("Withdrawn by %(name)s.", name=self.env.user.name)
        )
        return True

    # the answer onto the customer

    def action_use_address(self):
        """Button: the address told becomes the customer's."""
        self.check_access("read")
        self.env["dunning.case"]._check_is_operator(self)
        for one in self:
            if not one.street or one.is_used:
                raise UserError(self.env._("There is no new address to use."))
            one.sudo()._use_address()
        return True

    def _use_address(self):
        """Write the address on the customer, and on its history where it came from."""
        self.ensure_one()
        partner = self.partner_id.sudo()
        lines = partner._display_address(without_company=True).splitlines()
        old = ", ".join(line.strip() for line in lines if line.strip())
        place = info.place_key(partner.street, partner.zip, partner.city)
        italy = self.env.ref("base.it")
        province = self.env["res.country.state"].search(
            [
                ("code", "=", (self.province or "").upper()),
                ("country_id", "=", italy.id),
            ],
            limit=1,
        )
        partner.write(
            {
                "street": self.street,
                "street2": False,
                "zip": self.zip or False,
                "city": self.city,
                "state_id": province.id,
                "country_id": italy.id,
            }
        )
        self._guarded().write(
            {
                "is_used": True,
                "used_by": self.env.uid,
                "old_address": old,
                "old_place": place,
            }
        )
        partner._message_log(
            body=self.env._(
                "New address from %(provider)s of %(date)s (%(ref)s). It was: %(old)s",
                provider=self.provider_id.name or "-",
                date=fields.Date.to_string(self.done_date),
                ref=self.name,
                old=old or "-",
            )
        )
