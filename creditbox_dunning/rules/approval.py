"""Who has to decide, and what exactly was decided: no database here.

Levels: 0 = nobody (it is carried out), 1 operator, 2 credit manager, 3 director of the
company, 4 head company of the group.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

HIGHEST_LEVEL = 4
# what no row of the matrix mentions is not free: a director looks at it
UNKNOWN_LEVEL = 3


@dataclass(frozen=True)
class Ask:
    """What is to be decided.

    ``action``: code of the action type, 0 for the other subjects. ``amount`` in the
    company's currency, ``discount`` in percent of the capital.
    """

    subject: str
    action: int = 0
    op: str = ""
    amount: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)


@dataclass(frozen=True)
class MatrixRow:
    """One row of the matrix. Empty or zero = any; both ends of a band are inside."""

    subject: str
    level: int
    action: int = 0
    op: str = ""
    amount_from: Decimal = Decimal(0)
    amount_to: Decimal = Decimal(0)
    discount_from: Decimal = Decimal(0)
    discount_to: Decimal = Decimal(0)

    def matches(self, ask):
        return (
            self.subject == ask.subject
            and self.action in (0, ask.action)
            and self.op in ("", ask.op)
            and _in_band(abs(ask.amount), self.amount_from, self.amount_to)
            and _in_band(ask.discount, self.discount_from, self.discount_to)
        )


def _in_band(value, lowest, highest):
    return value >= lowest and (not highest or value <= highest)


def level_for(rows, ask):
    """Level that ``ask`` needs: the highest of the rows that match it.

    Nothing can be made easier by adding a row, so a group may only be stricter than its
    members. What matches no row needs ``UNKNOWN_LEVEL``.
    """
    levels = [row.level for row in rows if row.matches(ask)]
    return max(levels, default=UNKNOWN_LEVEL)


def canonical(value):
    """``value`` as JSON holds it: the same for equal facts, however written."""
    if isinstance(value, dict):
        return {str(key): canonical(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, (list, tuple)):
        return [canonical(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((canonical(item) for item in value), key=repr)
    if isinstance(value, bool) or value is None or isinstance(value, (int, str)):
        return value
    if isinstance(value, (float, Decimal)):
        return format(Decimal(str(value)).normalize(), "f")
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no fact that can be approved")


def facts_hash(facts):
    """sha256 of the canonical JSON of ``facts``: what an approval is bound to."""
    text = json.dumps(
        canonical(facts), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def changed_facts(before, after):
    """Names of the facts that differ, in alphabetical order."""
    before, after = canonical(before or {}), canonical(after or {})
    names = set(before) | set(after)
    return sorted(name for name in names if before.get(name) != after.get(name))
