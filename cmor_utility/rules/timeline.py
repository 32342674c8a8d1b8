"""The order of what happened to a practice.

Entries come from many tables, some with an hour and some with a day only. They are
shown in time order; on the same instant the cause comes before its effect: the file,
then what it changed, then the entry in the books.
"""

from datetime import datetime, time

# on the same instant, and for days without an hour on the same day
RANKS = (
    "start",
    "notice",
    "complaint",
    "request",
    "flow",
    "event",
    "amount",
    "entry",
    "deadline",
)


def order(entries):
    """Sort entries in time.

    :param entries: iterable of dicts with ``when`` (date or datetime) and ``kind``
        (one of ``RANKS``); ``id`` breaks ties
    :return: list, the oldest first
    """
    return sorted(entries, key=_key)


def _key(entry):
    when = entry["when"]
    is_exact = isinstance(when, datetime)
    moment = when if is_exact else datetime.combine(when, time.min)
    # a day without an hour: a term ends with the day, all the rest came in its course
    if not is_exact and entry["kind"] == "deadline":
        moment = datetime.combine(when, time.max)
    return moment, RANKS.index(entry["kind"]), entry.get("id") or 0
