"""What the holds of a case do on one day: what stops, which bills, how waits grow.

A hold can only make a step later. The legal guard counts its own terms and is asked
apart: no hold makes a legal term run backwards.
"""

from dataclasses import replace
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


class Clock:
    """The holds of one case on ``today``. ``technical`` in the methods: for a step that
    prepares or carries out a cut, which holds ``technical`` stop as well."""

    def __init__(self, holds, today):
        self.today = today
        self._active = [hold for hold in holds if hold.is_active(today)]
        # clocks that stood still, over or not; what is still to come stops nothing yet
        self._still = [
            hold
            for hold in holds
            if hold.clock == "stop" and (not hold.start or hold.start <= today)
        ]

    @property
    def stood_still(self):
        """True when a wait may have to be longer because of some hold."""
        return bool(self._still)

    def stops(self, technical):
        """The hold of the whole case that lasts longest, or None."""
        return self.longest(
            hold for hold in self._stopping(technical) if hold.lines is None
        )

    def stops_lines(self, technical):
        """The hold on single bills that ends first, or None."""
        holds = [hold for hold in self._stopping(technical) if hold.lines is not None]
        return min(holds, key=_end, default=None)

    def free(self, facts, technical):
        """``facts`` without the bills that are held: the step does not see them."""
        if not self._active:
            return facts
        held = {
            line_id
            for hold in self._stopping(technical)
            if hold.lines is not None
            for line_id in hold.lines
        }
        if not held:
            return facts
        lines = tuple(line for line in facts.lines if line.id not in held)
        return replace(facts, lines=lines)

    def stretch(self, start, end, technical, line_id=None):
        """``end`` of a wait that began on ``start``, later by the days that the clock
        stood still in between. ``line_id``: of one bill, which has holds of its own."""
        if not self._still:
            return end
        spans = sorted(
            (hold.start or date.min, min(hold.until or self.today, self.today))
            for hold in self._still
            if (hold.stops == "all" or technical)
            and (hold.lines is None or line_id in hold.lines)
        )
        counted = start  # days up to here are counted already
        for first, last in spans:
            first = max(first, counted + ONE_DAY)
            if first > end:
                break
            if last >= first:
                end += last - first + ONE_DAY
                counted = last
        return end

    def _stopping(self, technical):
        return [hold for hold in self._active if technical or hold.stops == "all"]

    @staticmethod
    def longest(holds):
        return max(holds, key=_end, default=None)


def _end(hold):
    return (hold.until is None, hold.until or date.min, hold.reason)


def until(hold):
    """The day after the hold, or None when nobody knows."""
    return hold.until + ONE_DAY if hold.until and hold.until < date.max else None
