from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..rules import receipts
from .cmor_practice_facts import _cents


class CmorReceipt(models.Model):
    """What CSEA paid for a practice: one payment, entered once, on its bills.

    The entry debits "CSEA indemnities" and credits the customer's open bills; what is
    more than his debt is owed to him. The bank's own entry credits the same account,
    before or after: what stays open there has no practice, or has not arrived yet.
    """

    _name = "cmor.receipt"
    _description = "CSEA receipt of a practice"
    _inherit = "utility.guarded.mixin"
    _order = "date desc, id desc"
    _rec_name = "ref"
    _check_company_auto = True

    # its company is the practice's: there is nothing to check
    practice_id = fields.Many2one(
        "cmor.practice", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        related="practice_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(related="practice_id.partner_id", string="Customer")
    sii_code = fields.Char(related="practice_id.sii_code")
    sector = fields.Selection(related="practice_id.sector", store=True)
    ref = fields.Char(string="Payment reference", required=True, readonly=True)
    date = fields.Date(required=True, readonly=True)
    amount = fields.Monetary(required=True, readonly=True)
    allocated_amount = fields.Monetary(
        string="On the bills", readonly=True, help="What lowered the customer's debt."
    )
    excess_amount = fields.Monetary(
        readonly=True, help="More than was open: owed to the customer."
    )
    source = fields.Selection(
        [("flow", "Flow"), ("bank", "Bank"), ("loaded", "Loaded from the past")],
        required=True,
        readonly=True,
    )
    record_id = fields.Many2one(
        "cmor.flow.record",
        string="Told by",
        readonly=True,
        index="btree_not_null",
        check_company=True,
    )
    move_id = fields.Many2one(
        "account.move",
        string="Entry",
        readonly=True,
        index="btree_not_null",
        check_company=True,
    )
    reversal_id = fields.Many2one(
        "account.move",
        readonly=True,
        index="btree_not_null",
        check_company=True,
    )
    bank_line_id = fields.Many2one(
        "account.move.line",
        string="Money",
        readonly=True,
        index="btree_not_null",
        check_company=True,
        help="The item of the bank's entry on CSEA indemnities; empty: not arrived.",
    )
    state = fields.Selection(
        [("booked", "Entered"), ("reversed", "Reversed")],
        required=True,
        readonly=True,
        default="booked",
    )

    _amount_check = models.Constraint(
        "CHECK(amount > 0)", "A receipt is more than zero."
    )
    # the last defence against the same money twice: the database itself
    _ref_uniq = models.UniqueIndex(
        "(practice_id, ref) WHERE state = 'booked'",
        "This payment is entered already for the practice.",
    )

    # --- entering ---------------------------------------------------------------

    @api.model
    def _enter(self, items):
        """Enter receipts: entry, reconciliation, state of the practices.

        Constant SQL for any number of items of a company. The caller has locked the
        practices and decided that each is to be entered (``rules.receipts.judge``).

        :param items: list of dict: practice, ref, amount (Decimal), date, source, and
            maybe record (cmor.flow.record) and bank_line (account.move.line)
        :return: the receipts, in the order of ``items``
        :raise UserError: a practice is in a state that no payment may follow
        """
        practices = self.env["cmor.practice"].union(*(i["practice"] for i in items))
        practices = practices.sudo()
        practices.company_id._cmor_setup_books()
        practices._deem_paid()
        receipts_ = (
            self.sudo()
            ._guarded()
            .create(
                [
                    {
                        "practice_id": item["practice"].id,
                        "ref": item["ref"],
                        "date": item["date"],
                        "amount": float(item["amount"]),
                        "source": item["source"],
                        "record_id": item["record"].id if item.get("record") else False,
                        "bank_line_id": (
                            item["bank_line"].id if item.get("bank_line") else False
                        ),
                    }
                    for item in items
                ]
            )
        )
        receipts_._book()
        practices._after_receipts(receipts_)
        return receipts_

    def _book(self, limit=None):
        """Make and post the entries of these receipts, and reconcile them.

        :param Decimal limit: most that may go on the bills; None: all
        """
        debts = self.practice_id._open_debts()
        divided, moves_vals = {}, []
        for receipt in self:
            amount = _cents(receipt.amount)
            most = amount if limit is None else min(amount, limit)
            parts, excess = receipts.allocate(
                most,
                debts[receipt.practice_id],
                receipt.company_id.cmor_allocation,
            )
            excess += amount - most
            paid = dict(parts)
            # two receipts of one practice: the second finds what the first left
            debts[receipt.practice_id] = [
                receipts.Debt(
                    d.key,
                    d.bill,
                    d.residual - paid.get(d.key, 0),
                    max(receipts.ZERO, d.claimed - paid.get(d.key, 0)),
                    d.due,
                )
                for d in debts[receipt.practice_id]
            ]
            divided[receipt] = (parts, excess)
            moves_vals.append(receipt._prepare_move(parts, excess))
        moves = self._create_moves(moves_vals)
        plan = []
        for receipt, move in zip(self, moves, strict=True):
            parts, excess = divided[receipt]
            receipt._guarded().write(
                {
                    "move_id": move.id,
                    "allocated_amount": float(sum(dict(parts).values())),
                    **receipt._rest_vals(excess),
                }
            )
            lines = move.line_ids.sorted("id")
            for (item_id, _amount), line in zip(parts, lines[1:], strict=False):
                plan.append(line + line.browse(item_id))
            if receipt.bank_line_id:
                plan.append(lines[0] + receipt.bank_line_id)
        self._reconcile(plan)

    def _create_moves(self, vals_list):
        moves = self.env["account.move"].sudo().create(vals_list)
        moves._post(soft=False)
        return moves

    def _reconcile(self, plan):
        if plan:
            self.env["account.move.line"].sudo()._reconcile_plan(plan)

    def _prepare_move(self, parts, excess):
        """Values of the entry: CSEA's account first, then the items paid."""
        practice, company = self.practice_id, self.company_id
        items = self.env["account.move.line"].sudo().browse([key for key, _a in parts])
        label = " ".join(filter(None, (practice.sii_code, practice.code, self.ref)))
        rows = [(company.cmor_csea_account_id, False, _cents(self.amount), False)]
        for item, (_key, part) in zip(items, parts, strict=True):
            rows.append(
                (item.account_id, item.partner_id, -part, item.utility_contract_id)
            )
        if excess:
            account, partner = self._rest_owed()
            rows.append((account, partner, -excess, False))
        return {
            "move_type": "entry",
            "company_id": company.id,
            "journal_id": company.cmor_journal_id.id,
            "date": company._utility_accounting_date(self.date),
            "ref": f"CSEA {label}",
            "line_ids": [
                fields.Command.create(
                    {
                        "name": label,
                        "account_id": account.id,
                        "partner_id": partner.id if partner else False,
                        "balance": float(balance),
                        "utility_contract_id": contract.id if contract else False,
                    }
                )
                for account, partner, balance, contract in rows
            ],
        }

    def _rest_owed(self):
        """(account, partner): to whom is owed what goes on no bill."""
        partner = self.practice_id.partner_id.commercial_partner_id
        return self.company_id.cmor_return_account_id, partner

    def _rest_vals(self, rest):
        """Values that tell of what went on no bill."""
        return {"excess_amount": float(rest)}

    def _fund(self, bank_line):
        """The money of these receipts has arrived: ``bank_line`` on CSEA's account."""
        self.sudo()._guarded().write({"bank_line_id": bank_line.id})
        self._reconcile(
            [receipt._csea_line() + bank_line for receipt in self if receipt.move_id]
        )

    def _csea_line(self):
        account = self.company_id.cmor_csea_account_id
        return self.move_id.line_ids.filtered(
            lambda line: line.account_id == account and line.balance > 0
        )

    # --- reversal ---------------------------------------------------------------

    def action_reverse(self):
        """Button of an operator: entered by mistake, or taken back by CSEA.

        The debt of the customer is open again and the practice waits for CSEA.
        """
        self.practice_id._check_may_operate()
        for receipt in self.sudo():
            receipt._check_reversible()
        self.sudo()._reverse()

    def _check_reversible(self):
        if self.state != "booked":
            raise UserError(self.env._("%(ref)s is reversed already.", ref=self.ref))
        if self.practice_id.state not in ("paid", "excess_to_return"):
            raise UserError(
                self.env._(
                    "%(name)s is %(state)s: its receipts are no longer reversed.",
                    name=self.practice_id.display_name,
                    state=self.practice_id.state,
                )
            )
        if self.practice_id.return_ids.filtered(lambda r: r.state != "cancelled"):
            raise UserError(
                self.env._(
                    "%(name)s: something was returned to the customer, or is about to"
                    " be. Cancel that first.",
                    name=self.practice_id.display_name,
                )
            )

    def _reverse(self):
        today = fields.Date.context_today(self)
        for receipt in self:
            if receipt.move_id:
                receipt.move_id.line_ids.remove_move_reconcile()
                reversal = receipt.move_id._reverse_moves(
                    [{"date": receipt.company_id._utility_accounting_date(today)}],
                    cancel=True,
                )
                receipt._guarded().write({"reversal_id": reversal.id})
            receipt._guarded().write({"state": "reversed", "bank_line_id": False})
        practices = self.practice_id
        practices._sum_receipts()
        event = self.env["cmor.practice.event"]
        for receipt in self:
            practice = receipt.practice_id
            params = {"amount": _cents(receipt.amount), "ref": receipt.ref}
            if not practice.received_amount and practice.state != "awaiting_csea":
                practice._move_to("awaiting_csea", "receipt_reversed", params)
            else:
                event.sudo()._guarded().create(
                    [event._prepare_vals(practice, "receipt_reversed", params)]
                )
        practices._settle_paid()
        practices._set_next()

    # --- guards -----------------------------------------------------------------

    def _check_guarded(self, vals):
        # OVERRIDE utility_supply: every field here is the program's
        if vals and not self._is_guard_open():
            raise AccessError(self.env._("Receipts are entered by the buttons."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        # for everybody, the superuser included
        raise UserError(self.env._("A receipt is reversed, never deleted."))

    def _entered(self):
        """These receipts as the rules see them."""
        return [
            receipts.Entered(
                receipt.id, receipt.ref, _cents(receipt.amount), bool(receipt.record_id)
            )
            for receipt in self
            if receipt.state == "booked"
        ]
