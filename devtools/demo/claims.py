"""Who left owing what: the CMOR claims, reckoned from the workbooks alone.

A second reading of the rules in ``docs`` (TISIND art. 2.2, 4.1, 5, 7.1), written
without looking at ``cmor_utility``: exact fractions instead of rounded lines, one
function a condition. Both readings of the end of supply are tried, the lower amount is
taken and the window is the safe one.
"""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

CENT = Decimal("0.01")
IN_SCOPE = {"Energia elettrica", "Gas"}


@dataclass
class Claim:
    """One supply that was switched out owing something on ``today``."""

    contract: str
    end: date
    credit: Decimal
    cap: Decimal
    indemnity: Decimal
    results: dict  # condition -> "yes", "no", "unknown" (to be declared by a person)

    @property
    def failed(self):
        return sorted(
            (code for code, result in self.results.items() if result == "no"),
            key=lambda code: int(code[1:]),
        )

    @property
    def to_declare(self):
        return [code for code, result in self.results.items() if result == "unknown"]


def claims(expected, today):
    """{contract code: Claim} of ``expected`` (an ``Expected``) on ``today``."""
    found = {}
    for code, row in expected.contracts.items():
        left = row["Motivo fine"] == "Switch-out" and row["Data fine"] <= today
        if not left or row["Servizio"] not in IN_SCOPE:
            continue
        if today > _closes(row["Data fine"])[1]:
            continue  # by no reading can it still be asked
        bills = [
            bill
            for bill in expected.bills.values()
            if bill.document == "FT" and bill.rows[0]["Codice contratto"] == code
        ]
        if any(bill.residual(today) for bill in bills):
            found[code] = _claim(expected, code, row, bills, today)
    return found


def _claim(expected, code, row, bills, today):
    end = row["Data fine"]
    readings = [_amounts(bills, day, today) for day in (end, end + timedelta(days=1))]
    # the later reading first: it is the one shown when both give the same
    credit, cap, claimed = min(
        reversed(readings), key=lambda one: (min(one[:2]), one[0])
    )
    notices = [
        notice
        for notice in expected.notices.values()
        if notice["Codice contratto"] == code
        and notice["Tipo"] == "Costituzione in mora"
        and notice["Canale"] in ("AR", "PEC")
    ]
    # without any claimable share the open bills are looked at, to explain the case
    claimed = claimed or [bill for bill in bills if bill.residual(today)]
    indemnity = min(credit, cap)
    results = {
        "C1": _scope(row),
        "C2": "yes" if credit else "no",
        "C3": _readings(claimed, bills),
        "C4": _warned(claimed, notices),
        "C5": _term_over(claimed, notices, today),
        "C6": "yes",
        "C7": "unknown" if any(_closing(bill) for bill in bills) else "no",
        "C8": "yes",
        "C9": "unknown",
        "C10": "yes" if indemnity >= 10 else "no",
        "C11": _window(end, today),
        "C12": "yes",
        "C13": "yes",
        "C14": "yes",
    }
    return Claim(code, end, credit, cap, indemnity, results)


# --- amounts --------------------------------------------------------------------------
def _amounts(bills, end, today):
    """(credit of five months, cap of four, bills that bring credit) before ``end``."""
    credit, claimed = Decimal(0), []
    for bill in bills:
        row = bill.rows[0]
        if row["Conguaglio"] == "Guasto misuratore":
            continue  # the reconstruction after a fault may not be claimed
        inside = Fraction(_days(row, _months(end, -5), end), _period(row))
        part = _round(Fraction(bill.residual(today)) * inside)
        if part:
            credit += part
            claimed.append(bill)
    spend = [
        sum(
            (
                Fraction(bill.total)
                * _days(bill.rows[0], _months(end, -back - 1), _months(end, -back))
                / _period(bill.rows[0])
                for bill in bills
            ),
            Fraction(0),
        )
        for back in range(12)
    ]
    return credit, _round(sum(spend) * 4 / 12), claimed


def _days(row, begin, end):
    """Days of the bill's period that fall in [begin, end)."""
    first = max(row["Periodo dal"], begin)
    last = min(row["Periodo al"], end - timedelta(days=1))
    return max((last - first).days + 1, 0)


def _period(row):
    return (row["Periodo al"] - row["Periodo dal"]).days + 1


def _round(value):
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(CENT, ROUND_HALF_UP)


def _months(day, months):
    """``day`` shifted by whole months, clipped to the end of a shorter month."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


# --- conditions -----------------------------------------------------------------------
def _scope(row):
    if row["Servizio"] == "Energia elettrica":
        known = row["Tensione"] in ("Bassa tensione", "Media tensione")
        return "yes" if known else "no"
    limits = {"Condominio": 200000, "Altri usi": 50000}
    limit = limits.get(row["Uso gas"])
    return "yes" if limit is None or row["Smc annui"] <= limit else "no"


def _readings(claimed, bills):
    for bill in claimed:
        kind = bill.rows[0]["Tipo lettura"]
        if kind in ("Effettiva", "Autolettura"):
            continue
        settled = any(
            other is not bill
            and other.rows[0]["Tipo lettura"] in ("Effettiva", "Autolettura")
            and (_closing(other) or other.rows[0]["Conguaglio"] == "Conguaglio")
            and other.rows[0]["Periodo al"] >= bill.rows[0]["Periodo al"]
            for other in bills
        )
        if not settled:
            return "no"
    return "yes"


def _closing(bill):
    return bill.rows[0]["Bolletta di chiusura"] == "S"


def _covering(bill, notices):
    return [one for one in notices if bill.ref in (one["Bollette"] or "").split("|")]


def _warned(claimed, notices):
    """Notice with the warning and its proof; the proof alone may be declared."""
    result = "yes"
    for bill in claimed:
        covering = _covering(bill, notices)
        warned = [one for one in covering if one["Avviso CMOR"] == "S"]
        if not warned:
            return "no"
        if not any(one["Data notifica"] and one["File prova"] for one in warned):
            result = "unknown"
    return result


def _term_over(claimed, notices, today):
    for bill in claimed:
        terms = [one["Termine pagamento"] for one in _covering(bill, notices)]
        if not any(term < today for term in terms):
            return "no"
    return "yes"


def _window(end, today):
    """Open on the later reading, closed on the earlier; between the two: a person."""
    opens = max(_months(day, 6) for day in (end, end + timedelta(days=1)))
    closes = _closes(end)
    if today < opens or today > closes[1]:
        return "no"
    return "yes" if today <= closes[0] else "unknown"


def _closes(end):
    """The last day of the window by both readings of ``end``, earlier first."""
    days = (end, end + timedelta(days=1))
    return sorted(_month_end(_months(day, 12)) for day in days)


def _month_end(day):
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])
