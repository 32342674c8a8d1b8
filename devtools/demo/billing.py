"""Bills, payments and past notices of the invented companies.

``Ledger`` writes eighteen months of bills for a ``World``, lets every customer pay as
its behaviour says and keeps the notices that were sent before the cut-over. Amounts
are ``Decimal`` with two places; nothing is later than ``anchor`` plus the month that
the demonstration walks through.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from .world import months_before

CENT = Decimal("0.01")
HISTORY_MONTHS = 18
MONTH_OF_RUNS = 28  # days after the anchor that payments are known for
SEASON = {
    "Gas": ("2.1", "1.9", "1.5", "0.9", "0.5", "0.3", "0.3", "0.3", "0.4", "0.8")
    + ("1.4", "1.9"),
    "Energia elettrica": ("1.1", "1.0", "0.9", "0.9", "0.9", "1.0", "1.2", "1.1")
    + ("1.0", "0.9", "1.0", "1.1"),
}
RETURN_REASONS = ("AM04 fondi insufficienti", "MD01 nessun mandato", "MS03 non noto")


@dataclass
class Bill:
    """One document; ``shares`` are (contract, untaxed, tax) of each supply."""

    ref: str
    shares: list
    issued: date
    due: date
    period: tuple
    reading: str = "Effettiva"
    closing: bool = False
    recalculation: str = ""
    instalments: tuple = ()
    other_services: Decimal | None = None
    document: str = "FT"
    reverses: str = ""
    rate: int = 22
    paid: list = field(default_factory=list)  # payments that name it

    @property
    def total(self):
        return sum(untaxed + tax for _contract, untaxed, tax in self.shares)

    @property
    def customer(self):
        return self.shares[0][0].customer


@dataclass
class Payment:
    ref: str
    day: date
    amount: Decimal
    channel: str
    bill: Bill | None = None
    customer: object = None
    returns: str = ""
    reason: str = ""


@dataclass
class Notice:
    ref: str
    contract: object
    kind: str
    channel: str
    sent: date
    notified: date | None
    term: date | None
    warning: bool
    bills: list
    proof: str = ""


class Ledger:
    """The papers of one company: ``bills``, ``payments`` and ``notices``."""

    def __init__(self, world, rng):
        self.world = world
        self.rng = rng
        self.anchor = world.anchor
        self.bills, self.payments, self.notices = [], [], []
        for customer in world.customers:
            groups = [customer.contracts]
            if not customer.one_bill:
                groups = [[contract] for contract in customer.contracts]
            for contracts in groups:
                self._serve(customer, contracts)

    def _serve(self, customer, contracts):
        bills = self._bill(contracts)
        if customer.switch_out:
            self._settle_switch_out(customer, bills)
        else:
            for bill in bills:
                self._pay(bill, customer.behaviour)
            self._past_notices(customer, bills)

    # --- bills ------------------------------------------------------------------
    def _bill(self, contracts):
        """All documents of ``contracts``, billed together."""
        first = contracts[0]
        step = 3 if first.service == "Acqua" else 2
        offset = self.rng.randrange(step)
        horizon = months_before(self.anchor, HISTORY_MONTHS)
        if first.customer.switch_out:
            # the cap looks at twelve months before they left
            horizon = min(horizon, months_before(first.end, 13))
        begin = months_before(horizon.replace(day=1), offset)
        bills = []
        while True:
            until = _month_end(begin, step)
            if first.end and until >= first.end:
                until = first.end
            issued = until + timedelta(days=self.rng.randrange(5, 12))
            if issued > self.anchor:
                break
            bills.append(self._make_bill(contracts, begin, until, issued))
            if until == first.end:
                self._close(bills[-1], first)
                break
            begin = until + timedelta(days=1)
        bills = [bill for bill in bills if bill.issued > horizon]
        self.bills += bills
        return bills + self._credit_notes(bills)

    def _make_bill(self, contracts, begin, until, issued):
        days = (until - begin).days + 1
        rate = _rate(contracts[0])
        shares = []
        for contract in contracts:
            season = SEASON.get(contract.service)
            factor = Decimal(season[begin.month - 1]) if season else Decimal(1)
            jitter = Decimal(self.rng.randrange(88, 113)) / 100
            untaxed = _cents(contract.monthly * days / 30 * factor * jitter)
            shares.append((contract, untaxed, _cents(untaxed * rate / 100)))
        bill = Bill(
            ref=self._number(issued),
            shares=shares,
            issued=issued,
            due=issued + timedelta(days=25 if contracts[0].service == "Acqua" else 20),
            period=(begin, until),
            rate=rate,
        )
        self._details(bill, contracts)
        return bill

    def _details(self, bill, contracts):
        first = contracts[0]
        draw = self.rng.random()
        if first.customer.switch_out:
            return  # their papers are decided one by one
        if draw < 0.18:
            bill.reading = "Stimata"
        elif draw < 0.24:
            bill.reading, bill.recalculation = "Effettiva", "Conguaglio"
        elif draw < 0.30:
            bill.reading = "Autolettura"
        if first.service == "Energia elettrica" and first.customer.customer_type == (
            "Domestico"
        ):
            bill.other_services = Decimal("18.00")  # television licence fee
            contract, untaxed, tax = bill.shares[0]
            bill.shares[0] = (contract, untaxed + Decimal("18.00"), tax)
        if len(contracts) == 1 and bill.total > 250 and self.rng.random() < 0.25:
            half = (bill.total / 2).quantize(CENT, ROUND_HALF_UP)
            later = bill.due + timedelta(days=30)
            bill.instalments = ((bill.due, half), (later, bill.total - half))
            bill.due = later

    def _close(self, bill, contract):
        kind = contract.customer.switch_out
        bill.closing = kind != "no_closing_bill"
        bill.reading = "Stimata" if kind == "estimated" else "Effettiva"
        if kind == "meter_fault":
            bill.recalculation = "Guasto misuratore"

    def _credit_notes(self, bills):
        """Now and then a bill was wrong: a credit note for part of it."""
        notes = []
        for bill in bills:
            wrong = self.rng.random() < 0.02
            if not wrong or len(bill.shares) > 1 or bill.customer.switch_out:
                continue
            contract, untaxed, _tax = bill.shares[0]
            back = _cents(untaxed * self.rng.randrange(10, 60) / 100)
            issued = bill.issued + timedelta(days=9)
            if issued > self.anchor or bill.instalments:
                continue
            note = Bill(
                ref=self._number(issued, "NC"),
                shares=[(contract, back, _cents(back * bill.rate / 100))],
                issued=issued,
                due=issued,
                period=bill.period,
                document="NC",
                reverses=bill.ref,
                rate=bill.rate,
            )
            bill.paid.append(Payment("", issued, note.total, "", bill))
            notes.append(note)
            self.bills.append(note)
        return notes

    def _number(self, issued, letters="B"):
        """Numbers as a billing system writes them, not as Odoo would count."""
        self._count = getattr(self, "_count", 0) + 1
        return f"{letters}{issued:%y}/{self._count:06d}-{issued:%m}"

    # --- payments ---------------------------------------------------------------
    def _pay(self, bill, behaviour):
        if bill.document == "NC":
            return
        due, rng = bill.due, self.rng
        parts = bill.instalments or ((due, self._open(bill)),)
        if behaviour == "bad":
            # stopped paying some months ago, each at a time of its own
            stop = months_before(self.anchor, 2 + sum(map(ord, bill.customer.code)) % 6)
            behaviour = "never" if bill.issued > stop else "late"
        if behaviour == "never":
            return
        if behaviour == "partial" and bill.issued > months_before(self.anchor, 5):
            share = _cents(self._open(bill) * rng.randrange(30, 75) / 100)
            self._payment(bill, due + timedelta(days=3), share)
            return
        for term, amount in parts:
            if behaviour == "direct_debit":
                self._direct_debit(bill, term, amount)
                continue
            days = rng.randrange(6, 40) if behaviour == "late" else rng.randrange(-9, 1)
            if behaviour == "excess" and rng.random() < 0.3:
                amount += Decimal("20.00")
            self._payment(bill, term + timedelta(days=days), amount)

    def _direct_debit(self, bill, term, amount):
        first = self._payment(bill, term, amount, "SDD")
        if first is None or self.rng.random() > 0.06:
            return
        back = Payment(
            ref=f"INS-{first.ref}",
            day=term + timedelta(days=self.rng.randrange(4, 9)),
            amount=amount,
            channel="SDD",
            bill=bill,
            returns=first.ref,
            reason=self.rng.choice(RETURN_REASONS),
        )
        if not self._keep(back):
            return
        if self.rng.random() < 0.6:
            self._payment(bill, back.day + timedelta(days=20), amount)

    def _payment(self, bill, day, amount, channel=None):
        """Record a payment of ``bill``; None when the demonstration ends before."""
        payment = Payment(
            ref=f"PAG{len(self.payments) + 1:07d}",
            day=max(day, bill.issued + timedelta(days=1)),
            amount=amount,
            channel=channel
            or self.rng.choice(("pagoPA", "Bollettino", "Bonifico", "Carta")),
            bill=bill,
        )
        return payment if self._keep(payment) else None

    def _keep(self, payment):
        if payment.day > self.anchor + timedelta(days=MONTH_OF_RUNS):
            return False
        self.payments.append(payment)
        payment.bill.paid.append(payment)
        return True

    @staticmethod
    def _open(bill, day=None):
        """What is still due on ``bill`` (as at ``day`` when given)."""
        paid = Decimal(0)
        for payment in bill.paid:
            if day is None or payment.day <= day:
                paid += -payment.amount if payment.returns else payment.amount
        return max(bill.total - paid, Decimal(0))

    # --- customers who left -----------------------------------------------------
    def _settle_switch_out(self, customer, bills):
        """Pay and remind as the customer's ``switch_out`` kind asks."""
        kind, end = customer.switch_out, customer.contracts[0].end
        border = months_before(end, 5)
        recent = [bill for bill in bills if bill.period[0] > border]
        unpaid = recent
        if kind == "old_debt":
            unpaid = [bill for bill in bills if bill.period[1] < border][-2:]
        elif kind == "settled":
            unpaid = []
        elif kind == "below_minimum":
            unpaid = recent[-1:]
            self._payment(unpaid[0], unpaid[0].due, unpaid[0].total - Decimal("6.50"))
        for bill in bills:
            if not any(bill is other for other in unpaid):
                self._pay(bill, "good")
        if unpaid and kind != "no_notice":
            self._notice_of_default(customer, unpaid)
        if kind == "paid_in_month":
            for bill in unpaid:
                self._payment(bill, self.anchor + timedelta(days=10), bill.total)

    def _notice_of_default(self, customer, bills):
        kind = customer.switch_out
        sent = max(bill.due for bill in bills) + timedelta(days=12)
        channel = "PEC" if customer.values.get("pec") else "AR"
        notified = sent if channel == "PEC" else sent + timedelta(days=6)
        term = notified + timedelta(days=20)
        if kind == "term_running":
            sent = self.anchor - timedelta(days=6)
            notified = self.anchor - timedelta(days=2)
            term = self.anchor + timedelta(days=45)
        notice = self._notice(
            customer.contracts[0],
            "Costituzione in mora",
            channel,
            (sent, notified, term),
            bills,
            warning=kind != "no_warning",
        )
        # of every third the proof lies in a drawer: the clerk has to declare it
        if len(self.notices) % 3:
            notice.proof = f"prova_{notice.ref}.pdf"

    def _past_notices(self, customer, bills):
        """Reminders that were sent, before us, to those who still owe."""
        if customer.one_bill:
            return
        late = [
            bill
            for bill in bills
            if bill.document == "FT"
            and bill.due < self.anchor - timedelta(days=45)
            and self._open(bill, self.anchor) > 10
        ]
        if not late:
            return
        sent = max(bill.due for bill in late) + timedelta(days=18)
        term = sent + timedelta(days=15)
        self._notice(
            late[0].shares[0][0], "Sollecito bonario", "PP", (sent, None, term), late
        )

    def _notice(self, contract, kind, channel, days, bills, *, warning=False):
        sent, notified, term = days
        notice = Notice(
            ref=f"SOL{len(self.notices) + 1:06d}",
            contract=contract,
            kind=kind,
            channel=channel,
            sent=sent,
            notified=notified,
            term=term,
            warning=warning,
            bills=list(bills),
        )
        self.notices.append(notice)
        return notice


def _rate(contract):
    """VAT percent: ten for households and water, twenty-two for the others."""
    domestic = contract.customer.customer_type == "Domestico"
    if contract.service == "Acqua" or (domestic and contract.service != "Telefono"):
        return 10
    return 22


def _cents(amount):
    return amount.quantize(CENT, ROUND_HALF_UP)


def _month_end(begin, months):
    """Last day of the period of ``months`` whole months that starts at ``begin``."""
    index = begin.year * 12 + begin.month - 1 + months
    return date(index // 12, index % 12 + 1, 1) - timedelta(days=1)
