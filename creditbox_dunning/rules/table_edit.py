"""Moving rows of a set about, without breaking what their numbers mean.

The number of a row says its place, which rows are alternatives of one step (same tens)
and where others jump to (``next_ok``, ``next_ko``). So a row that is dragged takes its
step along, the tens already in use are dealt out again in the new order, and jumps
follow the row that they pointed to.
"""

from dataclasses import dataclass
from itertools import pairwise

from .facts import FIRST_EVENT_SEQ


@dataclass(frozen=True)
class Row:
    """What moving needs to know of a row."""

    id: int
    seq: int
    next_ok: int = 0
    next_ko: int = 0


def renumber(rows, order):
    """{row id: {column: new value}} after the rows were dragged into ``order``.

    ``rows``: all the Rows of one set; ``order``: their ids as the user left them (ids
    that are no rows of the set are ignored, rows that are left out stay where they
    are). Rows started by events keep their numbers.
    """
    steps = {}
    for row in sorted(rows, key=lambda row: (row.seq, row.id)):
        if row.seq < FIRST_EVENT_SEQ:
            steps.setdefault(row.seq // 10, []).append(row)
    places = _wanted_order(steps, order)
    numbers = {}
    for tens, place in zip(sorted(steps), places, strict=True):
        inside = _inside(steps[place], order)
        units = sorted(row.seq % 10 for row in steps[place])
        for row, unit in zip(inside, units, strict=True):
            numbers[row.id] = tens * 10 + unit
    return _changes(rows, steps, numbers)


def _wanted_order(steps, order):
    """The steps (by their old tens) in the order that the dragging means.

    One row was dragged: its step goes where the row was dropped; the place of every
    other step is that of its first row.
    """
    tens_of = {row.id: tens for tens, rows in steps.items() for row in rows}
    ids = [row_id for row_id in order if row_id in tens_of]
    moved = _moved(ids, {row.id: row.seq for rows in steps.values() for row in rows})
    places = list(dict.fromkeys(tens_of[row_id] for row_id in ids))
    if moved is not None:
        tens, index = tens_of[moved], ids.index(moved)
        before = [tens_of[row_id] for row_id in ids[:index]]
        after = [tens_of[row_id] for row_id in ids[index + 1 :]]
        others = [place for place in sorted(steps) if place != tens]
        at = _drop(tens, before, after, others)
        others.insert(at, tens)
        return others
    return places + [tens for tens in sorted(steps) if tens not in places]


def _drop(tens, before, after, others):
    """Index among ``others`` where the dragged step lands."""
    above = next((t for t in reversed(before) if t != tens), None)
    below = next((t for t in after if t != tens), None)
    if above is not None and above == below:
        # dropped between two alternatives: a step is never torn apart
        return others.index(above) + (above > tens)
    if above is not None:
        return others.index(above) + 1
    return others.index(below) if below is not None else 0


def _moved(ids, seqs):
    """The id that was dragged: without it the others are in their old order."""
    if all(seqs[a] < seqs[b] for a, b in pairwise(ids)):
        return None
    for row_id in ids:
        rest = [other for other in ids if other != row_id]
        if all(seqs[a] < seqs[b] for a, b in pairwise(rest)):
            # of two neighbours that changed places either may have been dragged
            return row_id
    return None


def _inside(rows, order):
    """The alternatives of a step as the user ordered them."""
    place = {row_id: index for index, row_id in enumerate(order)}
    known = iter(
        sorted((row for row in rows if row.id in place), key=lambda r: place[r.id])
    )
    return [next(known) if row.id in place else row for row in rows]


def _changes(rows, steps, numbers):
    targets = _targets(steps, numbers)
    changes = {}
    for row in rows:
        vals = {}
        if numbers.get(row.id, row.seq) != row.seq:
            vals["seq"] = numbers[row.id]
        for name in ("next_ok", "next_ko"):
            jump = getattr(row, name)
            if jump and targets(jump) != jump:
                vals[name] = targets(jump)
        if vals:
            changes[row.id] = vals
    return changes


def _targets(steps, numbers):
    """A function: the number that a jump to an old number has to have now.

    A jump arrives at the first step that ends at or behind it; a jump behind the last
    step means the end and stays.
    """
    rows = [row for step in steps.values() for row in step]
    old_numbers = {row.id: row.seq for row in rows}
    by_seq = {row.seq: row.id for row in rows}

    def target(jump):
        if jump in by_seq:
            return numbers[by_seq[jump]]
        meant = _arrival(old_numbers, jump)
        if not meant or meant == _arrival(numbers, jump):
            return jump
        return min(numbers[row_id] for row_id in meant)

    return target


def _arrival(numbers, jump):
    """The ids of the step at which ``jump`` arrives, by {id: number}."""
    tens = [number // 10 for number in numbers.values() if number >= jump]
    if not tens:
        return frozenset()
    return frozenset(i for i, number in numbers.items() if number // 10 == min(tens))
