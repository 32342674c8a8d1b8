"""When a request of indemnity may be presented (TISIND art. 2.2 and 7.1).

The text counts from the end of the association to the point, D. Whether D is the
last day of the old supply or the first day of the new one is not known, and for a
switch on the first of a month it moves the closing date by a whole month. So both
readings are computed: the window opens on the later date and closes on the earlier;
between the two there is a warning, never a silent yes.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

LAST_DAY_OLD = "last_day_old"
FIRST_DAY_NEW = "first_day_new"
READINGS = (LAST_DAY_OLD, FIRST_DAY_NEW)

NOT_OPEN = "not_open"
DOUBTFUL_OPEN = "doubtful_open"
OPEN = "open"
CLOSING = "closing"
DOUBTFUL_CLOSE = "doubtful_close"
CLOSED = "closed"


@lru_cache(maxsize=4096)  # thousands of practices share their few days
def add_months(day, months):
    """Shift ``day`` by whole months; a day that does not exist clips to month end.

    :param date day: start
    :param int months: positive or negative
    :return: date, e.g. 31 August + 6 months = 28 (29) February
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    month += 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def month_end(day):
    """Last day of the month of ``day``."""
    return day.replace(day=monthrange(day.year, day.month)[1])


@dataclass(frozen=True)
class ReadingWindow:
    """The terms that follow from one reading of D; all dates inclusive.

    ``credit_from`` and ``cap_from`` start half-open periods that end before ``end``.
    """

    reading: str
    end: date
    opens: date
    closes: date
    credit_from: date
    cap_from: date


@dataclass(frozen=True)
class RequestWindow:
    """The safe window out of both readings, with the doubtful margins."""

    opens: date
    closes: date
    earliest_open: date
    latest_close: date
    readings: tuple

    def status(self, today, closing_soon_days=30):
        """Where ``today`` stands.

        :param date today: the day asked about
        :param int closing_soon_days: how early "closing" starts
        :return: one of the constants of this module
        """
        if today < self.opens:
            return DOUBTFUL_OPEN if today >= self.earliest_open else NOT_OPEN
        if today > self.closes:
            return DOUBTFUL_CLOSE if today <= self.latest_close else CLOSED
        if today + timedelta(days=closing_soon_days) > self.closes:
            return CLOSING
        return OPEN

    def reading(self, key):
        """The window of one reading (``LAST_DAY_OLD`` or ``FIRST_DAY_NEW``)."""
        return next(item for item in self.readings if item.reading == key)


def reading_window(reading, end, terms):
    """Terms of one reading.

    :param str reading: which reading
    :param date end: D in that reading
    :param Terms terms: months to use
    :return: ``ReadingWindow``
    """
    closes = add_months(end, terms.request_close_months)
    return ReadingWindow(
        reading=reading,
        end=end,
        opens=add_months(end, terms.request_open_months),
        closes=month_end(closes) if terms.request_close_month_end else closes,
        credit_from=add_months(end, -terms.credit_window_months),
        cap_from=add_months(end, -terms.cap_reference_months),
    )


def request_window(last_day, terms):
    """The window of a supply whose last day was ``last_day``.

    :param date last_day: last day of the old supply (end of the contract)
    :param Terms terms: months to use
    :return: ``RequestWindow``
    """
    readings = (
        reading_window(LAST_DAY_OLD, last_day, terms),
        reading_window(FIRST_DAY_NEW, last_day + timedelta(days=1), terms),
    )
    return RequestWindow(
        opens=max(item.opens for item in readings),
        closes=min(item.closes for item in readings),
        earliest_open=min(item.opens for item in readings),
        latest_close=max(item.closes for item in readings),
        readings=readings,
    )
