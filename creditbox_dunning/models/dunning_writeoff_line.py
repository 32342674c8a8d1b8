from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.utility_supply.models.utility_supply_point import SERVICES

from .dunning_legal_file import OVER
from .settlement_words import in_words

# suspensions that say that the customer and the company have agreed on something
AGREED = (
    *("settlement_offer", "plan_requested", "plan_active"),
    *("promise", "payment_communicated"),
)
# an agency, a court: nothing is to be had
USELESS = ("insolvent", "debtor_untraceable", "negative", "uncollectable")


class DunningWriteoffLine(models.Model):
    """All that a customer owes on one contract, in a list of write-offs."""

    _name = "dunning.writeoff.line"
    _description = "Credit to write off"
    _inherit = "utility.guarded.mixin"
    _order = "state desc, amount desc, id"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "writeoff_id",
            "company_id",
            "partner_id",
            "contract_id",
            "case_id",
            "service",
            "amount",
            "bill_count",
            "oldest_due",
            "newest_due",
            "receivables",
            "state",
            "reasons",
            "move_id",
            "booked_on",
            "later_paid",
            "income",
            "income_move_id",
            "problem",
            "proof_id",
        }
    )

    writeoff_id = fields.Many2one(
        "dunning.writeoff", string="List", required=True, index=True, readonly=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, readonly=True
    )
    contract_id = fields.Many2one(
        "utility.contract",
        string="Supply contract",
        index="btree_not_null",
        readonly=True,
        check_company=True,
    )
    case_id = fields.Many2one(
        "dunning.case", index="btree_not_null", readonly=True, check_company=True
    )
    service = fields.Selection(SERVICES, readonly=True)
    amount = fields.Monetary(readonly=True)
    bill_count = fields.Integer(string="Bills", readonly=True)
    oldest_due = fields.Date(readonly=True)
    newest_due = fields.Date(readonly=True)
    receivables = fields.Json(
        readonly=True, help="The receivables and what was open on each."
    )
    state = fields.Selection(
        [
            ("included", "To write off"),
            ("excluded", "Excluded"),
            ("booked", "Written off"),
            ("income", "Paid afterwards"),
        ],
        string="Status",
        required=True,
        readonly=True,
        index=True,
    )
    reasons = fields.Json(readonly=True)
    reason = fields.Char(string="Why excluded", compute="_compute_reason")
    move_id = fields.Many2one(
        "account.move",
        string="Entry",
        readonly=True,
        index="btree_not_null",
        check_company=True,
    )
    booked_on = fields.Date(readonly=True)
    later_paid = fields.Monetary(
        string="Paid afterwards",
        readonly=True,
        help="Payments of the customer after the write-off that match no bill.",
    )
    income = fields.Monetary(string="Booked as income", readonly=True)
    income_move_id = fields.Many2one(
        "account.move",
        string="Entry of the income",
        readonly=True,
        index="btree_not_null",
        check_company=True,
    )
    problem = fields.Char(readonly=True)
    proof_id = fields.Many2one(
        "dunning.loss.proof",
        readonly=True,
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        help="The document that shows that nothing is to be had.",
    )

    _later_idx = models.Index("(company_id) WHERE state = 'booked'")

    @api.depends("reasons", "problem")
    @api.depends_context("lang")
    def _compute_reason(self):
        for line in self:
            told = (in_words(self.env, line.reasons), line.problem)
            line.reason = "; ".join(filter(None, told))

    @api.depends("partner_id", "contract_id")
    def _compute_display_name(self):
        for line in self.sudo():
            parts = (line.partner_id.name, line.contract_id.code)
            line.display_name = " - ".join(filter(None, parts))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        if any(line.writeoff_id.state != "draft" for line in self):
            raise UserError(self.env._("What was decided is never deleted."))

    # a person looks at the list

    def action_take_out(self):
        """Button: not this one."""
        return self._set_taken_out(True)

    def action_put_back(self):
        """Button: what a person took out, in again."""
        return self._set_taken_out(False)

    def _set_taken_out(self, out):
        self.check_access("read")
        self.writeoff_id.check_access("write")
        self.env["dunning.case"]._check_is_manager(self)
        lines = self.sudo()
        for one in lines.writeoff_id:
            one._check_state("draft")
        if out:
            mine = lines.filtered(lambda line: line.state == "included")
            values = {"state": "excluded", "reasons": ["taken_out"]}
        else:
            mine = lines.filtered(lambda line: line.reasons == ["taken_out"])
            values = {"state": "included", "reasons": []}
        mine._guarded().write(values)
        return True

    def action_open_bills(self):
        """Button: the bills of the credit."""
        self.ensure_one()
        self.check_access("read")
        ids = [line_id for line_id, _amount in self.sudo().receivables or ()]
        moves = self.env["account.move.line"].sudo().browse(ids).move_id
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Bills"),
            "res_model": "account.move",
            "view_mode": "list,form",
            "domain": [("id", "in", moves.ids)],
            "context": {"create": False},
        }

    # reading

    @api.model
    def _read_credits(self, writeoff, newest):
        """Rows of the credits with bills due by ``newest``, in one statement.

        :return: list of dicts: the columns of a line and the facts for the rules
        """
        self.env.flush_all()
        disputed = SQL("(reason.is_complaint OR reason.code = %s)", "bill_disputed")
        agreed = SQL("reason.code = ANY(%s)", list(AGREED))
        self.env.cr.execute(
            SQL(
                """
                WITH credit AS (%(open)s)
                SELECT credit.*, contract.service,
                       %(disputed)s AS is_disputed,
                       %(agreed)s OR EXISTS (
                           SELECT 1 FROM dunning_settlement own
                            WHERE own.case_id = credit.case_id
                              AND own.state IN ('draft', 'waiting', 'offered'))
                       AS is_agreed,
                       %(listed)s AS is_listed,
                       EXISTS (
                           SELECT 1 FROM dunning_action action
                            WHERE action.case_id = credit.case_id
                              AND action.outcome = ANY(%(useless)s)) AS is_useless,
                       EXISTS (
                           SELECT 1 FROM dunning_legal_file court
                            WHERE court.case_id = credit.case_id
                              AND court.state != ALL(%(over)s)) AS is_in_court,
                       %(proofs)s AS proofs,
                       %(money)s AS has_money
                  FROM credit
             LEFT JOIN utility_contract contract ON contract.id = credit.contract_id
              ORDER BY credit.partner_id, credit.contract_id
                """,
                open=self._open_sql(writeoff.company_id, newest),
                disputed=self._held_sql(writeoff, disputed),
                agreed=self._held_sql(writeoff, agreed),
                listed=self._listed_sql(writeoff),
                money=self._money_sql(writeoff.company_id),
                useless=list(USELESS),
                over=list(OVER),
                proofs=self._proofs_sql(writeoff.company_id),
            )
        )
        return self.env.cr.dictfetchall()

    @api.model
    def _listed_sql(self, writeoff):
        """Whether another list that is not booked yet has it."""
        return SQL(
            """
            EXISTS (
                SELECT 1
                  FROM dunning_writeoff_line other
                  JOIN dunning_writeoff list ON list.id = other.writeoff_id
                 WHERE other.partner_id = credit.partner_id
                   AND other.contract_id IS NOT DISTINCT FROM credit.contract_id
                   AND other.state = 'included'
                   AND list.state IN ('draft', 'waiting', 'approved')
                   AND list.id != %s)
            """,
            writeoff.id,
        )

    @api.model
    def _money_sql(self, company):
        """Whether the customer has payments or credit notes that match no bill."""
        return SQL(
            """
            EXISTS (
                SELECT 1
                  FROM account_move_line paid
                  JOIN account_account account ON account.id = paid.account_id
                 WHERE paid.partner_id = credit.partner_id
                   AND paid.company_id = %s
                   AND paid.parent_state = 'posted'
                   AND account.account_type = 'asset_receivable'
                   AND paid.amount_residual < 0)
            """,
            company.id,
        )

    @api.model
    def _proofs_sql(self, company):
        """The documents about the customer, or about this contract of his, as JSON."""
        return SQL(
            """
            (SELECT json_agg(json_build_array(
                        proof.id, proof.kind, proof.date,
                        EXISTS (SELECT 1 FROM dunning_loss_proof_attachment_rel kept
                                 WHERE kept.proof_id = proof.id),
                        COALESCE(proof.cost, 0)) ORDER BY proof.id)
               FROM dunning_loss_proof proof
              WHERE proof.partner_id = credit.partner_id
                AND proof.company_id = %s
                AND proof.state = 'valid'
                AND (proof.contract_id IS NULL
                     OR proof.contract_id = credit.contract_id))
            """,
            company.id,
        )

    @api.model
    def _open_sql(self, company, newest):
        """Open receivables of bills by customer and contract."""
        return SQL(
            """
            SELECT line.partner_id,
                   COALESCE(line.utility_contract_id, move.utility_contract_id)
                       AS contract_id,
                   MAX(line.dunning_case_id) AS case_id,
                   SUM(line.amount_residual) AS amount,
                   COUNT(DISTINCT line.move_id)::int AS bill_count,
                   MIN(line.date_maturity) AS oldest_due,
                   MAX(line.date_maturity) AS newest_due,
                   json_agg(json_build_array(line.id, line.amount_residual)
                            ORDER BY line.id) AS receivables
              FROM account_move_line line
              JOIN account_move move ON move.id = line.move_id
             WHERE line.company_id = %s
               AND line.display_type = 'payment_term'
               AND line.parent_state = 'posted'
               AND line.reconciled IS NOT TRUE
               AND line.amount_residual > 0
               AND line.date_maturity <= %s
               AND move.move_type = 'out_invoice'
          GROUP BY 1, 2
            """,
            company.id,
            newest,
        )

    @api.model
    def _held_sql(self, writeoff, which):
        """Whether a suspension in force, of the reasons ``which``, reaches it."""
        return SQL(
            """
            EXISTS (
                SELECT 1
                  FROM dunning_hold hold
                  JOIN dunning_hold_reason reason ON reason.id = hold.reason_id
                 WHERE (hold.case_id = credit.case_id
                        OR hold.contract_id = credit.contract_id
                        OR (hold.partner_id = credit.partner_id
                            AND hold.company_id = %(company)s)
                        OR hold.move_id IN (
                            SELECT line.move_id
                              FROM account_move_line line
                             WHERE line.dunning_case_id = credit.case_id
                               AND line.amount_residual > 0))
                   AND hold.is_cancelled IS NOT TRUE
                   AND (hold.resume_date IS NULL OR hold.resume_date > %(today)s)
                   AND %(which)s)
            """,
            company=writeoff.company_id.id,
            today=self.env["dunning.case"]._today(writeoff.company_id),
            which=which,
        )
