from collections import defaultdict

from odoo import fields, models

from .import_message import issue


class UtilityImportLoaderPayments(models.AbstractModel):
    """Payments: posted `account.payment`, key `source_ref`.

    A payment that names a bill closes it as far as it goes: what is missing stays due,
    what exceeds stays as the customer's credit. One that names a bill nobody knows is
    set aside. A row that names another payment returns it whole (insoluto, storno).
    """

    _name = "utility.import.loader.payments"
    _inherit = "utility.import.loader"
    _description = "Loader of payments"

    def _facts(self, batch, records):
        refs = self._values_of(records, "source_ref")
        returned = self._values_of(records, "reverses_ref")
        payments = self._by_key("account.payment", "source_ref", batch, refs + returned)
        reversals = self._by_key("account.payment", "reversal_source_ref", batch, refs)
        bills = self._by_key(
            "account.move",
            "billing_ref",
            batch,
            self._values_of(records, "billing_ref"),
        )
        partners = self._by_key(
            "res.partner",
            "billing_code",
            batch,
            self._values_of(records, "customer_code"),
        )
        company = batch.company_id.with_company(batch.company_id)
        return {
            "payments": payments,
            "reversals": reversals,
            "bills": bills,
            "partners": partners,
            "problems": company._utility_payment_journal_problems(),
            "own": {r["source_ref"]: r for r in records if not r.get("reverses_ref")},
        }

    # -- judging -------------------------------------------------------------------

    def _judge(self, batch, record, facts, known):
        if facts["problems"]:
            missing = "; ".join(facts["problems"])
            return [issue("company_not_ready", missing=missing)]
        if not record["amount"]:
            return [issue("zero_amount", "amount")]
        if record.get("reverses_ref"):
            return self._judge_return(record, facts, known)
        issues = self._payer_issues(record, facts, known)
        if issues:
            return issues
        payment = facts["payments"].get(record["source_ref"])
        return self._judge_known(record, payment, facts) if payment else "created"

    def _payer_issues(self, record, facts, known):
        ref, code = record.get("billing_ref"), record.get("customer_code")
        if not ref and not code:
            return [issue("payment_without_customer", "billing_ref")]
        issues = []
        if ref:
            issues += self._known_or_issue(
                facts["bills"], known, "bills", "unknown_bill", "billing_ref", ref
            )
        if code:
            issues += self._known_or_issue(
                facts["partners"],
                known,
                "customers",
                "unknown_customer",
                "customer_code",
                code,
            )
        bill, partner = facts["bills"].get(ref), facts["partners"].get(code)
        if bill and partner and bill.commercial_partner_id != partner:
            issues.append(issue("payment_customer", "customer_code", code, bill=ref))
        return issues

    def _judge_known(self, record, payment, facts):
        """'unchanged', or the issue of a payment that says something else now."""
        bill = facts["bills"].get(record.get("billing_ref"))
        partner = facts["partners"].get(record.get("customer_code"))
        payer = bill.commercial_partner_id if bill else partner
        amount = payment.amount * (1 if payment.payment_type == "inbound" else -1)
        pairs = (
            ("amount", f"{amount:.2f}", f"{record['amount']:.2f}"),
            ("date", payment.value_date, record.get("value_date") or record["date"]),
            ("billing_ref", payment.billing_ref or "", record.get("billing_ref") or ""),
        )
        for name, old, new in pairs:
            if old != new:
                return [issue("payment_changed", name, record["source_ref"], old=old)]
        if payer and payment.partner_id != payer:
            old = payment.partner_id.name
            return [issue("payment_changed", "customer_code", old=old)]
        return "unchanged"

    def _judge_return(self, record, facts, known):
        """The outcome of a row that returns another payment."""
        ref = record["reverses_ref"]
        done = facts["reversals"].get(record["source_ref"])
        if done:
            same = done.source_ref == ref
            changed = issue("payment_changed", "reverses_ref", ref, old=done.source_ref)
            return "unchanged" if same else [changed]
        payment, own = facts["payments"].get(ref), facts["own"].get(ref)
        if not payment and not own:
            if ref in known.get("payments", ()):
                return "created"
            return [issue("unknown_payment", "reverses_ref", ref)]
        if payment and payment.reversal_date:
            return [issue("already_reversed", "reverses_ref", ref)]
        old = f"{payment.amount:.2f}" if payment else f"{own['amount']:.2f}"
        told = f"{abs(record['amount']):.2f}"
        if told != old:
            return [issue("reversal_amount", "amount", told, payment=ref, old=old)]
        return "created"

    # -- writing -------------------------------------------------------------------

    def _apply(self, batch, todo, facts):
        new = [(n, r) for n, r, outcome in todo if outcome == "created"]
        receipts = [(n, r) for n, r in new if not r.get("reverses_ref")]
        returns = [(n, r) for n, r in new if r.get("reverses_ref")]
        days = _OpenDays(batch.company_id)
        payments = self._create_payments(batch, [r for _n, r in receipts], facts, days)
        facts["payments"].update({p.source_ref: p for p in payments})
        self._reconcile(payments, facts)
        return self._apply_returns(returns, facts, days)

    def _create_payments(self, batch, records, facts, days):
        company = batch.company_id
        return self.env["utility.payment.writer"]._post_payments(
            company, [self._payment_vals(company, r, facts, days) for r in records]
        )

    def _payment_vals(self, company, record, facts, days):
        bill = facts["bills"].get(record.get("billing_ref"))
        partner = facts["partners"].get(record.get("customer_code"))
        is_receipt = record["amount"] > 0
        return {
            "payment_type": "inbound" if is_receipt else "outbound",
            "partner_type": "customer",
            "partner_id": bill.commercial_partner_id.id if bill else partner.id,
            "amount": float(abs(record["amount"])),
            "currency_id": company.currency_id.id,
            "journal_id": company.utility_payment_journal_id.id,
            "date": days.open_day(record["date"]),
            "memo": record.get("billing_ref") or record["source_ref"],
            "source_ref": record["source_ref"],
            "billing_ref": record.get("billing_ref") or False,
            "payment_channel": record.get("channel"),
            "value_date": record.get("value_date") or record["date"],
        }

    def _reconcile(self, payments, facts):
        """Close the bills that the payments name, oldest instalment first."""
        by_bill = defaultdict(lambda: self.env["account.move.line"])
        for payment in payments:
            bill = facts["bills"].get(payment.billing_ref)
            if bill:
                by_bill[bill] |= self._open_receivables(payment.move_id)
        plans = []
        for bill, lines in by_bill.items():
            accounts = lines.account_id
            due = self._open_receivables(bill).filtered(
                lambda line, accounts=accounts: line.account_id in accounts
            )
            if lines and due:
                plans.append(lines | due)
        if plans:
            self.env["utility.payment.writer"]._match(plans)

    def _open_receivables(self, moves):
        return moves.line_ids.filtered(
            lambda line: (
                line.account_id.account_type == "asset_receivable"
                and not line.reconciled
                and line.parent_state == "posted"
            )
        )

    # -- returned payments ---------------------------------------------------------

    def _apply_returns(self, returns, facts, days):
        """Undo payments that came back: the bills that they closed are open again.

        :return: {row number: [Issue]} of those that cannot be undone
        """
        outcomes = {}
        reopened = self.env["account.move"]
        for number, record in returns:
            payment = facts["payments"][record["reverses_ref"]]
            if payment.reversal_date:
                ref = record["reverses_ref"]
                outcomes[number] = [issue("already_reversed", "reverses_ref", ref)]
                continue
            reopened |= self._return_payment(payment, record, days)
        self._settle_again(reopened)
        return outcomes

    def _settle_again(self, bills):
        """Match reopened ``bills`` with other payments that name them.

        The customer has often paid again before the file came: that payment was the
        customer's credit only as long as the bill seemed settled.
        """
        if not bills:
            return
        payments = self.env["account.payment"].search(
            [
                ("company_id", "in", bills.company_id.ids),
                ("billing_ref", "in", bills.mapped("billing_ref")),
                ("payment_type", "=", "inbound"),
                ("reversal_date", "=", False),
                ("state", "in", ("in_process", "paid")),
            ]
        )
        self._reconcile(payments, {"bills": {b.billing_ref: b for b in bills}})

    def _return_payment(self, payment, record, days):
        """Undo one payment.

        :return: the bills that are open again
        """
        entry = payment.move_id
        receivable = entry.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        bills = self._bills_of(receivable)
        receivable.remove_move_reconcile()
        day = days.open_day(record["date"])
        reason = record.get("reversal_reason") or self.env._("Returned payment")
        entry._reverse_moves([{"date": day, "ref": reason}], cancel=True)
        payment.write(
            {
                "state": "rejected",
                "reversal_date": record["date"],
                "reversal_reason": reason,
                "reversal_source_ref": record["source_ref"],
            }
        )
        text = self.env._(
            "Payment %(payment)s of %(amount)s came back on %(date)s: %(reason)s",
            payment=payment.source_ref,
            amount=payment.currency_id.format(payment.amount),
            date=fields.Date.to_string(record["date"]),
            reason=reason,
        )
        bills._message_log_batch(bodies={bill.id: text for bill in bills})
        return bills

    def _bills_of(self, receivable):
        partials = receivable.matched_debit_ids | receivable.matched_credit_ids
        lines = partials.debit_move_id | partials.credit_move_id
        return lines.move_id.filtered(lambda move: move.is_invoice())


class _OpenDays:
    """Days on which an entry may be dated: not before the opening, never locked."""

    def __init__(self, company):
        self._company = company
        self._cache = {}

    def open_day(self, day):
        """``day``, or the first day after it that is open."""
        if day not in self._cache:
            first = max(day, self._company.utility_opening_date or day)
            locks = self._company._get_lock_date_violations(
                first,
                fiscalyear=True,
                sale=False,
                purchase=False,
                tax=False,
                hard=True,
            )
            if locks:
                first = fields.Date.add(max(lock for lock, _f in locks), days=1)
            self._cache[day] = first
        return self._cache[day]
