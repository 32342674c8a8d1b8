from odoo import api, fields, models


class CmorCancelReason(models.Model):
    """Why a practice is annulled: the code table of the annulment, as data.

    The reasons are known from public sources, their numbers are not: an administrator
    corrects them when the specification is at hand.
    """

    _name = "cmor.cancel.reason"
    _description = "Reason of annulment"
    _order = "code, id"

    code = fields.Char(required=True, help="As written in the flow (COD_CAUSALE).")
    name = fields.Char(required=True, translate=True)
    by_outgoing = fields.Boolean(
        string="Outgoing side", help="The outgoing seller may raise it."
    )
    by_incoming = fields.Boolean(
        string="Incoming side", help="The incoming seller may raise it."
    )
    needs_text = fields.Boolean(string="Text mandatory")
    kind = fields.Selection(
        [
            ("paid", "Paid in full"),
            ("amount", "Wrong amount"),
            ("other", "Other"),
        ],
        required=True,
        default="other",
        help="What the program proposes it for.",
    )
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
    note = fields.Char(translate=True)
    active = fields.Boolean(default=True)

    _code_uniq = models.Constraint("UNIQUE(code)", "This reason exists already.")

    @api.depends("code", "name")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for reason in self:
            reason.display_name = f"{reason.code} · {reason.name}"

    @api.model
    def _for_kind(self, kind):
        """The reason proposed for ``kind`` on the outgoing side."""
        return self.search([("kind", "=", kind), ("by_outgoing", "=", True)], limit=1)
