from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules import agency
from .amounts import exact

RESULTS = [
    ("taken", "Taken over"),
    ("rejected", "Rejected"),
    ("contact", "Contact"),
    ("payment", "Payment"),
    ("collected", "Collected in full"),
    ("partial", "Collected in part"),
    ("promise", "Promise to pay"),
    ("insolvent", "Customer insolvent"),
    ("debtor_untraceable", "Customer untraceable"),
    ("disputed", "Debt disputed"),
    ("negative", "Not collected"),
    ("given_back", "Given back"),
]


class DunningAgencyResult(models.Model):
    """One row that an agency told of an assignment: kept as it was told.

    A payment told here is no payment of the books: it says what to look for.
    """

    _name = "dunning.agency.result"
    _description = "Result of an agency"
    _inherit = "utility.guarded.mixin"
    _order = "date desc, id desc"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "assignment_id",
            "company_id",
            "kind",
            "date",
            "amount",
            "promised",
            "ref",
            "note",
            "source",
        }
    )

    assignment_id = fields.Many2one(
        "dunning.agency.assignment",
        required=True,
        index=True,
        readonly=True,
        check_company=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    kind = fields.Selection(RESULTS, string="Result", required=True, readonly=True)
    date = fields.Date(required=True, readonly=True)
    amount = fields.Monetary(readonly=True)
    promised = fields.Date(string="Promised for", readonly=True)
    ref = fields.Char(string="Reference", readonly=True)
    note = fields.Char(readonly=True)
    source = fields.Char(string="Told by", readonly=True)

    def _as_answer(self):
        """This row as rules/agency.py judges it."""
        self.ensure_one()
        return agency.Answer(
            self.kind,
            self.date,
            exact(self.amount) if self.amount else None,
            self.promised or None,
            self.ref or "",
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("What an agency told is never deleted."))
