"""Where a case stands on its set of rows, after all that was done in this round.

The history is replayed action by action: each says what is behind, how long the next
row waits and where the case goes on, by the row's ``next_ok`` / ``next_ko`` or, where
these are empty, by the default route of the outcome (``outcomes.py``).
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

from . import outcomes
from .channels import other_channels, usable_channels
from .coverage import is_notice_stale
from .facts import CUTS, TECHNICAL_ACTION, Done, Reason, Rule

# rows that an event may start before their turn: the ladder stays where it stood
STARTED_BY_EVENT = frozenset({"writeoff", "plan"})
# what a cut makes of the supply
OFF_BY = {"reduce": "reduced", "limit": "limited", "suspend": "suspended"}


@dataclass(frozen=True)
class Wait:
    """Nothing before ``days`` after ``start``, because of operation ``op``."""

    start: date
    days: int
    day_kind: str
    op: str


@dataclass(frozen=True)
class Try:
    """A row that may still be done. ``without``: channels tried in vain.
    ``waits``: why it has to wait for somebody first."""

    rule: Rule
    attempt: int = 1
    not_before: date | None = None
    without: frozenset[str] = field(default_factory=frozenset)
    waits: Reason | None = None


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


def steps_of(rows):
    """The ladder: rows in order, those of one step together, event rows left out."""
    steps = {}
    for rule in sorted(rows, key=lambda rule: (rule.seq, rule.id)):
        if not rule.is_event:
            steps.setdefault(rule.step, []).append(rule)
    return [tuple(step) for step in steps.values()]


_PREPARED = {}
_MOST_PREPARED = 1000


def prepare(rows):
    """(rows by id, steps, event rows, first tries by row id) of a set; a run asks it
    for the same few sets again and again, so the last answers are kept."""
    known = _PREPARED.get(id(rows))
    if known and known[0] is rows:
        return known[1]
    events = sorted((r for r in rows if r.is_event), key=lambda r: (r.seq, r.id))
    first = {rule.id: Try(rule) for rule in rows}
    found = {rule.id: rule for rule in rows}, steps_of(rows), events, first
    if isinstance(rows, tuple):
        if len(_PREPARED) >= _MOST_PREPARED:
            _PREPARED.clear()
        _PREPARED[id(rows)] = rows, found
    return found


class Ladder:
    """``cursor``: index of the step to look at next; ``passed``: steps that are over;
    ``waits``: what the next row has to wait for; ``stuck``: (row, reason) when a person
    must decide; ``wanted``: (operation, day) of an event row that an outcome asks for.
    ``before``: {row id: attempts} made before the formal notice had to be sent again.
    """

    def __init__(self, facts, rows, today):
        self.facts, self.today = facts, today
        self.rows, self.steps, self.event_rows, self._first = prepare(rows)
        self.tries = {}
        self.passed = set()
        self.waits = []
        self.cursor = 0
        self.stuck = None
        self.wanted = None
        self.before = {}
        for done in facts.done:
            self._replay(done)
            if done.outcome == "broken" and is_notice_stale(facts, done):
                self._back_to_notice()

    # what may still be done

    def open_tries(self, index):
        """The :class:`Try` of each row of a step that may still be done."""
        found = (self.next_try(rule) for rule in self.steps[index])
        return [one for one in found if one]

    def next_try(self, rule):
        """The next :class:`Try` of a row, or None when it is over."""
        tries = self.tries.get(rule.id)
        if not tries:
            before = self.before.get(rule.id)
            return Try(rule, before + 1) if before else self._first[rule.id]
        last = tries[-1]
        if last.state != "failed":
            return None
        attempt = max(done.attempt for done in tries) + 1
        routes = [outcomes.route_of(done) for done in tries]
        if routes[-1] == outcomes.CHANNEL:
            return self._other_channel(rule, attempt, tries)
        if rule.next_ko is not None:
            return None  # the table says what follows
        if routes[-1] == outcomes.RETRY:
            return self._retry(rule, attempt, last, routes)
        if routes[-1] == outcomes.HEIRS:
            return self._once_known(rule, attempt, last, routes, "heirs")
        if not rule.needs_arrival:
            return None
        if routes[-1] == outcomes.SEARCH:
            return self._once_known(rule, attempt, last, routes, "address_search")
        if routes[-1] == outcomes.RESEND and self._letters_left(routes):
            return Try(rule, attempt)
        return None

    def _other_channel(self, rule, attempt, tries):
        tried = frozenset(
            part.strip() for done in tries for part in done.channel.split("+")
        ) - {""}
        if not tried or not other_channels(rule.channel, tried):
            return None
        return Try(rule, attempt, without=tried)

    def _retry(self, rule, attempt, last, routes):
        policy = self.facts.policy
        if routes.count(outcomes.RETRY) >= policy.work_attempts:
            return None
        again = last.planned or (
            last.executed and last.executed + timedelta(days=policy.work_retry_days)
        )
        return Try(rule, attempt, not_before=again)

    def _letters_left(self, routes):
        letters = {outcomes.SEARCH, outcomes.RESEND, outcomes.HEIRS}
        sent = sum(route in letters for route in routes)
        return sent < self.facts.policy.letter_attempts

    def _once_known(self, rule, attempt, last, routes, code):
        """A second letter when there is another address to send it to."""
        if not self._letters_left(routes):
            return None
        if last.address_changed:
            return Try(rule, attempt)
        days = timedelta(days=self.facts.policy.search_days)
        is_search = code == "address_search"
        if is_search and last.executed and last.executed + days <= self.today:
            return None
        return Try(rule, attempt, waits=Reason.of(code))

    def _has_more(self, index):
        """Whether something is left to try on a step.

        For a letter that must arrive, a row whose channel the customer does not have
        is nothing to wait for.
        """
        tries = self.open_tries(index)
        if not any(rule.needs_arrival for rule in self.steps[index]):
            return bool(tries)
        missing = self.facts.missing
        return any(
            one.attempt > 1
            or usable_channels(one.rule.channel, missing, one.without)[0]
            for one in tries
        )

    def row_for(self, kind):
        """The row that an event ``kind`` starts: an event row, else one of the ladder
        before its turn; None when there is none or it was done already."""
        for rule in self.event_rows:
            if rule.op == kind:
                return None if rule.id in self.tries else rule
        for index, step in enumerate(self.steps):
            for rule in step:
                if rule.op == kind:
                    is_over = index in self.passed or rule.id in self.tries
                    return None if is_over else rule
        return None

    # replay

    def _replay(self, done):
        rule, index = self._find(done)
        if rule is None or is_outdated(done, self.rows.values()):
            return
        self.tries.setdefault(rule.id, []).append(done)
        route = outcomes.route_of(done)
        if done.state == "done":
            self._note_wait(done, rule, route)
        elif done.state == "skipped":
            self.note_skip(rule)
        if index is None:
            self._leave_event(rule, done, route)
            return
        if done.state in ("failed", "skipped") and self._has_more(index):
            return  # a failed channel leaves its alternatives, an order its next try
        self.passed.add(index)
        self._go_on(index, rule, done, route)

    def _find(self, done):
        """(row, index of its step) that ``done`` stands for; no index = an event row.

        A row of another set (the key changed) or a past notice stands for the first
        row with the same operation that is not done; a formal notice is the same by
        PEC and by registered letter.
        """
        for index, step in enumerate(self.steps):
            for rule in step:
                if rule.id == done.rule_id:
                    return rule, index
        own = self.rows.get(done.rule_id)
        if own:
            return own, None
        for index, step in enumerate(self.steps):
            if index not in self.passed:
                for rule in step:
                    if self._is_same(rule, done):
                        return rule, index
        for rule in self.event_rows:
            if rule.op == done.op and rule.id not in self.tries:
                return rule, None
        return None, None

    def _is_same(self, rule, done):
        if rule.op != done.op or rule.id in self.tries:
            return False
        if rule.anchor == "op_done":
            # tells of an operation: what was sent before it is another thing
            since = self.facts.op_done
            if not (since and done.executed and done.executed >= since):
                return False
        return rule.action == done.action or rule.is_formal

    def _note_wait(self, done, rule, route):
        start = done.effective or done.executed or self.today
        days = max(0, rule.wait_after)
        # the list waits for the plan; once there is one, the plan's day counts
        op = "list" if rule.op == "list" and done.planned else ""
        self.waits.append(Wait(start, days, rule.day_kind, op))
        if route == outcomes.AWAIT_PAYMENT:
            days = self.facts.policy.payment_days
            if done.term:
                start, days = done.term, 1
            self.waits.append(Wait(start, days, "solar", ""))

    def note_skip(self, rule):
        """A row that tells of an operation and is left out: its time passes anyway."""
        if rule.anchor == "op_done" and self.facts.op_done:
            days = max(0, rule.wait_before) + max(0, rule.wait_after)
            self.waits.append(Wait(self.facts.op_done, days, rule.day_kind, ""))

    def _leave_event(self, rule, done, route):
        if self.wanted and self.wanted[0] == rule.op:
            self.wanted = None
        jump = self._jump_of(rule, done)
        if jump is not None:
            self.cursor = self._index_of(jump)
        elif route == outcomes.END:
            self.stuck = (rule, Reason.of("uncollectable"))

    def _back_to_notice(self):
        """The notice of default is sent again, and what follows it is done again.

        What came before it is behind; a supply that is cut already is not cut twice.
        """
        first = next(
            (
                index
                for index, step in enumerate(self.steps)
                if index in self.passed and step[0].op == "default"
            ),
            None,
        )
        if first is None:
            return
        off = self.facts.key.supply_state
        for index in range(first, len(self.steps)):
            step = self.steps[index]
            op = step[0].op
            if op in STARTED_BY_EVENT or (
                index in self.passed and OFF_BY.get(op) == off
            ):
                continue  # what was agreed, or cut, stays behind
            self.passed.discard(index)
            for rule in step:
                for done in self.tries.pop(rule.id, ()):
                    self.before[rule.id] = done.attempt
        self.cursor, self.stuck = first, None

    def _jump_of(self, rule, done):
        if done.state in ("skipped", "open"):
            return None
        ok = done.state == "done" and done.positive
        return rule.next_ok if ok else rule.next_ko

    def _go_on(self, index, rule, done, route):
        jump = self._jump_of(rule, done)
        if jump is not None:
            self.cursor = self._index_of(jump)
            self.stuck = None
            return
        if rule.op in STARTED_BY_EVENT and index > self.cursor:
            while self.cursor in self.passed:
                self.cursor += 1
        elif index >= self.cursor:
            self.cursor = index + 1
        if done.state in ("done", "failed"):
            self._take_route(index, rule, done, route)

    def _take_route(self, index, rule, done, route):
        if route == outcomes.SETTLE:
            target = self._ahead(index, "writeoff", "legal")
            self.cursor = index + 1 if target is None else target
        elif route == outcomes.PLAN:
            self.wanted = ("plan", done.effective or done.executed or self.today)
        elif route == outcomes.END:
            self.stuck = (rule, Reason.of("uncollectable"))
        elif done.state == "failed" and self._is_over_in_vain(index):
            self._give_up(index, rule)

    def _is_over_in_vain(self, index):
        last = [
            self.tries[rule.id][-1].state
            for rule in self.steps[index]
            if rule.id in self.tries
        ]
        return not {"done", "open"} & set(last)

    def _give_up(self, index, rule):
        """Nothing more to try on this step: the agency, a person, or the next step."""
        tries = [d for r in self.steps[index] for d in self.tries.get(r.id, ())]
        routes = {outcomes.route_of(done) for done in tries}
        agency = self._ahead(index, "assign")
        no_address = routes & {outcomes.SEARCH, outcomes.RESEND}
        if rule.op in CUTS and outcomes.RETRY in routes:
            code = "work_failed"
        elif rule.op in ("list", "reactivate"):
            code, agency = "work_failed", None
        elif rule.needs_arrival and no_address:
            code = "notice_failed"
        elif any(row.is_formal for row in self.steps[index]):
            code, agency = "notice_failed", None
        else:
            return
        if agency is None:
            self.stuck = (rule, Reason.of(code))
        else:
            self.cursor = agency

    def _ahead(self, index, *ops):
        """Index of the first step after ``index`` with one of ``ops``, in their order
        of preference; None without."""
        for op in ops:
            for later in range(index + 1, len(self.steps)):
                if later not in self.passed and self.steps[later][0].op == op:
                    return later
        return None

    def _index_of(self, seq):
        for index, step in enumerate(self.steps):
            if step[-1].seq >= seq:
                return index
        return len(self.steps)
