from collections import defaultdict, namedtuple

from odoo import api, models
from odoo.fields import Domain

from ..rules import incoming_money
from .cmor_practice_facts import _cents

# a charge in these states is not on a bill, and may still get there
PENDING = ("draft", "to_export", "exported")
ON_BILL = ("confirmed", "invoiced")
# what is looked at of a charge: of thousands nothing else is read
CHARGE_FACTS = ("cmor_practice_id", "state", "amount", "move_id", "cmor_entry_id")
CUSTOMER_TYPES = ("out_invoice", "out_refund")

#: ``on_bills``: {practice id: [(OnBill, account.move)]}; ``pending``: {practice id:
#: Decimal}; ``credited``: charges whose bill was credited in full without them;
#: ``unentered``: charges on a bill of the billing system, not moved to transit
Documents = namedtuple("Documents", "on_bills pending credited unentered")


class CmorPractice(models.Model):
    """Incoming side: what the customers' bills and credit notes carry of the CMOR.

    A bill may be credited in full by a document that says nothing of the CMOR: both
    together carry nothing of it, and nobody has paid it. What the billing system had
    put on it leaves the transit account as well, to be charged again.
    """

    _inherit = "cmor.practice"

    def _customer_documents(self):
        """``Documents`` of these practices, as many queries for one as for all."""
        charges = (
            self.env["utility.charge"]
            .sudo()
            .search_fetch(
                Domain("cmor_practice_id", "in", self.ids)
                & Domain("state", "in", (*PENDING, *ON_BILL)),
                CHARGE_FACTS,
            )
        )
        given_up = self._given_up(charges.move_id)
        on_bills = self._hand_documents(charges, given_up)
        pending = defaultdict(lambda: incoming_money.ZERO)
        credited = self._credited_in_full(charges, on_bills).filtered(
            lambda c: c.move_id.id not in given_up
        )
        unentered, dropped = [], set(credited.ids)
        for charge in charges:
            practice_id, move = charge.cmor_practice_id.id, charge.move_id
            if charge.state in PENDING or move.state == "draft":
                pending[practice_id] += _cents(charge.amount)
            elif move.state == "posted" and charge.id not in dropped:
                bill = _on_bill(charge.amount, move, given_up)
                on_bills[practice_id].append((bill, move))
                if charge.state == "confirmed" and not charge.cmor_entry_id:
                    unentered.append(charge.id)
        return Documents(on_bills, pending, credited, charges.browse(unentered))

    @api.model
    def _given_up(self, bills):
        """What of the bills was closed without a payment: written off, settled for
        less. Extended by what does such things.

        :return: {move id: Decimal}, of those only of which something was given up
        """
        return {}

    def _hand_documents(self, charges, given_up):
        """Customers' documents made by hand: lines of theirs on the transit account
        that name a practice, and come from no charge.

        :param given_up: as of ``_given_up``
        :return: {practice id: [(OnBill, account.move)]}
        """
        known = {(c.cmor_practice_id.id, c.move_id.id) for c in charges if c.move_id}
        accounts = self.company_id.sudo().cmor_transit_account_id
        found = defaultdict(list)
        if not accounts:
            return found
        lines = (
            self.env["account.move.line"]
            .sudo()
            .search_fetch(
                Domain("cmor_practice_id", "in", self.ids)
                & Domain("account_id", "in", accounts.ids)
                & Domain("parent_state", "=", "posted")
                & Domain("move_id.move_type", "in", CUSTOMER_TYPES),
                ["cmor_practice_id", "move_id", "balance"],
            )
        )
        for line in lines:
            practice_id, move = line.cmor_practice_id.id, line.move_id
            if (practice_id, move.id) not in known:
                bill = _on_bill(-line.balance, move, given_up)
                found[practice_id].append((bill, move))
        return found

    def _credited_in_full(self, charges, on_bills):
        """Charges whose bill was credited in full by documents that give nothing of
        the CMOR back here.

        :param on_bills: documents made by hand, as of ``_hand_documents``
        """
        suspects = charges.filtered(
            lambda c: (
                c.amount > 0
                and c.state in ON_BILL
                and c.move_id.state == "posted"
                and c.move_id.payment_state == "reversed"
            )
        )
        if not suspects:
            return suspects
        back = defaultdict(set)
        for charge in charges:
            if charge.amount < 0 and charge.state in ON_BILL:
                back[charge.cmor_practice_id.id].add(charge.move_id.id)
        for practice_id, found in on_bills.items():
            back[practice_id].update(m.id for bill, m in found if bill.amount < 0)
        rows = (
            self.env["account.partial.reconcile"]
            .sudo()
            .search_fetch(
                [("debit_move_id.move_id", "in", suspects.move_id.ids)],
                ["debit_move_id", "credit_move_id"],
            )
        )
        credits = defaultdict(set)
        for row in rows:
            credits[row.debit_move_id.move_id.id].add(row.credit_move_id.move_id.id)
        return suspects.filtered(
            lambda c: not credits[c.move_id.id] & back[c.cmor_practice_id.id]
        )

    def _payment_days(self, on_bills):
        """{move id: day of the last payment} of the bills."""
        ids = {move.id for bills in on_bills.values() for _bill, move in bills}
        if not ids:
            return {}
        rows = (
            self.env["account.partial.reconcile"]
            .sudo()
            .search_fetch(
                [("debit_move_id.move_id", "in", list(ids))],
                ["debit_move_id", "credit_move_id"],
            )
        )
        days = {}
        for row in rows:
            bill, day = row.debit_move_id.move_id.id, row.credit_move_id.date
            days[bill] = max(day, days.get(bill, day))
        return days

    # --- the transit account ------------------------------------------------------

    def _transit_in_step(self, documents, today):
        """Let the transit account follow the bills of the billing system.

        A bill credited in full takes its entry back. A bill confirmed before the
        company had a transit account is entered once the network's charge is there.

        :return: {practice id: what is left of it on the transit account}
        """
        balances = self._transit_balances()
        late = documents.unentered.browse()
        groups = documents.unentered.grouped("cmor_practice_id")
        for practice, charges in groups.items():
            total = sum(charges.mapped("amount"))
            if 0 < _cents(total) <= _cents(balances.get(practice.id, 0.0)):
                late |= charges
        gone = documents.credited.filtered("cmor_entry_id")
        if not late and not gone:
            return balances
        late._enter_in_transit()
        gone._leave_transit(today)
        return self._transit_balances()

    def _transit_balances(self):
        """{practice id: what is left of it on the transit account}."""
        accounts = self.company_id.sudo().cmor_transit_account_id
        rows = (
            self.env["account.move.line"]
            .sudo()
            ._read_group(
                Domain("account_id", "in", accounts.ids)
                & Domain("cmor_practice_id", "in", self.ids)
                & Domain("parent_state", "=", "posted"),
                ["cmor_practice_id"],
                ["balance:sum"],
            )
        )
        return {practice.id: balance for practice, balance in rows}


def _on_bill(amount, move, given_up):
    """``OnBill`` of an amount that ``move`` carries."""
    return incoming_money.OnBill(
        _cents(amount),
        _cents(move.amount_total_signed),
        _cents(move.amount_residual_signed),
        move.invoice_date_due or None,
        given_up.get(move.id, incoming_money.ZERO),
    )
