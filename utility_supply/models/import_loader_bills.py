from collections import defaultdict
from decimal import Decimal

from odoo import models

from . import import_bill_rows as bill_rows
from .import_message import issue

CENT = Decimal("0.01")


class UtilityImportLoaderBills(models.AbstractModel):
    """Bills: posted customer invoices, key `billing_ref`, one row per contract.

    A bill that is posted already is compared with the file: same amounts, dates and
    contracts are "unchanged", what carries no amount is completed, anything else is set
    aside: a posted bill is never changed silently.
    """

    _name = "utility.import.loader.bills"
    _inherit = "utility.import.loader"
    _description = "Loader of bills"

    def _groups(self, records):
        return list(bill_rows.group_rows(records).values())

    # -- facts ---------------------------------------------------------------------

    def _facts(self, batch, records):
        company = batch.company_id
        refs = self._values_of(records, "billing_ref")
        moves = self._by_key(
            "account.move",
            "billing_ref",
            batch,
            refs + self._values_of(records, "reverses_ref"),
        )
        contracts = self._by_key(
            "utility.contract", "code", batch, self._values_of(records, "contract_code")
        )
        is_full = company.utility_book_mode == "full"
        mine = [moves[ref] for ref in refs if ref in moves]
        facts = {
            "moves": moves,
            "contracts": contracts,
            "charges": self._charges(batch, records),
            "is_full": is_full,
            "taxes": self._taxes(company) if is_full else {},
            "problems": company._utility_books_problems(),
            "posted": self._posted(mine),
            "credits": self._credits(records),
        }
        facts["first_bills"] = self._first_bills(records, facts)
        return facts

    def _charges(self, batch, records):
        refs = {ref for record in records for ref in record.get("charge_refs") or ()}
        return self._by_key("utility.charge", "ref", batch, list(refs))

    def _taxes(self, company):
        """{rate: sale tax}: the company's default before the others of its rate."""
        found = self.env["account.tax"].search(
            [
                *self.env["account.tax"]._check_company_domain(company),
                ("type_tax_use", "=", "sale"),
                ("amount_type", "=", "percent"),
                ("price_include", "=", False),
            ]
        )
        taxes = {}
        for tax in (company.account_sale_tax_id & found) | found:
            taxes.setdefault(Decimal(str(tax.amount)).normalize(), tax.id)
        # bills at 0 % carry no tax: which exemption it is, the file does not say
        taxes.pop(Decimal(0), None)
        return taxes

    def _posted(self, moves):
        """{move id: (amount by contract, amount by due date)} of posted bills."""
        result = {
            move.id: (defaultdict(Decimal), defaultdict(Decimal)) for move in moves
        }
        lines = self.env["account.move.line"].search_fetch(
            [
                ("move_id", "in", list(result)),
                ("display_type", "=", "payment_term"),
            ],
            ["move_id", "utility_contract_id", "date_maturity", "amount_currency"],
        )
        for line in lines:
            sign = 1 if line.move_id.move_type == "out_invoice" else -1
            amount = sign * Decimal(str(line.amount_currency)).quantize(CENT)
            by_contract, by_day = result[line.move_id.id]
            by_contract[line.utility_contract_id.id] += amount
            by_day[line.date_maturity] += amount
        return result

    # -- judging -------------------------------------------------------------------

    def _classify(self, batch, records, facts, known):
        judged, new = {}, {}
        for ref, rows in bill_rows.group_rows(records).items():
            found = self._bill_issues(rows, facts, known)
            move = facts["moves"].get(ref)
            if not found and move:
                outcome = self._judge_posted(move, rows, facts)
                if isinstance(outcome, str):
                    judged.update((number, outcome) for number, _r in rows)
                    continue
                found = outcome
            if not found:
                new[ref] = rows
                continue
            judged.update(self._spread_issues(ref, rows, found))
        # what this chunk, or for a dry check the whole workbook, brings itself
        facts["own"] = known.get("bills") or {r["billing_ref"] for _n, r in records}
        judged.update(self._judge_new(batch, new, facts))
        self._check_reversed_is_good(records, judged, facts)
        return judged

    def _spread_issues(self, ref, rows, found):
        """{row number: [Issue]}: rows without an issue wait for those that have one.

        :param found: {row number or None (the whole bill): [Issue]}
        """
        bad = next((n for n in found if n is not None), rows[0][0])
        waiting = [issue("group_incomplete", "billing_ref", ref, other=bad)]
        whole = found.get(None, [])
        return {
            number: [*found.get(number, []), *whole] or waiting for number, _r in rows
        }

    def _bill_issues(self, rows, facts, known):
        """{row number or None: [Issue]} of a bill, before asking the books."""
        found = {}
        for number, record in rows:
            issues = self._row_issues(record, facts, known)
            if issues:
                found[number] = issues
        whole = []
        if facts["problems"]:
            missing = "; ".join(facts["problems"])
            whole.append(issue("company_not_ready", missing=missing))
        if differing := bill_rows.header_issue(rows):
            whole.append(differing)
        contracts = [facts["contracts"].get(r["contract_code"]) for _n, r in rows]
        if len({c.partner_id for c in contracts if c}) > 1:
            ref = rows[0][1]["billing_ref"]
            whole.append(issue("bill_several_customers", "contract_code", ref))
        if whole:
            found[None] = whole
        return found

    def _row_issues(self, record, facts, known):
        issues = self._known_or_issue(
            facts["contracts"],
            known,
            "contracts",
            "unknown_contract",
            "contract_code",
            record["contract_code"],
        )
        issues += bill_rows.amount_issues(record, facts["is_full"])
        issues += self._rate_issues(record, facts)
        start, end = record.get("consumption_from"), record.get("consumption_to")
        if start and end and end < start:
            issues.append(issue("bad_period", "consumption_to", end))
        issues += self._reversal_issues(record, facts, known)
        return issues + self._charge_issues(record, facts)

    def _rate_issues(self, record, facts):
        rate = record.get("tax_rate")
        if not facts["is_full"] or not rate or rate.normalize() in facts["taxes"]:
            return []
        return [issue("unknown_tax", "tax_rate", rate)]

    def _reversal_issues(self, record, facts, known):
        ref = record.get("reverses_ref")
        if not ref:
            return []
        if record["document_type"] != "credit_note":
            return [issue("reverses_not_credit_note", "reverses_ref", ref)]
        move = facts["moves"].get(ref)
        contract = facts["contracts"].get(record["contract_code"])
        if move and contract and move.partner_id != contract.partner_id:
            return [issue("reverses_other_customer", "reverses_ref", ref)]
        return []

    def _charge_issues(self, record, facts):
        issues = []
        contract = facts["contracts"].get(record["contract_code"])
        for ref in record.get("charge_refs") or ():
            charge = facts["charges"].get(ref)
            waits = charge and charge.state in ("to_export", "exported", "confirmed")
            if not waits or (contract and charge.partner_id != contract.partner_id):
                issues.append(issue("unknown_charge", "charge_refs", ref))
            elif bill := self._bill_of_charge(charge, record, facts):
                issues.append(issue("charge_on_bill", "charge_refs", ref, bill=bill))
        return issues

    def _bill_of_charge(self, charge, record, facts):
        """Number of another bill that carries the charge already, in the books or in
        this file; "" when the bill of ``record`` may carry it."""
        if record["document_type"] == "credit_note":
            return ""
        own = record["billing_ref"]
        posted = facts["moves"].get(own)
        if posted and self._is_credited(posted, facts):
            # told once more: what it carried is billed again, or may be
            return ""
        first = facts["first_bills"].get(charge.ref, own)
        bill = charge.move_id
        if charge.state != "confirmed" or self._is_credited(bill, facts):
            return first if first != own else ""
        return (bill.billing_ref or bill.name) if bill.billing_ref != own else ""

    def _is_credited(self, bill, facts):
        """Whether the bill is credited in full, by what this file brings as well."""
        if bill.payment_state == "reversed":
            return True
        credited = facts["credits"].get(bill.billing_ref)
        return credited is not None and credited >= Decimal(str(bill.amount_total))

    def _first_bills(self, records, facts):
        """{charge reference: number of the first bill of these rows that names it}, of
        those that are not credited."""
        first = {}
        for record in records:
            own = record["billing_ref"]
            posted = facts["moves"].get(own)
            gone = posted and self._is_credited(posted, facts)
            if record["document_type"] != "credit_note" and not gone:
                for ref in record.get("charge_refs") or ():
                    first.setdefault(ref, own)
        return first

    def _credits(self, records):
        """{bill number: what the credit notes among these rows credit of it}."""
        credited = defaultdict(Decimal)
        for record in records:
            if record["document_type"] == "credit_note" and record.get("reverses_ref"):
                credited[record["reverses_ref"]] += abs(record["total"])
        return dict(credited)

    def _judge_new(self, batch, new, facts):
        """Ask the books about bills that are not posted yet."""
        judged, bills, order = {}, [], []
        for ref, rows in new.items():
            if missing := self._missing_reversed(rows, facts):
                judged.update(self._spread_issues(ref, rows, {None: [missing]}))
                continue
            values = bill_rows.bill_values(
                rows, facts["contracts"], self._by_rate(facts)
            )
            facts.setdefault("bills", {})[ref] = values
            bills.append(values)
            order.append((ref, rows))
        if not bills:
            return judged
        refused = self.env["utility.bill.writer"]._check_bills(batch.company_id, bills)
        for position, (ref, rows) in enumerate(order):
            if position in refused:
                found = {None: refused[position]}
                judged.update(self._spread_issues(ref, rows, found))
            else:
                judged.update((number, "created") for number, _r in rows)
        return judged

    def _by_rate(self, facts):
        return _RateMap(facts["taxes"])

    def _judge_posted(self, move, rows, facts):
        """'unchanged', 'updated' or {None: [Issue]} for a bill that is posted."""
        ref = move.billing_ref
        if not move.from_billing:
            return {None: [issue("bill_number_taken", "billing_ref", ref)]}
        values = bill_rows.bill_values(rows, facts["contracts"], self._by_rate(facts))
        for field, old, new in self._posted_pairs(move, values, facts):
            if old != new:
                shown = f"{old}" if not isinstance(old, dict) else _shown(old)
                return {None: [issue("bill_changed", field, ref, old=shown)]}
        return "updated" if self._extra_changes(move, values.extra) else "unchanged"

    def _posted_pairs(self, move, values, facts):
        """(column, value posted, value in the file) of all that may not change."""
        by_contract, by_day = facts["posted"][move.id]
        yield "document_type", move.move_type, values.move_type
        yield "date", move.invoice_date, values.date
        total = sum(by_contract.values(), Decimal(0))
        yield "total", total, values.total.quantize(CENT)
        shares = defaultdict(Decimal)
        for line in values.lines:
            shares[line.contract_id] += line.total.quantize(CENT)
        yield "contract_code", _filled(by_contract), _filled(shares)
        terms = defaultdict(Decimal)
        for day, amount in values.instalments or [(values.due_date, values.total)]:
            terms[day] += amount.quantize(CENT)
        field = "instalments" if values.instalments else "due_date"
        yield field, _filled(by_day), _filled(terms)
        if facts["is_full"]:
            untaxed = sum((line.untaxed for line in values.lines), Decimal(0))
            posted = Decimal(str(move.amount_untaxed)).quantize(CENT)
            yield "untaxed", posted, untaxed.quantize(CENT)

    def _extra_changes(self, move, extra):
        """What of ``extra`` a later file completes; an older residual says nothing."""
        extra = dict(extra)
        day = extra.get("billing_residual_date")
        if day and move.billing_residual_date and day < move.billing_residual_date:
            extra.pop("billing_residual")
            extra.pop("billing_residual_date")
        return self._changes(move, extra)

    # -- writing -------------------------------------------------------------------

    def _missing_reversed(self, rows, facts):
        """The issue of a credit note whose bill neither Odoo nor this file has."""
        ref = rows[0][1].get("reverses_ref")
        if not ref or ref in facts["moves"] or ref in facts["own"]:
            return None
        return issue("unknown_bill", "reverses_ref", ref)

    def _check_reversed_is_good(self, records, judged, facts):
        """A credit note waits when its bill, in this chunk, is refused."""
        refused = {
            r["billing_ref"] for n, r in records if not isinstance(judged[n], str)
        }
        for number, record in records:
            ref = record.get("reverses_ref")
            if ref in refused and ref not in facts["moves"]:
                judged[number] = [issue("unknown_bill", "reverses_ref", ref)]

    def _apply(self, batch, todo, facts):
        groups = bill_rows.group_rows([(number, r) for number, r, _o in todo])
        outcomes = {r["billing_ref"]: outcome for _n, r, outcome in todo}
        new = [ref for ref, outcome in outcomes.items() if outcome == "created"]
        moves = self.env["utility.bill.writer"]._post_bills(
            batch.company_id, [facts["bills"][ref] for ref in new]
        )
        facts["moves"].update(zip(new, moves, strict=True))
        for ref, rows in groups.items():
            if outcomes[ref] == "updated":
                move = facts["moves"][ref]
                values = bill_rows.extra_values(rows)
                values.update(bill_rows.residual_values(rows))
                move.write(self._extra_changes(move, values))
        self._reconcile_reversals([groups[ref] for ref in new], facts)
        self._confirm_charges(groups, facts)

    def _reconcile_reversals(self, groups, facts):
        """Credit notes close the bill that they name, as far as it is open."""
        plans = []
        for rows in groups:
            record = rows[0][1]
            bill = facts["moves"].get(record.get("reverses_ref"))
            if bill:
                both = (bill | facts["moves"][record["billing_ref"]]).line_ids
                open_lines = both.filtered(
                    lambda line: (
                        line.display_type == "payment_term" and not line.reconciled
                    )
                )
                if len(open_lines.move_id) > 1:
                    plans.append(open_lines)
        if plans:
            self.env["account.move.line"]._reconcile_plan(plans)

    def _confirm_charges(self, groups, facts):
        for ref, rows in groups.items():
            refs = [code for _n, r in rows for code in r.get("charge_refs") or ()]
            if refs:
                self.env["utility.charge"]._confirm_from_bill(facts["moves"][ref], refs)


class _RateMap:
    """{rate: tax id} that takes 22 and 22.00 for the same rate."""

    def __init__(self, taxes):
        self._taxes = taxes

    def get(self, rate):
        return None if rate is None else self._taxes.get(rate.normalize())


def _filled(amounts):
    return {key: amount for key, amount in amounts.items() if amount}


def _shown(amounts):
    return ", ".join(f"{key}: {amount}" for key, amount in amounts.items())
