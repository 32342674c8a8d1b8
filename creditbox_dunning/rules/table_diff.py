"""What changes between two action tables, row by row and column by column.

A row is a mapping of the columns in ``COLUMNS``; what makes it the same row in both
tables is its set and its sequence (``IDENTITY``), so that moving a row to another
sequence is told as one row less and one row more.
"""

from dataclasses import dataclass
from decimal import Decimal

IDENTITY = (
    "customer_type",
    "service",
    "supply_state",
    "suspendibility",
    "score_band",
    "seq",
)
VALUES = (
    "action",
    "op",
    "channel",
    "short_description",
    "description",
    "anchor",
    "day_kind",
    "wait_before",
    "wait_after",
    "amount_from",
    "amount_to",
    "min_threshold",
    "next_ok",
    "next_ko",
)
COLUMNS = IDENTITY + VALUES


@dataclass(frozen=True)
class Change:
    """``kind``: added, removed or changed; ``old`` and ``new`` rows (None where there
    is none); ``columns``: (column, old value, new value) of what differs."""

    kind: str
    identity: tuple
    old: dict | None = None
    new: dict | None = None
    columns: tuple[tuple[str, object, object], ...] = ()


def identity(row):
    """What makes a row the same in two tables."""
    return tuple(_plain(row.get(name)) for name in IDENTITY)


def _plain(value):
    """Nothing is nothing, whether written as None, False or an empty text."""
    if isinstance(value, bool) or value is None:
        return value or ""
    return value


def _same(one, two):
    one, two = _plain(one), _plain(two)
    numbers = (int, float, Decimal)
    if isinstance(one, numbers) or isinstance(two, numbers):
        return Decimal(str(one or 0)) == Decimal(str(two or 0))
    return one == two


def differences(old, new):
    """((column, old, new), ...) of two rows, in the order of the columns."""
    return tuple(
        (name, old.get(name), new.get(name))
        for name in COLUMNS
        if not _same(old.get(name), new.get(name))
    )


def duplicates(rows):
    """Identities that more than one of ``rows`` has."""
    seen, twice = set(), []
    for row in rows:
        key = identity(row)
        if key in seen and key not in twice:
            twice.append(key)
        seen.add(key)
    return twice


def diff(old_rows, new_rows):
    """The changes that make ``old_rows`` into ``new_rows``, in the order of the sets.

    Of rows with the same identity the last counts; see :func:`duplicates`.
    """
    old = {identity(row): row for row in old_rows}
    new = {identity(row): row for row in new_rows}
    changes = []
    for key in sorted(old.keys() | new.keys(), key=_order):
        before, after = old.get(key), new.get(key)
        if before is None:
            changes.append(Change("added", key, new=after))
        elif after is None:
            changes.append(Change("removed", key, old=before))
        else:
            columns = differences(before, after)
            if columns:
                changes.append(Change("changed", key, before, after, columns))
    return tuple(changes)


def _order(key):
    return (*(str(part) for part in key[:-1]), int(key[-1] or 0))
