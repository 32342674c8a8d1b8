from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .cmor_practice_facts import _cents

# as the flow says it (MODALITA)
MODE_CODES = {"transfer": "1", "offset": "2", "other": "3"}


class CmorPracticeReturn(models.Model):
    """Money of a practice given back to the customer: an excess, or an indemnity of a
    practice annulled after CSEA had paid. Or paid on to the seller whose claim it was.

    By a payment made here, by a charge on his next bill (done when the bill is
    there), or by a payment that accounting has entered already.
    """

    _name = "cmor.practice.return"
    _description = "Return to the customer"
    _inherit = "utility.guarded.mixin"
    _order = "date desc, id desc"
    _rec_name = "ref"
    _check_company_auto = True

    practice_id = fields.Many2one(
        "cmor.practice", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        related="practice_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    kind = fields.Selection(
        [
            ("excess", "Excess"),
            ("refund", "Refund after annulment"),
            ("seller", "Paid on to the seller"),
        ],
        required=True,
        readonly=True,
    )
    mode = fields.Selection(
        [
            ("transfer", "Payment"),
            ("offset", "On a bill"),
            ("other", "Payment entered already"),
        ],
        required=True,
        readonly=True,
    )
    amount = fields.Monetary(required=True, readonly=True)
    date = fields.Date(readonly=True, help="Day on which the customer got it.")
    ref = fields.Char(string="Reference", readonly=True)
    state = fields.Selection(
        [("planned", "Waits for the bill"), ("done", "Done"), ("cancelled", "Off")],
        required=True,
        readonly=True,
        default="planned",
    )
    payment_id = fields.Many2one(
        "account.payment", readonly=True, index="btree_not_null", check_company=True
    )
    move_id = fields.Many2one(
        "account.move",
        string="Entry",
        readonly=True,
        index="btree_not_null",
        check_company=True,
    )
    charge_id = fields.Many2one(
        "utility.charge", readonly=True, index="btree_not_null", check_company=True
    )

    _amount_check = models.Constraint(
        "CHECK(amount > 0)", "What is returned is more than zero."
    )

    # --- making -----------------------------------------------------------------

    @api.model
    def _make(self, practice, mode, amount, date, ref="", journal=None, item=None):
        """Return ``amount`` of a practice to its customer.

        :param str mode: transfer, offset or other
        :param Decimal amount: not more than what is still to be returned
        :param date date: day of the payment
        :param journal: account.journal of the payment (transfer)
        :param item: account.move.line, the open debit of a payment made (other)
        :return: the return
        """
        vals = {
            "practice_id": practice.id,
            "kind": "refund" if practice.state == "refund_due" else "excess",
            "mode": mode,
            "amount": float(amount),
            "ref": ref or False,
        }
        made = self.sudo()._guarded().create(vals)
        if mode == "transfer":
            made._pay(journal, date)
        elif mode == "offset":
            made._charge(date)
        else:
            made._match(item, date)
        return made

    def _pay(self, journal, date):
        """Make the payment and reconcile it with what is owed."""
        practice, company = self.practice_id, self.company_id
        label = self.env._(
            "CMOR %(code)s returned", code=practice.sii_code or practice.name
        )
        payment, line = company._cmor_pay_out(
            practice.partner_id,
            company.cmor_return_account_id,
            journal,
            self.amount,
            date,
            self.ref or label,
        )
        self._guarded().write({"payment_id": payment.id})
        self._done(line, date, self.ref or payment.name)

    def _charge(self, date):
        """Ask for it on the customer's next bill."""
        practice = self.practice_id
        charge = (
            self.env["utility.charge"]
            .sudo()
            .create(
                {
                    "company_id": self.company_id.id,
                    "currency_id": self.currency_id.id,
                    "partner_id": practice.partner_id.id,
                    "contract_id": practice.contract_id.id,
                    "kind": "refund",
                    "amount": -self.amount,
                    "date": date,
                    "description": self.env._(
                        "CMOR %(code)s returned",
                        code=practice.sii_code or practice.name,
                    ),
                    "tax_note": self.env._("Outside VAT"),
                    "origin": f"{practice._name},{practice.id}",
                }
            )
        )
        if charge.mode == "billing":
            charge._set_state("to_export")
        self._guarded().write({"charge_id": charge.id})
        practice._set_next()

    def _match(self, item, date):
        """A payment that is in the books already: move its debit to what is owed."""
        account = self.company_id.cmor_return_account_id
        if item.account_id != account:
            move = self._transfer(item.account_id, date)
            mine = move.line_ids.filtered(lambda line: line.balance < 0)
            (mine + item).reconcile()
            item = move.line_ids - mine
            self._guarded().write({"move_id": move.id})
        self._done(item, date, self.ref or item.move_id.name)

    def _transfer(self, account, date):
        """Entry: debit what is owed to the customer, credit ``account``."""
        company, practice = self.company_id, self.practice_id
        label = f"CMOR {practice.sii_code or practice.name}"
        partner = practice.partner_id.commercial_partner_id
        move = (
            self.env["account.move"]
            .sudo()
            .create(
                {
                    "move_type": "entry",
                    "company_id": company.id,
                    "journal_id": company.cmor_journal_id.id,
                    "date": company._utility_accounting_date(date),
                    "ref": label,
                    "line_ids": [
                        fields.Command.create(
                            {
                                "name": label,
                                "account_id": target.id,
                                "partner_id": partner.id,
                                "balance": sign * self.amount,
                            }
                        )
                        for target, sign in (
                            (company.cmor_return_account_id, 1),
                            (account, -1),
                        )
                    ],
                }
            )
        )
        move._post(soft=False)
        return move

    def _done(self, line, date, ref):
        """The customer has it: reconcile ``line`` and go on with the practice."""
        practice = self.practice_id
        owed = practice._owed_items()
        if line and owed:
            (owed + line).reconcile()
        self._guarded().write({"state": "done", "date": date, "ref": ref})
        practice._after_return(self)

    # --- the charge -------------------------------------------------------------

    def _charge_arrived(self, date):
        """The bill with the charge is there: it cost what was owed."""
        for made in self.filtered(lambda r: r.state == "planned"):
            account = made.company_id._utility_bill_account()
            move = made._transfer(account, date)
            made._guarded().write({"move_id": move.id})
            line = move.line_ids.filtered(lambda item: item.balance > 0)
            made._done(line, date, made.charge_id.ref)

    def action_cancel(self):
        """Button of an operator: the charge is taken back, choose another way."""
        self.practice_id._check_may_operate()
        for made in self.sudo():
            if made.state != "planned":
                raise UserError(
                    self.env._("Only a return that waits for a bill is cancelled.")
                )
            if made.charge_id.state != "cancelled":
                made.charge_id._set_state("cancelled")
        self.sudo()._cancelled()

    def _cancelled(self):
        todo = self.filtered(lambda r: r.state == "planned")
        todo._guarded().write({"state": "cancelled"})
        event = self.env["cmor.practice.event"]
        event.sudo()._guarded().create(
            [
                event._prepare_vals(
                    made.practice_id,
                    "return_cancelled",
                    {"amount": _cents(made.amount)},
                )
                for made in todo
            ]
        )
        todo.practice_id._set_next()

    # --- guards -----------------------------------------------------------------

    def _check_guarded(self, vals):
        # OVERRIDE utility_supply: every field here is the program's
        if vals and not self._is_guard_open():
            raise AccessError(self.env._("Returns are made by the buttons."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        # for everybody, the superuser included
        raise UserError(self.env._("A return to the customer is never deleted."))
