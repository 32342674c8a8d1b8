from odoo import api, fields, models
from odoo.exceptions import UserError

from .guard import GUARD

# what makes a bill the billing system's: never handed to a person's edit
BILLING_KEYS = frozenset({"from_billing", "billing_ref"})
# states that take a posted bill out of the books
UNDONE = frozenset({"draft", "cancel"})


class AccountMove(models.Model):
    """Bills of the billing system are ordinary posted customer invoices.

    For who inserts moves by SQL: every field below is a plain stored column without
    default or compute. NULL is the value for "not given"; `from_billing` is read as
    false when NULL. No stored computed column is added to account_move, so posting
    and editing of ordinary invoices costs nothing more.
    """

    _inherit = "account.move"

    from_billing = fields.Boolean(
        string="From billing",
        copy=False,
        readonly=True,
        help="Issued by the billing system: Odoo never sends it, neither to the tax"
        " agency nor to the customer.",
    )
    billing_ref = fields.Char(
        string="Bill number",
        copy=False,
        readonly=True,
        help="The number given by the billing system, unique in the company.",
    )
    utility_contract_id = fields.Many2one(
        "utility.contract",
        string="Supply contract",
        index="btree_not_null",
        check_company=True,
        help="The contract billed; empty when the bill covers several: see the lines.",
    )
    consumption_from = fields.Date(copy=False)
    consumption_to = fields.Date(copy=False)
    reading_kind = fields.Selection(
        [
            ("actual", "Actual"),
            ("estimated", "Estimated"),
            ("mixed", "Mixed"),
            ("self", "Read by the customer"),
        ],
        string="Reading",
        copy=False,
    )
    is_closing_bill = fields.Boolean(string="Closing bill", copy=False)
    recalculation_kind = fields.Selection(
        [
            ("none", "No"),
            ("true_up", "True-up"),
            ("meter_fault", "Rebuilt after a meter fault"),
        ],
        string="Recalculation",
        copy=False,
    )
    other_services_amount = fields.Monetary(
        string="Of other services",
        copy=False,
        help="Share of the total that is not for the supply: it never justifies a cut.",
    )
    payment_code = fields.Char(
        copy=False, help="pagoPA notice or code line of the payment slip."
    )
    billing_residual = fields.Monetary(
        string="Open in billing",
        copy=False,
        readonly=True,
        help="What is still due for this bill according to the billing system.",
    )
    billing_residual_date = fields.Date(
        string="Open in billing on", copy=False, readonly=True
    )
    utility_notice_ids = fields.Many2many(
        "utility.notice",
        "utility_notice_account_move_rel",
        "move_id",
        "notice_id",
        string="Notices",
        copy=False,
        groups="utility_supply.group_utility_user,account.group_account_invoice",
    )

    _billing_ref_uniq = models.UniqueIndex(
        "(company_id, billing_ref) WHERE billing_ref IS NOT NULL",
        "A bill with this number exists already in the company.",
    )
    # The comparison with billing reads only the bills that differ. The condition is
    # written as the report asks it (see utility_residual_report.py): as an equality,
    # because PostgreSQL takes `IS DISTINCT FROM` to be true for every row and would
    # read the table instead.
    _billing_difference_idx = models.Index(
        "(id) WHERE billing_residual_date IS NOT NULL AND"
        " (abs(sign(amount_residual - COALESCE(billing_residual, 0))) = 1) IS TRUE"
    )
    # few of many: the two filters of the list that would read a million bills
    _closing_idx = models.Index("(date) WHERE is_closing_bill IS TRUE")
    _recalculation_idx = models.Index(
        "(date) WHERE recalculation_kind IN ('true_up', 'meter_fault')"
    )

    @api.model_create_multi
    def create(self, vals_list):
        if any(BILLING_KEYS & _given(vals) for vals in vals_list):
            self._check_billing_keys()
        return super().create(vals_list)

    def write(self, vals):
        if BILLING_KEYS & set(vals):
            self._check_billing_keys()
            if not vals.get("from_billing", True) and any(
                move.from_billing for move in self
            ):
                # a bill of the billing system stays one, whoever asks
                self._refuse_billing_keys()
        if vals.get("sending_data"):
            self._check_may_be_sent()
        if vals.get("state") in UNDONE:
            self._check_may_be_undone()
        return super().write(vals)

    def _check_may_be_undone(self):
        """A bill that a customer was asked for is evidence: neither *Reset to draft*
        nor *Cancel* takes it out of the books, whatever way they are called. A credit
        note does, and leaves both to be read."""
        bills = self.filtered(
            lambda move: move.state == "posted" and move.is_sale_document()
        )
        obstacles = bills._get_undo_obstacles() if bills else {}
        if obstacles:
            move, told = next(iter(obstacles.items()))
            raise UserError(
                self.env._(
                    "%(bill)s cannot be undone: the customer was asked for it"
                    " (%(notice)s). Make a credit note instead: bill, notices and"
                    " their proofs stay as they were.",
                    bill=move.display_name,
                    notice=told,
                )
            )

    def _get_undo_obstacles(self):
        """{bill: the notice or message that asked for it, in words}."""
        return {
            move: ", ".join(move.utility_notice_ids.mapped("display_name")[:3])
            for move in self.sudo()
            if move.utility_notice_ids
        }

    def _check_billing_keys(self):
        """Only the program (sudo, or with the guard open) says what billing issued."""
        if not self.env.su and self.env.context.get("utility_guard") is not GUARD:
            self._refuse_billing_keys()

    def _refuse_billing_keys(self):
        raise UserError(
            self.env._("What comes from the billing system is recorded by the program.")
        )

    # --- numbers: the billing system's, whatever they look like -----------------

    def _sequence_matches_date(self):
        # EXTENDS sequence.mixin: no date can be read from a number that is not ours
        return bool(self.billing_ref) or super()._sequence_matches_date()

    def _compute_made_sequence_gap(self):
        # EXTENDS account: holes in billing's numbers are not holes in our books, and
        # looking for them costs a search for each prefix
        billing = self.filtered("billing_ref")
        billing.made_sequence_gap = False
        return super(AccountMove, self - billing)._compute_made_sequence_gap()

    def _get_last_sequence_domain(self, relaxed=False):
        # EXTENDS account: a number given here never continues billing's numbers
        where, params = super()._get_last_sequence_domain(relaxed)
        return where and f"{where} AND billing_ref IS NULL ", params

    def _reverse_moves(self, default_values_list=None, cancel=False):
        # EXTENDS account: undoing a bill here is bookkeeping. The tax document that
        # credits it comes from the billing system, so this one is not sent either.
        if not any(move.from_billing for move in self):
            return super()._reverse_moves(default_values_list, cancel)
        values = default_values_list or [{} for _move in self]
        for move, vals in zip(self, values, strict=True):
            if move.from_billing:
                vals["from_billing"] = True
        guarded = self.with_context(utility_guard=GUARD)
        reverse = super(AccountMove, guarded)._reverse_moves(values, cancel)
        return reverse.with_env(self.env)


def _given(vals):
    return {name for name, value in vals.items() if value}
