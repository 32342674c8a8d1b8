import base64

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.utility_supply.formats import cells, tabular
from odoo.addons.utility_supply.formats.issues import FileRefused
from odoo.addons.utility_supply.formats.messages import describe

from ..formats import remittance
from ..models.cmor_practice_facts import _cents
from ..rules import lifecycle, receipts

ACCOUNTING = "account.group_account_readonly,account.group_account_invoice"


class CmorReceiptWizard(models.TransientModel):
    """Dialog of an operator: which practices does a payment of CSEA pay?

    One transfer pays many practices: the list is typed, pasted or loaded; without one
    the codes in the reference tell, or the amount.
    """

    _name = "cmor.receipt.wizard"
    _description = "Match a CSEA payment to practices"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    statement_line_id = fields.Many2one(
        "account.bank.statement.line",
        string="Bank transaction",
        groups=ACCOUNTING,
        domain="[('company_id', '=', company_id), ('amount', '>', 0),"
        " ('is_reconciled', '=', False)]",
    )
    item_id = fields.Many2one(
        "account.move.line",
        string="Or item in the books",
        groups=ACCOUNTING,
        domain="[('company_id', '=', company_id), ('parent_state', '=', 'posted'),"
        " ('balance', '<', 0), ('reconciled', '=', False),"
        " ('account_id.reconcile', '=', True), ('move_id.move_type', '=', 'entry')]",
        help="A payment of CSEA that accounting has entered: on CSEA indemnities, or"
        " on the receivable account of CSEA.",
    )
    ref = fields.Char(string="Reference", required=True)
    date = fields.Date(required=True, default=fields.Date.context_today)
    amount = fields.Monetary()
    practice_ids = fields.Many2many("cmor.practice", string="Practices")
    remittance = fields.Text(
        string="Remittance list",
        help="One practice a line: code and amount. Pasted from a mail or a sheet.",
    )
    file = fields.Binary(string="Or a file", attachment=False)
    filename = fields.Char()
    line_ids = fields.One2many("cmor.receipt.wizard.line", "wizard_id")
    matched_amount = fields.Monetary(compute="_compute_matched_amount")
    left_amount = fields.Monetary(
        string="Without practice",
        compute="_compute_matched_amount",
        help="Stays open on CSEA indemnities.",
    )
    allow_more = fields.Boolean(
        string="It is more than expected, and right",
        help="For a practice that was paid already, or paid more than claimed.",
    )
    message = fields.Text(readonly=True)

    @api.depends("line_ids.amount", "line_ids.practice_id", "amount")
    def _compute_matched_amount(self):
        for wizard in self:
            known = wizard.line_ids.filtered("practice_id")
            wizard.matched_amount = sum(known.mapped("amount"))
            wizard.left_amount = wizard.amount - wizard.matched_amount

    @api.onchange("statement_line_id", "item_id")
    def _onchange_money(self):
        line = self.statement_line_id
        if line:
            self.item_id = False
            self.ref, self.date = line.payment_ref or line.move_id.name, line.date
            self.amount = line.amount
        elif self.item_id:
            self.ref = self.item_id.ref or self.item_id.name or self.item_id.move_name
            self.date = self.item_id.date
            self.amount = -self.item_id.amount_residual

    # --- matching ---------------------------------------------------------------

    def action_match(self):
        """Button: find the practices; the lines may be corrected after."""
        self.ensure_one()
        rows, unread = self._remittance_rows()
        if not rows and self.practice_ids:
            rows = [
                (practice.sii_code or practice.code, None)
                for practice in self.practice_ids
                if practice.sii_code or practice.code
            ]
        pool = self._pool([code for code, _amount in rows])
        found, problem = receipts.match_transfer(
            self.ref, _cents(self.amount), rows, pool._expected()
        )
        texts = {
            "ambiguous": self.env._(
                "Several practices wait for this amount: paste the remittance list."
            ),
            "nothing": self.env._(
                "No practice has this code or waits for this amount."
            ),
        }
        message = [texts[problem]] if problem else []
        message += [
            self.env._("Line %(number)s not read: %(line)s", number=number, line=line)
            for number, line in unread[:20]
        ]
        self.write(
            {
                "message": "\n".join(message) or False,
                "line_ids": [fields.Command.clear()]
                + [
                    fields.Command.create(
                        {
                            "code": code,
                            "practice_id": known.key.id if known else False,
                            "amount": float(amount),
                        }
                    )
                    for code, known, amount in found
                ],
            }
        )
        return self._show_again()

    def _remittance_rows(self):
        text = self.remittance or ""
        if self.file:
            text += "\n" + self._file_text()
        return remittance.read(text)

    def _file_text(self):
        """The rows of the file as lines of text."""
        try:
            table = tabular.open_table(
                base64.b64decode(self.file), self.filename or "remittance.csv"
            )
            lines = [";".join(table.headings)]
            for row in table.rows():
                lines.append(";".join(cells.plain(cell) for cell in row.cells.values()))
        except FileRefused as error:
            raise UserError(
                self.env._(
                    "The file cannot be read: %(why)s",
                    why=" ".join(describe(found, self.env._) for found in error.issues),
                )
            ) from error
        return "\n".join(lines)

    def _pool(self, codes):
        """Practices of the company that the payment may be about."""
        codes = codes or receipts.codes_in(self.ref)
        domain = (
            Domain("company_id", "=", self.company_id.id)
            & Domain("side", "=", "outgoing")
            & Domain("state", "in", lifecycle.PAYABLE_STATES)
        )
        if codes:
            domain &= Domain("sii_code", "in", codes) | Domain("code", "in", codes)
        else:
            domain &= Domain("indemnity", "=", self.amount)
        return self.env["cmor.practice"].search(domain)

    def _show_again(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
            "name": self.env._("CSEA receipt"),
        }

    # --- entering ---------------------------------------------------------------

    def action_apply(self):
        """Button of an operator: enter the receipts of the lines."""
        self.ensure_one()
        lines = self.line_ids.filtered("practice_id")
        if not lines:
            raise UserError(self.env._("No line has a practice: nothing is entered."))
        if len(lines.practice_id) != len(lines):
            raise UserError(self.env._("A practice is in two lines: add them up."))
        practices = lines.practice_id
        practices._check_may_operate()
        if practices.company_id != self.company_id:
            raise UserError(self.env._("The practices are of another company."))
        if self.amount and _cents(self.left_amount) < 0:
            raise UserError(self.env._("The lines come to more than what has arrived."))
        if practices.sudo().try_lock_for_update() != practices:
            raise UserError(
                self.env._("Another user is working on these practices: try again.")
            )
        self.company_id.sudo()._cmor_setup_books()
        money = self._money_line()
        made = lines._enter(money)
        return made.practice_id.with_env(self.env)._action_show()

    def _money_line(self):
        """The item on CSEA indemnities by which the money came in; may be empty."""
        account = self.company_id.sudo().cmor_csea_account_id
        me = self.sudo()
        if me.statement_line_id:
            line = me.statement_line_id
            _liquidity, suspense, other = line._seek_for_lines()
            if other and other.account_id == account:
                return other
            if not suspense or other:
                raise UserError(self.env._("This bank transaction is matched already."))
            suspense.write({"account_id": account.id})
            return suspense
        item = me.item_id
        if not item or item.account_id == account:
            return item
        return self._transfer(item, account)

    def _transfer(self, item, account):
        """Entry that brings the open credit ``item`` to CSEA indemnities."""
        amount = -item.amount_residual
        company = self.company_id.sudo()
        move = (
            self.env["account.move"]
            .sudo()
            .create(
                {
                    "move_type": "entry",
                    "company_id": company.id,
                    "journal_id": company.cmor_journal_id.id,
                    "date": company._utility_accounting_date(self.date),
                    "ref": self.ref,
                    "line_ids": [
                        fields.Command.create(
                            {
                                "name": self.ref,
                                "account_id": target.id,
                                "partner_id": item.partner_id.id,
                                "balance": sign * amount,
                            }
                        )
                        for target, sign in ((item.account_id, 1), (account, -1))
                    ],
                }
            )
        )
        move._post(soft=False)
        mine = move.line_ids.filtered(lambda line: line.balance > 0)
        (mine + item).reconcile()
        return move.line_ids - mine


class CmorReceiptWizardLine(models.TransientModel):
    _name = "cmor.receipt.wizard.line"
    _description = "Practice paid by a CSEA payment"

    wizard_id = fields.Many2one("cmor.receipt.wizard", required=True, index=True)
    currency_id = fields.Many2one(related="wizard_id.currency_id")
    code = fields.Char(string="Code as read")
    practice_id = fields.Many2one(
        "cmor.practice",
        domain="[('side', '=', 'outgoing'), ('state', 'in',"
        " ('sent', 'accepted', 'to_distributor', 'updated', 'cancel_requested',"
        " 'awaiting_csea', 'paid', 'excess_to_return'))]",
    )
    practice_state = fields.Selection(
        related="practice_id.state", string="State of the practice"
    )
    expected = fields.Monetary(related="practice_id.indemnity", string="Claimed")
    received = fields.Monetary(related="practice_id.received_amount")
    amount = fields.Monetary()

    def _enter(self, money):
        """Enter what is new; what is entered already gets its money.

        :param money: account.move.line of the money on CSEA indemnities, may be empty
        :return: the receipts, new and known
        """
        wizard = self.wizard_id
        known, items = self.env["cmor.receipt"].sudo(), []
        for line in self:
            practice, amount = line.practice_id.sudo(), _cents(line.amount)
            receipt = line._known_receipt(money)
            if receipt:
                known |= receipt
                continue
            entered = practice.receipt_ids._entered()
            verdict, why = receipts.judge(
                practice._claimed(), entered, wizard.ref, amount, is_flow=False
            )
            if verdict == receipts.REPEATED:
                known |= known.browse(why)
                continue
            line._check_amount(verdict, amount)
            items.append(
                {
                    "practice": practice,
                    "ref": wizard.ref,
                    "amount": amount,
                    "date": wizard.date,
                    "source": "bank",
                    "bank_line": money,
                }
            )
        if money:
            known.filtered(lambda r: not r.bank_line_id)._fund(money)
        made = self.env["cmor.receipt"]._enter(items) if items else known.browse()
        return known | made

    def _known_receipt(self, money):
        """A receipt told by a flow whose money had not arrived: this is it."""
        if not money:
            return self.env["cmor.receipt"]
        return self.practice_id.sudo().receipt_ids.filtered(
            lambda r: (
                r.state == "booked"
                and not r.bank_line_id
                and _cents(r.amount) == _cents(self.amount)
            )
        )[:1]

    def _check_amount(self, verdict, amount):
        practice = self.practice_id
        if verdict == receipts.WAIT:
            raise UserError(
                self.env._(
                    "%(name)s: %(ref)s is entered already with another amount.",
                    name=practice.display_name,
                    ref=self.wizard_id.ref,
                )
            )
        if amount <= 0:
            raise UserError(
                self.env._("%(name)s: write the amount.", name=practice.display_name)
            )
        total = _cents(practice.received_amount) + amount
        if total > practice._claimed() and not self.wizard_id.allow_more:
            raise UserError(
                self.env._(
                    "%(name)s: with this it would have received %(total)s, claimed"
                    " %(claimed)s. Tick that it is right, or correct the amount.",
                    name=practice.display_name,
                    total=total,
                    claimed=practice._claimed(),
                )
            )
