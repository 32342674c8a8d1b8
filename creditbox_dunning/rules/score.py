"""The risk points of a customer: from figures, by a table, to a band and its reasons.

A table is rows (measure, from, to, points): each measure takes the points of the row
that its value falls into. More points are worse; zero is the best customer. The sum
gives a band, from A to E. Pure, total (any figures and rows give an answer) and
deterministic. A table without :func:`faults` is monotone: a figure that gets worse
never gives fewer points.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
BANDS = "ABCDE"
# measure -> True when a higher value is worse, False when it is better
MEASURES = {
    "overdue": True,
    "exposure": True,
    "oldest_days": True,
    "days_late": True,
    "dso": True,
    "broken_promises": True,
    "broken_plans": True,
    "returned_debits": True,
    "switches": True,
    "cmor_received": True,
    "cover": False,
    "info_score": False,
}


@dataclass(frozen=True)
class Row:
    """One row: ``measure`` from ``low`` (included) to ``high`` (not included, None =
    no limit) gives ``points``."""

    measure: str
    low: Decimal
    high: Decimal | None
    points: int

    def takes(self, value):
        """Whether ``value`` (Decimal) falls into this row."""
        return self.low <= value and (self.high is None or value < self.high)


@dataclass(frozen=True)
class Table:
    """``rows`` and ``tops``: the highest points of the bands A, B, C and D."""

    rows: tuple[Row, ...]
    tops: tuple[int, int, int, int]


@dataclass(frozen=True)
class Why:
    """``points`` that ``measure`` gave, with its ``value`` and the row's limits."""

    measure: str
    value: Decimal
    points: int
    low: Decimal
    high: Decimal | None


@dataclass(frozen=True)
class Score:
    """``reasons``: what gave points, the heaviest first."""

    points: int
    band: str
    reasons: tuple[Why, ...] = ()


def rate(values: Mapping, table: Table) -> Score:
    """The :class:`Score` of ``values`` ({measure: number or None}).

    What is not known (None, or not there) gives no points; below zero counts as zero
    (a customer in credit). Of rows that overlap the first one counts.
    """
    reasons = []
    for measure in MEASURES:
        value = values.get(measure)
        if value is None:
            continue
        value = max(Decimal(value), ZERO)
        for row in table.rows:
            if row.measure == measure and row.takes(value):
                if row.points:
                    reasons.append(Why(measure, value, row.points, row.low, row.high))
                break
    reasons.sort(key=lambda why: -why.points)
    points = sum(why.points for why in reasons)
    return Score(points, band_of(points, table.tops), tuple(reasons))


def band_of(points, tops):
    """The letter of ``points``: A up to the first of ``tops``, E above the last."""
    for letter, top in zip(BANDS, tops, strict=False):
        if points <= top:
            return letter
    return BANDS[-1]


# what is wrong with a table


def faults(table: Table):
    """What keeps ``table`` from being used: (code, params) each.

    ``empty``, ``tops`` (the bands do not rise), ``unknown``, ``upside_down``,
    ``negative``, ``overlap``, ``direction`` (a worse figure would give fewer points).
    """
    found = []
    if not table.rows:
        found.append(("empty", {}))
    if any(one >= two for one, two in zip(table.tops, table.tops[1:], strict=False)):
        found.append(("tops", {}))
    for row in table.rows:
        about = {"measure": row.measure, "low": row.low, "high": row.high}
        if row.measure not in MEASURES:
            found.append(("unknown", about))
        if row.high is not None and row.high <= row.low:
            found.append(("upside_down", about))
        if row.points < 0 or row.low < 0:
            found.append(("negative", about))
    if not found:
        for measure, worse_up in MEASURES.items():
            rows = [row for row in table.rows if row.measure == measure]
            found += _step_faults(measure, rows, worse_up)
    return found


def _step_faults(measure, rows, worse_up):
    """Overlaps and wrong directions among the rows of one measure."""
    edges = {ZERO} | {row.low for row in rows} | {row.high for row in rows}
    found, last = [], None
    for edge in sorted(edges - {None}):
        taken = [row for row in rows if row.takes(edge)]
        if len(taken) > 1:
            found.append(("overlap", {"measure": measure, "low": edge}))
        points = taken[0].points if taken else 0
        if last is not None and (points < last if worse_up else points > last):
            found.append(("direction", {"measure": measure, "low": edge}))
        last = points
    return found


# figures


def dso(exposure, billed, days=365):
    """Days of sales outstanding: ``exposure`` over what was ``billed`` in ``days``.

    One decimal, half up; None when nothing was billed. Never below zero.
    """
    if billed <= 0:
        return None
    return _tenths(max(exposure, ZERO) / billed * days)


def month_ends(today, months):
    """The last days of the ``months`` months before that of ``today``, then ``today``:
    oldest first."""
    first = today.replace(day=1)
    ends = []
    for _month in range(months):
        last = first - timedelta(days=1)
        ends.append(last)
        first = last.replace(day=1)
    return [*reversed(ends), today]


def average_late(weighted, paid):
    """Average days late: ``weighted`` = sum of amount by days late, over ``paid``.

    One decimal, half up; None when nothing was paid.
    """
    return _tenths(weighted / paid) if paid > 0 else None


def cover(guarantee, exposure):
    """Per cent of ``exposure`` that the ``guarantee`` pays; None without exposure."""
    return _tenths(guarantee / exposure * 100) if exposure > 0 else None


def _tenths(value):
    return value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


# what has to be looked at


@dataclass(frozen=True)
class Limits:
    """When a customer is watched. Zero = not looked at.

    ``bands``: letters lost; ``points``: points more; ``overdue``: amount more.
    ``switches``: *more than* so many switches; ``left_debt``: debt of a supply that
    went to another seller, from this amount on.
    """

    bands: int = 1
    points: int = 0
    overdue: Decimal = ZERO
    switches: int = 2
    left_debt: Decimal = Decimal("0.01")


def worsening(before, after, limits: Limits):
    """Why ``after`` is worse than ``before``: ((code, old, new), ...).

    Both are (points, band, overdue). Without ``before`` (None: first valuation)
    nothing got worse.
    """
    if before is None:
        return ()
    found = []
    if limits.bands and BANDS.index(after[1]) - BANDS.index(before[1]) >= limits.bands:
        found.append(("band", before[1], after[1]))
    if limits.points and after[0] - before[0] >= limits.points:
        found.append(("points", before[0], after[0]))
    if limits.overdue and after[2] - before[2] >= limits.overdue:
        found.append(("overdue", before[2], after[2]))
    return tuple(found)


def serial(switches, left_debt, cmor, limits: Limits):
    """Why the contract desk should look at a customer: ((code, figure), ...).

    ``switches``: supplies that went to another seller in the table's months;
    ``left_debt``: what is overdue on them; ``cmor``: requests of former sellers.
    """
    found = []
    if limits.switches and switches > limits.switches:
        found.append(("switches", switches))
    if limits.left_debt and left_debt >= limits.left_debt:
        found.append(("left_debt", left_debt))
    if cmor > 0:
        found.append(("cmor_received", cmor))
    return tuple(found)
