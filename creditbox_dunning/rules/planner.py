"""What happens next to a case, when, and why.

``plan`` is pure (no database, no clock), total (an answer for any facts and any rows)
and deterministic. Called again on the same day after its answer was carried out it
changes nothing. It proposes by the table only; what the law forbids is the legal
guard's business.

How a case walks its set of rows:

* rows are taken in order of ``seq``; rows of one step (same tens) are alternatives by
  channel, the first that can be used is taken, the others only if it fails;
* a row is due ``wait_before`` days after its anchor and never before the ``wait_after``
  of the previous action has run out;
* at most one action a day; a reminder that a later due row overtakes is skipped;
* a formal notice is never passed over: without a usable channel the case stops and
  asks for a person.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from .coverage import lines_for
from .facts import (
    MAX_WAIT,
    CaseFacts,
    Decision,
    Done,
    Guard,
    Reason,
    Rule,
    Shift,
    Verdict,
)
from .sets import choose_set

ONE_DAY = timedelta(days=1)
# anchors that the calendar alone cannot give: somebody has to tell
FOREIGN_ANCHORS = {
    "plan": "waits_plan",
    "op_done": "waits_operation",
    "payment": "waits_payment",
}
# channels that are always there: they are work lists, not addresses
WORK_CHANNELS = frozenset({"task", "file", "event", ""})
TECHNICAL_ACTION = 7
FIRST_WORK_ACTION = 6


def no_guard(_rule, _facts, _today) -> Verdict:
    """A guard that allows everything: for tables tried out without the law."""
    return Verdict()


def plan(
    facts: CaseFacts, rules, today: date, shift: Shift, guard: Guard = no_guard
) -> Decision:
    """The decision for ``facts`` on ``today`` by the table ``rules``."""
    rows, notes = choose_set(rules, facts.key)
    return plan_rows(facts, rows, notes, today, shift, guard)


def plan_rows(facts, rows, notes, today, shift, guard: Guard = no_guard) -> Decision:
    """:func:`plan` for a set already chosen (the run keeps the sets by key)."""
    early = _before_the_table(facts, notes, today)
    if early:
        return early
    if not rows:
        return Decision("stop", reasons=tuple(notes))
    walk = _Walk(facts, rows, today, shift, guard)
    pending = walk.pending()
    if pending:
        rule, reason = pending
        return Decision("wait", rule=rule, reasons=(reason, *notes))
    decision = walk.go()
    return Decision(
        decision.kind,
        rule=decision.rule,
        date=decision.date,
        reasons=(*decision.reasons, *notes),
        channels=decision.channels,
        lines=decision.lines,
        skipped=decision.skipped,
    )


def is_outdated(done: Done, rows):
    """True for a technical action still open that the present set does not have.

    It happens when the supply is switched out or its class changes: the order must be
    withdrawn.
    """
    return (
        done.state == "open"
        and done.action == TECHNICAL_ACTION
        and done.rule_id not in {rule.id for rule in rows}
    )


def _before_the_table(facts, notes, today):
    """The answer when the table need not be asked, or None."""
    if not any(line.residual > 0 for line in facts.lines):
        return Decision("close", reasons=(Reason.of("paid"),))
    amount = facts.amount
    if amount <= 0:
        return Decision("park", reasons=(Reason.of("covered_by_credits"), *notes))
    holds = [h for h in facts.holds if h.until is None or h.until >= today]
    if holds:
        hold = max(holds, key=lambda h: (h.until is None, h.until or date.min))
        until = hold.until and hold.until + ONE_DAY
        reason = Reason.of("on_hold", reason=hold.reason)
        return Decision("wait", date=until, reasons=(reason, *notes))
    if facts.unallocated >= amount:
        reason = Reason.of("unallocated_payment", amount=facts.unallocated)
        return Decision("park", reasons=(reason, *notes))
    return None


@dataclass(frozen=True)
class _Pick:
    """What a step comes to: ``kind`` execute, skip, park or stop."""

    kind: str
    rule: Rule
    reason: Reason | None = None
    channels: tuple[str, ...] = ()


def _steps(rows):
    """The ladder: rows in order, those of one step together, event rows left out."""
    steps = {}
    for rule in sorted(rows, key=lambda rule: (rule.seq, rule.id)):
        if not rule.is_event:
            steps.setdefault(rule.step, []).append(rule)
    return [tuple(step) for step in steps.values()]


class _Walk:
    """One walk of one case along its rows on one day."""

    def __init__(self, facts, rows, today, shift, guard):
        self.facts, self.today, self._shift = facts, today, shift
        self._guard = guard
        self.rows = {rule.id: rule for rule in rows}
        self.steps = _steps(rows)
        self.state = {}  # rule id -> state of its action
        self.passed = set()  # indexes of steps that are over
        self.prev_end = None
        self.cursor = 0
        self.stuck = None  # formal notice that failed on every channel
        for done in facts.done:
            self._replay(done)

    # what was done

    def shift(self, day, count, day_kind):
        return self._shift(day, max(-MAX_WAIT, min(MAX_WAIT, count)), day_kind)

    def _replay(self, done):
        index, rule = self._find(done)
        if rule is None or is_outdated(done, self.rows.values()):
            return
        self.state[rule.id] = done.state
        if done.state == "done":
            end = self._wait_end(done, rule)
            self.prev_end = max(self.prev_end, end) if self.prev_end else end
        tried = all(r.id in self.state for r in self.steps[index])
        if done.state not in ("done", "open") and not tried:
            return  # a failed channel leaves its alternatives
        self.passed.add(index)
        self.stuck = rule if self._is_formal_failure(index) else self.stuck
        ok = done.state == "done" and done.positive
        jump = rule.next_ok if ok else rule.next_ko
        if jump is not None and done.state != "skipped":
            self.cursor = self._index_of(jump)
            self.stuck = None
        elif index >= self.cursor:
            self.cursor = index + 1

    def _is_formal_failure(self, index):
        states = [self.state.get(rule.id) for rule in self.steps[index]]
        is_formal = any(rule.is_formal for rule in self.steps[index])
        return is_formal and "failed" in states and not {"done", "open"} & set(states)

    def _find(self, done):
        """(index of the step, row) that ``done`` stands for, or (None, None).

        A row of another set (the key changed) or a past notice stands for the first
        row with the same operation that is not done; a formal notice is the same by
        PEC and by registered letter.
        """
        for index, step in enumerate(self.steps):
            for rule in step:
                if rule.id == done.rule_id:
                    return index, rule
        if done.rule_id in self.rows:
            return None, None  # an event row
        for index, step in enumerate(self.steps):
            if index in self.passed:
                continue
            for rule in step:
                same_action = rule.action == done.action or rule.is_formal
                if rule.op == done.op and same_action and rule.id not in self.state:
                    return index, rule
        return None, None

    def _wait_end(self, done, rule):
        effective = done.effective or done.executed or self.today
        return self.shift(effective, max(0, rule.wait_after), rule.day_kind)

    def _index_of(self, seq):
        for index, step in enumerate(self.steps):
            if step[-1].seq >= seq:
                return index
        return len(self.steps)

    def pending(self):
        """(row, reason) of the action that waits for somebody, or None."""
        for done in self.facts.done:
            if done.state == "open" and not is_outdated(done, self.rows.values()):
                reason = Reason.of(done.waits_for or "waits_person")
                return self.rows.get(done.rule_id), reason
        return None

    # what comes next

    def go(self):
        """The decision: the first row from the cursor on that has something to say."""
        if self.stuck:
            return Decision("stop", self.stuck, reasons=(Reason.of("notice_failed"),))
        skipped, ahead = [], []
        for index in range(self.cursor, len(self.steps)):
            if index in self.passed:
                continue
            rows = [rule for rule in self.steps[index] if rule.id not in self.state]
            pick = self._pick(rows)
            if pick.kind == "foreign":
                return Decision(
                    "stop", pick.rule, reasons=(pick.reason,), skipped=tuple(skipped)
                )
            earliest = self._earliest(pick.rule)
            if earliest > self.today:
                if pick.kind != "skip":
                    reasons = (
                        self._why(pick.rule),
                        *([pick.reason] * bool(pick.reason)),
                    )
                    return Decision(
                        "wait", pick.rule, earliest, reasons, skipped=tuple(skipped)
                    )
                ahead.append((rows, earliest, pick.reason))
                continue
            if pick.kind == "execute" and self._is_overtaken(pick.rule, index):
                pick = _Pick("skip", pick.rule, Reason.of("overtaken"))
            if pick.kind == "skip":
                skipped += self._skips(rows, pick.reason)
                continue
            # whatever lay between is now behind
            for between, _date, reason in ahead:
                skipped += self._skips(between, reason)
            return self._act(pick, tuple(skipped))
        return self._end(ahead, tuple(skipped))

    def _end(self, ahead, skipped):
        if ahead:
            rows, earliest, reason = ahead[0]
            return Decision("wait", rows[0], earliest, (reason,), skipped=skipped)
        return Decision("stop", reasons=(Reason.of("end_of_table"),), skipped=skipped)

    def _act(self, pick, skipped):
        if pick.kind != "execute":
            return Decision(
                pick.kind, pick.rule, reasons=(pick.reason,), skipped=skipped
            )
        lines = lines_for(pick.rule, self.facts, self.today, self.shift)
        if not lines:
            reason = Reason.of("no_first_reminder")
            return Decision("stop", pick.rule, reasons=(reason,), skipped=skipped)
        return Decision(
            "execute",
            pick.rule,
            self.today,
            reasons=(self._why(pick.rule),),
            channels=pick.channels,
            lines=lines,
            skipped=skipped,
        )

    def _skips(self, rows, reason):
        return [Decision("skip", rule, self.today, (reason,)) for rule in rows]

    def _anchor(self, rule):
        if rule.anchor == "prev_end":
            return self.prev_end or self.facts.due
        return self.facts.due

    def _earliest(self, rule):
        earliest = self.shift(self._anchor(rule), rule.wait_before, rule.day_kind)
        if self.prev_end:
            earliest = max(earliest, self.prev_end)
        if self._acted_today():
            earliest = max(earliest, self.today + ONE_DAY)
        return earliest

    def _acted_today(self):
        return any(
            done.executed and done.executed >= self.today and done.state != "skipped"
            for done in self.facts.done
        )

    def _why(self, rule):
        anchor = self._anchor(rule)
        code = "after_due"
        own = self.shift(anchor, rule.wait_before, rule.day_kind)
        if self.prev_end and self.prev_end >= own:
            return Reason.of("after_previous", date=self.prev_end)
        if rule.anchor == "prev_end" and self.prev_end:
            code = "after_previous_wait"
        return Reason.of(
            code, date=anchor, days=rule.wait_before, day_kind=rule.day_kind
        )

    def _is_overtaken(self, rule, index):
        """A reminder is pointless when a later row is due today as well."""
        if not rule.is_courtesy:
            return False
        for later in range(index + 1, len(self.steps)):
            if later in self.passed:
                continue
            pick = self._pick(self.steps[later])
            if pick.kind == "foreign" or pick.rule.anchor != "due":
                return False
            if pick.kind == "execute" and self._earliest(pick.rule) <= self.today:
                return True
        return False

    # choice among the rows of a step

    def _amount_for(self, rule):
        covered = self.facts.notice_amount
        if rule.action >= FIRST_WORK_ACTION and covered is not None:
            return covered
        return self.facts.amount

    def _pick(self, rows):
        first = rows[0]
        rows = [rule for rule in rows if rule.anchor not in FOREIGN_ANCHORS]
        if not rows:
            return _Pick("foreign", first, Reason.of(FOREIGN_ANCHORS[first.anchor]))
        first = rows[0]
        enough = [r for r in rows if self._amount_for(r) >= r.min_threshold]
        if not enough:
            floor = min(rule.min_threshold for rule in rows)
            return _Pick("park", first, Reason.of("below_threshold", amount=floor))
        in_band = [r for r in enough if self._in_band(r)]
        if not in_band:
            return _Pick("skip", first, Reason.of("out_of_band"))
        missing = []
        for rule in in_band:
            channels, lacks = usable_channels(rule.channel, self.facts.missing)
            if channels:
                return _Pick("execute", rule, None, channels)
            missing += lacks
        # the first thing that lacks is the one worth telling
        reason = Reason.of(missing[0])
        kind = "stop" if in_band[0].is_formal else "skip"
        return _Pick(kind, in_band[0], reason)

    def _in_band(self, rule):
        amount = self._amount_for(rule)
        return rule.amount_from <= amount and (
            not rule.amount_to or amount <= rule.amount_to
        )


def usable_channels(channel, missing):
    """(channels to use, reason codes of what lacks) for a row's channel expression.

    ``a|b`` = the first that can be used; ``a+b`` = both (of which at least one must be
    usable). Work channels (task, file) can always be used.
    """
    lacks = []
    for alternative in (channel or "").split("|"):
        parts = [part.strip() for part in alternative.split("+")]
        usable = tuple(p for p in parts if p in WORK_CHANNELS or p not in missing)
        if usable:
            return usable, ()
        lacks += [missing[part] for part in parts]
    return (), tuple(lacks)
