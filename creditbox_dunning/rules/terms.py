"""Days to pay printed in a notice, by service and channel, with their source.

Dated: a row holds from ``valid_from`` until a later row of the same service and
channel. The days count from the day of sending (registered letter) or of delivery
(PEC). Printed terms are above the legal minimum on purpose: a letter that travels one
day longer must not become void.
"""

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Term:
    service: str  # "" = every service
    channel: str
    days: int
    valid_from: date
    source: str


TERMS = (
    Term("", "ar", 20, date(2019, 1, 1), "TIMOE/TIMG: at least 15 days from sending"),
    Term("", "pec", 15, date(2019, 1, 1), "TIMOE/TIMG: at least 10 days from delivery"),
    Term("", "pp", 10, date(2019, 1, 1), "courtesy notice, no legal term"),
    Term("water", "ar", 20, date(2020, 1, 1), "REMSI 311/2019 art. 4 and 221/2020"),
    Term("water", "pec", 15, date(2020, 1, 1), "REMSI 311/2019 art. 4 and 221/2020"),
)
# REMSI: the default notice's term ends at least 40 days after the first reminder
WATER_DAYS_FROM_REMINDER = 40


def term_days(service, channel, day):
    """The :class:`Term` in force on ``day`` for a notice, or None."""
    rows = [
        term
        for term in TERMS
        if term.channel == channel
        and term.service in ("", service)
        and term.valid_from <= day
    ]
    return max(rows, key=lambda t: (t.service != "", t.valid_from), default=None)


def pay_term(service, channel, sent, reminder_received=None):
    """Last day to pay for a notice sent (PEC: delivered) on ``sent``.

    ``reminder_received``: water only, the day on which the first reminder arrived.
    None when the channel gives no term.
    """
    term = term_days(service, channel, sent)
    if term is None:
        return None
    end = sent + timedelta(days=term.days)
    if service == "water" and reminder_received:
        floor = reminder_received + timedelta(days=WATER_DAYS_FROM_REMINDER)
        end = max(end, floor)
    return end
