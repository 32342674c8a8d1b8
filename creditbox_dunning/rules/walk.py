"""What comes next on the ladder: one walk of one case along its rows on one day."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from .channels import usable_channels
from .clock import Clock, until
from .coverage import amount_for, lines_for, reactivation_due
from .facts import (
    CUTS,
    FIRST_WORK_ACTION,
    FORMAL_OPS,
    IMPOSSIBLE,
    MAX_WAIT,
    Decision,
    Reason,
    Verdict,
)
from .ladder import Ladder, Try

ONE_DAY = timedelta(days=1)
# anchors that the calendar alone cannot give: somebody has to tell the day
WAITS_FOR = {
    "plan": "waits_plan",
    "op_done": "waits_operation",
    "payment": "waits_payment",
}
WHY = {
    "plan": "after_plan",
    "op_done": "after_operation",
    "payment": "after_payment",
}
# events that are no row of their own: they decide the set, or date a payment
NO_ROW = frozenset({"reactivate", "payment"})


@dataclass(frozen=True)
class Pick:
    """What a step comes to: ``kind`` execute, skip, park, stop, unknown (its day), held
    (its bills) or search (somebody must find something first)."""

    kind: str
    tried: Try
    reason: Reason | None = None
    channels: tuple[str, ...] = ()
    verdict: Verdict | None = None

    @property
    def rule(self):
        return self.tried.rule


class Walk:
    """``facts`` on ``today`` along ``rows``; ``decide`` gives the Decision."""

    def __init__(self, facts, rows, today, shift, guard):
        self.today, self._shift, self._guard = today, shift, guard
        self.facts = facts
        self.ladder = Ladder(facts, rows, today)
        self.clock = Clock(facts.holds, today)
        self._views = {
            technical: self.clock.free(facts, technical) for technical in (False, True)
        }
        self._verdicts = {}
        self._days = {}
        self._released = reactivation_due(facts)
        self._acted = any(
            done.executed and done.executed >= today and done.state != "skipped"
            for done in facts.done
        )

    def decide(self):
        """The first row from the cursor on that has something to say."""
        if self.ladder.stuck:
            rule, reason = self.ladder.stuck
            return Decision("stop", rule, reasons=(reason,))
        return self._event() or self._go()

    def _view(self, rule):
        """The facts as ``rule`` may look at them: held bills are not there."""
        return self._views[rule.is_technical]

    # rows that an event starts

    def _event(self):
        """What an event has to say today, or None."""
        wanted = [(event.date, event.kind) for event in self.facts.events]
        if self.ladder.wanted:
            kind, day = self.ladder.wanted
            wanted.append((day, kind))
        for day, kind in sorted(wanted):
            rule = None if kind in NO_ROW else self.ladder.row_for(kind)
            if rule is None:
                continue
            pick = self._pick([Try(rule)])
            if pick.kind not in ("execute", "held"):
                continue
            earliest = self._not_today(self._shifted(day, rule))
            reason = Reason.of("after_event", date=day)
            return self._answer(pick, earliest, (), reason)
        return None

    # the ladder

    def _go(self):
        skipped, ahead = [], []
        for index in range(self.ladder.cursor, len(self.ladder.steps)):
            tries = self._tries(index)
            if not tries:
                continue
            pick = self._pick(tries)
            earliest = self._earliest(pick.tried)
            if pick.kind == "skip" and earliest and earliest > self.today:
                ahead.append((tries, earliest, pick.reason))
                continue
            if pick.kind == "execute" and self._is_overtaken(pick, index, earliest):
                pick = Pick("skip", pick.tried, Reason.of("overtaken"))
            if pick.kind == "skip":
                skipped += self._skips(tries, pick.reason)
                continue
            is_today = earliest and earliest <= self.today
            if is_today and pick.kind != "unknown":
                # whatever lay between is now behind
                for between, _date, reason in ahead:
                    skipped += self._skips(between, reason)
            return self._answer(pick, earliest, tuple(skipped))
        return self._end(ahead, tuple(skipped))

    def _tries(self, index):
        """What may be done on a step. Giving back is for supplies that are off: in a
        set that serves every state its row is passed by, not used up."""
        if index in self.ladder.passed:
            return []
        is_off = self._released or self.facts.key.supply_state == "to_reactivate"
        return [
            one
            for one in self.ladder.open_tries(index)
            if is_off or one.rule.op != "reactivate"
        ]

    def _end(self, ahead, skipped):
        if ahead:
            tries, earliest, reason = ahead[0]
            return Decision("wait", tries[0].rule, earliest, (reason,), skipped=skipped)
        return Decision("stop", reasons=(Reason.of("end_of_table"),), skipped=skipped)

    def _skips(self, tries, reason):
        """Rows passed over for good; what was tried before is history already."""
        known = self.ladder.tries
        fresh = [one.rule for one in tries if not known.get(one.rule.id)]
        for rule in fresh:
            self.ladder.note_skip(rule)
        return [Decision("skip", rule, self.today, (reason,)) for rule in fresh]

    def _answer(self, pick, earliest, skipped, why=None):
        """The decision for ``pick``, whose own day is ``earliest``."""
        if pick.kind in ("unknown", "search", "held"):
            day = None
            if pick.kind == "held":
                day = until(self.clock.stops_lines(pick.rule.is_technical))
            return Decision("wait", pick.rule, day, (pick.reason,), skipped=skipped)
        why = why or self._why(pick.tried)
        if pick.kind != "execute":
            if earliest <= self.today:
                return Decision(
                    pick.kind, pick.rule, reasons=(pick.reason,), skipped=skipped
                )
            reasons = (why, pick.reason)
            return Decision("wait", pick.rule, earliest, reasons, skipped=skipped)
        day, reasons = self._lawful(pick, earliest, why)
        if day is None or day > self.today:
            return Decision(
                "wait",
                pick.rule,
                day,
                reasons,
                skipped=skipped,
                verdict=pick.verdict,
                attempt=pick.tried.attempt,
            )
        return self._execute(pick, reasons, skipped)

    def _lawful(self, pick, earliest, why):
        """(day or None, reasons): the table's day, the law's and the holds' together.

        None: nobody knows the day yet.
        """
        verdict, reasons = pick.verdict, (why,)
        day = max(earliest, verdict.earliest or earliest)
        if verdict.blocked:
            # looked at again when the table's day comes, or on the day the law names
            reasons = (*reasons, *verdict.reasons)
            day = day if day > self.today else None
        elif verdict.earliest and verdict.earliest > earliest:
            reasons = (*reasons, *verdict.reasons)
        hold = self.clock.stops(pick.rule.is_technical)
        if hold and pick.rule.op != "reactivate":
            reasons = (*reasons, Reason.of("on_hold", reason=hold.reason))
            end = until(hold)
            day = max(day, end) if day and end else None
        if day and day > self.today and pick.rule.op in CUTS:
            return self._open_day(pick.rule, day, reasons)
        return day, reasons

    def _open_day(self, rule, day, reasons):
        """(day, reasons) of a cut to come: the day that is told is one on which it may
        be done, not the Friday from which the guard would move it then."""
        later = self._guard(rule, self._view(rule), day)
        if later.blocked or not later.earliest or later.earliest <= day:
            return day, reasons
        new = (reason for reason in later.reasons if reason not in reasons)
        return later.earliest, (*reasons, *new)

    def _execute(self, pick, reasons, skipped):
        rule, view = pick.rule, self._view(pick.rule)
        lines = lines_for(rule, view, self.today, self.shift, self._own_time)
        lawful = pick.verdict and pick.verdict.lines
        if lawful is not None:
            lines = tuple(line for line in lines if line in lawful)
        if not lines and rule.op != "reactivate":
            is_water = rule.op == "default" and view.key.service == "water"
            code = "no_first_reminder" if is_water else "nothing_noticed"
            return Decision("stop", rule, reasons=(Reason.of(code),), skipped=skipped)
        attempt = pick.tried.attempt
        if attempt > 1:
            reasons = (*reasons, Reason.of("another_attempt", number=attempt))
        return Decision(
            "execute",
            rule,
            self.today,
            reasons=reasons,
            channels=pick.channels,
            lines=lines,
            skipped=skipped,
            verdict=pick.verdict,
            attempt=attempt,
        )

    # days

    def shift(self, day, count, day_kind):
        return self._shift(day, max(-MAX_WAIT, min(MAX_WAIT, count)), day_kind)

    def _shifted(self, day, rule):
        return self.shift(day, rule.wait_before, rule.day_kind)

    def _own_time(self, line, rule):
        """The day on which ``rule`` may list ``line``, clocks that stood included."""
        end = self._shifted(line.due, rule)
        return self.clock.stretch(line.due, end, rule.is_technical, line.id)

    def _first_due(self, rule):
        """(own time, due date) of the bill whose time comes first."""
        if rule.id not in self._days:
            owed = [line for line in self._view(rule).lines if line.residual > 0]
            if owed and not self.clock.stood_still:
                # what fell due first has its time first
                owed = [min(owed, key=lambda line: line.due)]
            self._days[rule.id] = min(
                ((self._own_time(line, rule), line.due) for line in owed), default=None
            )
        return self._days[rule.id]

    def _prev_end(self, rule):
        """End of the waits after what was done, or None when nothing was."""
        if not self.ladder.waits:
            return None
        # a row that is passed over may add a wait: then it is another question
        is_plan, is_technical = rule.anchor == "plan", rule.is_technical
        key = "waits", len(self.ladder.waits), is_plan, is_technical
        if key not in self._days:
            self._days[key] = self._end_of_waits(is_plan, is_technical)
        return self._days[key]

    def _end_of_waits(self, is_plan, is_technical):
        ends = []
        for wait in self.ladder.waits:
            if is_plan and wait.op == "list":
                continue
            end = self.shift(wait.start, wait.days, wait.day_kind)
            ends.append(self.clock.stretch(wait.start, end, is_technical))
        return max(ends, default=None)

    def _anchor(self, rule):
        """The day from which the row counts; None when nobody has told it."""
        if rule.anchor == "plan":
            return self.facts.planned_on
        if rule.anchor == "op_done":
            return self.facts.op_done
        if rule.anchor == "payment":
            paid = [e.date for e in self.facts.events if e.kind == "payment"]
            return max(paid, default=self.today) if self._released else None
        if rule.anchor == "prev_end":
            return self._prev_end(rule) or self._view(rule).due
        return self._view(rule).due

    def _table_day(self, rule):
        """The row's own day by the table; None when its anchor is not known."""
        if rule.op == "reactivate":
            # what is paid is given back at once, however the wait is written
            return self.today if self._released else None
        if rule.anchor == "due":
            first = self._first_due(rule)
            return first and first[0]
        anchor = self._anchor(rule)
        if anchor is None:
            return None
        end = self._shifted(anchor, rule)
        if rule.anchor == "plan":
            return end
        return self.clock.stretch(anchor, end, rule.is_technical)

    def _earliest(self, tried):
        rule = tried.rule
        own = self._table_day(rule)
        if own is None:
            return None
        days = [own, tried.not_before]
        if rule.op != "reactivate":
            days.append(self._prev_end(rule))
        return self._not_today(max(day for day in days if day))

    def _not_today(self, day):
        """One step a day."""
        return max(day, self.today + ONE_DAY) if self._acted else day

    def _why(self, tried):
        rule = tried.rule
        if rule.op == "reactivate":
            return Reason.of("after_payment", date=self._anchor(rule) or self.today)
        own, prev_end = self._table_day(rule), self._prev_end(rule)
        if tried.not_before and tried.not_before >= max(own, prev_end or own):
            return Reason.of("after_failure", date=tried.not_before)
        if prev_end and prev_end >= own and rule.op != "reactivate":
            return Reason.of("after_previous", date=prev_end)
        code, anchor = WHY.get(rule.anchor, "after_due"), self._anchor(rule)
        if rule.anchor == "prev_end" and prev_end:
            code = "after_previous_wait"
        elif rule.anchor == "due":
            anchor = self._first_due(rule)[1]
        return Reason.of(
            code, date=anchor, days=rule.wait_before, day_kind=rule.day_kind
        )

    def _is_overtaken(self, pick, index, earliest):
        """A reminder is pointless when a later row is due today as well."""
        if not pick.rule.is_courtesy or earliest > self.today:
            return False
        for later in range(index + 1, len(self.ladder.steps)):
            tries = self._tries(later)
            if not tries:
                continue
            other = self._pick(tries)
            if other.rule.anchor != "due":
                return False
            if other.kind == "execute":
                day, _reasons = self._lawful(other, self._earliest(other.tried), None)
                if day and day <= self.today:
                    return True
        return False

    # choice among the rows of a step

    def _pick(self, tries):
        """The :class:`Pick` among the alternatives of a step."""
        if tries[0].rule.op == "reactivate":
            return self._pick_back(tries[0])
        known = [one for one in tries if self._table_day(one.rule) is not None]
        if not known:
            return self._pick_unknown(tries[0])
        first = known[0]
        if self._is_held(first.rule):
            hold = self.clock.stops_lines(first.rule.is_technical)
            return Pick("held", first, Reason.of("bills_on_hold", reason=hold.reason))
        amounts = {
            one.rule.id: amount_for(one.rule, self._view(one.rule)) for one in known
        }
        enough = [o for o in known if amounts[o.rule.id] >= o.rule.min_threshold]
        if not enough:
            floor = min(one.rule.min_threshold for one in known)
            return Pick("park", first, Reason.of("below_threshold", amount=floor))
        loose = self.facts.unallocated
        if first.rule.is_technical and 0 < amounts[first.rule.id] <= loose:
            # nobody is cut off for what may be paid already
            return Pick("park", first, Reason.of("unallocated_payment", amount=loose))
        in_band = [o for o in enough if _in_band(o.rule, amounts[o.rule.id])]
        if not in_band:
            return Pick("skip", first, Reason.of("out_of_band"))
        return self._pick_channel(in_band)

    def _pick_back(self, tried):
        if self._table_day(tried.rule) is None:
            return self._pick_unknown(tried)
        channels, _lacks = usable_channels(tried.rule.channel, self.facts.missing)
        return Pick("execute", tried, None, channels, self._verdict(tried.rule))

    def _pick_unknown(self, tried):
        rule = tried.rule
        if rule.op == "reactivate":
            return Pick("unknown", tried, Reason.of("waits_payment"))
        if rule.anchor not in WAITS_FOR:
            # every bill that the row could look at is held
            hold = self.clock.stops_lines(rule.is_technical)
            if hold:
                reason = Reason.of("bills_on_hold", reason=hold.reason)
                return Pick("held", tried, reason)
        code = WAITS_FOR.get(rule.anchor, "nothing_noticed")
        return Pick("unknown", tried, Reason.of(code))

    def _pick_channel(self, tries):
        missing, impossible = [], None
        for one in tries:
            if one.waits:
                continue
            channels, lacks = usable_channels(
                one.rule.channel, self.facts.missing, one.without
            )
            if not channels:
                missing += lacks
                continue
            verdict = self._verdict(one.rule)
            impossible = _impossible(verdict)
            if not impossible:
                return Pick("execute", one, None, channels, verdict)
        if impossible:
            return Pick("skip", tries[0], impossible)
        for one in tries:
            if one.waits:
                return Pick("search", one, one.waits)
        # the first thing that lacks is the one worth telling
        reason = Reason.of(missing[0]) if missing else Reason.of("no_channel")
        kind = "stop" if tries[0].rule.is_formal else "skip"
        return Pick(kind, tries[0], reason)

    def _verdict(self, rule):
        if rule.id not in self._verdicts:
            view = self._view(rule)
            self._verdicts[rule.id] = self._guard(rule, view, self.today)
        return self._verdicts[rule.id]

    def _is_held(self, rule):
        """Every bill that the row looks at is held, or credits cover the others."""
        view = self._view(rule)
        if view is self.facts:
            return False
        if rule.action < FIRST_WORK_ACTION or not view.has_formal_notice:
            return view.amount <= 0
        noticed = [line for line in view.lines if line.covered & FORMAL_OPS]
        return sum((line.residual for line in noticed), Decimal(0)) <= 0


def _in_band(rule, amount):
    return rule.amount_from <= amount and (
        not rule.amount_to or amount <= rule.amount_to
    )


def _impossible(verdict):
    """The guard's reason why this supply can never have the step, or None."""
    if not verdict.blocked:
        return None
    return next((r for r in verdict.reasons if r.code in IMPOSSIBLE), None)
