"""What the demonstration must come to, reckoned from the workbooks alone.

Plain Python over the files, with a reader of its own (``sheets``): no module of the
product and no Odoo is imported, so that agreement means something. Money is Decimal.

``Expected(contents)`` takes the workbooks in the order of arrival and offers per
company: rows applied and quarantined by kind, amounts billed, paid and open by
customer, what is overdue on a day, and the customers who left with a claim or the
reason why there is none.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from . import sheets

ORDER = ("Clienti", "Contratti", "Bollette", "Pagamenti", "Solleciti pregressi")


@dataclass
class Bill:
    """An applied document: total, due lines and what was paid on it."""

    ref: str
    customer: str
    document: str
    issued: date
    total: Decimal
    terms: list  # (due date, amount), oldest first
    rows: list  # the sheet's rows, one a supply
    reverses: str = ""
    moves: list = field(default_factory=list)  # (day, amount paid or credited)

    def residual(self, day=None):
        """What is open on ``day``; payments beyond the total do not count here."""
        paid = sum(
            (amount for when, amount in self.moves if day is None or when <= day),
            Decimal(0),
        )
        return max(self.total - paid, Decimal(0))

    def overdue(self, day):
        """What is past due on ``day``; payments settle the oldest term first."""
        paid = self.total - self.residual(day)
        late = sum((amount for due, amount in self.terms if due < day), Decimal(0))
        return max(late - paid, Decimal(0))


class Expected:
    """The books of one company, from its workbooks."""

    def __init__(self, contents):
        self.applied = Counter()
        self.quarantined = defaultdict(Counter)
        self.customers, self.contracts = {}, {}
        self.bills, self.payments, self.notices = {}, {}, {}
        for content in contents:
            book = sheets.read(content)
            for name in ORDER:
                if name in book:
                    self._apply(name, book[name])

    # --- acquisition ------------------------------------------------------------
    def _apply(self, name, sheet):
        apply = {
            "Clienti": self._customer,
            "Contratti": self._contract,
            "Pagamenti": self._payment,
            "Solleciti pregressi": self._notice,
        }
        if name == "Bollette":
            self._bills(sheet)
            return
        # a returned payment may stand before the payment: first all that is no return
        rows = sorted(sheet.rows, key=lambda one: bool(one[1].get(RETURN)))
        for number, row in rows:
            kind = sheet.wrong.get(number) or apply[name](row)
            self._count(name, kind, 1)

    def _count(self, name, kind, rows):
        if kind:
            self.quarantined[name][kind] += rows
        else:
            self.applied[name] += rows

    def _customer(self, row):
        self.customers[row["Codice cliente"]] = row

    def _contract(self, row):
        if row["Codice cliente"] not in self.customers:
            return "unknown_customer"
        self.contracts[row["Codice contratto"]] = row
        return None

    def _bills(self, sheet):
        """Rows with one number are one bill: one wrong row keeps all of it back."""
        documents = defaultdict(list)
        for number, row in sheet.rows:
            documents[row["Numero bolletta"]].append((number, row))
        # credit notes after the bills that they reverse
        for ref, rows in sorted(
            documents.items(), key=lambda one: one[1][0][1]["Tipo documento"]
        ):
            kinds = [sheet.wrong.get(number) for number, _row in rows]
            kind = next(filter(None, kinds), None) or self._bill(
                ref, [row for _number, row in rows]
            )
            self._count("Bollette", kind, len(rows))

    def _bill(self, ref, rows):
        if any(row["Codice contratto"] not in self.contracts for row in rows):
            return "unknown_contract"
        first = rows[0]
        total = sum((row["Totale"] for row in rows), Decimal(0))
        terms = sheets.instalments(first["Rate"]) or [(first["Data scadenza"], total)]
        if sum(amount for _due, amount in terms) != total:
            return "instalments_sum"
        contract = self.contracts[first["Codice contratto"]]
        bill = Bill(
            ref=ref,
            customer=contract["Codice cliente"],
            document=first["Tipo documento"],
            issued=first["Data emissione"],
            total=total,
            terms=sorted(terms),
            rows=rows,
            reverses=first["Bolletta stornata"] or "",
        )
        self.bills[ref] = bill
        if bill.reverses in self.bills:
            self.bills[bill.reverses].moves.append((bill.issued, bill.total))
        return None

    def _payment(self, row):
        """Payments name a bill; a return takes back the payment that it names."""
        ref, back = row["Numero bolletta"], row[RETURN]
        amount = row["Importo"]
        customer = row["Codice cliente"]
        if back:
            if back not in self.payments:
                return "unknown_payment"
            ref, customer = self.payments[back][2], self.payments[back][3]
            amount = -amount
        elif ref not in self.bills:
            return "unknown_bill"
        if ref in self.bills:
            self.bills[ref].moves.append((row["Data"], amount))
            customer = self.bills[ref].customer
        self.payments[row["Id pagamento"]] = (row["Data"], amount, ref, customer)
        return None

    def _notice(self, row):
        if row["Codice contratto"] not in self.contracts:
            return "unknown_contract"
        refs = (row["Bollette"] or "").split("|")
        if any(ref and ref not in self.bills for ref in refs):
            return "unknown_bill"
        self.notices[row["Id sollecito"]] = row
        return None

    # --- sums -------------------------------------------------------------------
    def billed(self, customer=None):
        """Invoices less credit notes, of one customer or of all."""
        return sum(
            (
                bill.total if bill.document == "FT" else -bill.total
                for bill in self.bills.values()
                if customer in (None, bill.customer)
            ),
            Decimal(0),
        )

    def paid(self, customer=None):
        """Payments less returned ones, of one customer or of all."""
        return sum(
            (
                amount
                for _day, amount, _ref, who in self.payments.values()
                if customer in (None, who)
            ),
            Decimal(0),
        )

    def open_by_customer(self):
        """{customer code: billed less paid}, for all who have papers."""
        result = dict.fromkeys(self.customers, Decimal(0))
        for bill in self.bills.values():
            sign = 1 if bill.document == "FT" else -1
            result[bill.customer] += sign * bill.total
        for _day, amount, _ref, customer in self.payments.values():
            result[customer] -= amount
        return result

    def residual_by_bill(self):
        """{bill number: residual} of the invoices that are not settled."""
        residuals = {
            ref: bill.residual()
            for ref, bill in self.bills.items()
            if bill.document == "FT"
        }
        return {ref: residual for ref, residual in residuals.items() if residual}

    def overdue_contracts(self, day):
        """{contract code: overdue amount of its bills on ``day``}.

        A bill over several supplies makes each of them overdue, for its share.
        """
        result = defaultdict(Decimal)
        for bill in self.bills.values():
            if bill.document != "FT" or not bill.overdue(day):
                continue
            for row in bill.rows:
                share = row["Totale"] / bill.total
                result[row["Codice contratto"]] += bill.overdue(day) * share
        return dict(result)


RETURN = "Storno/Insoluto di"
