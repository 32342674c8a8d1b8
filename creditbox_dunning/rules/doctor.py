"""What is wrong with an action table, found before any customer finds it.

``examine(rules)`` reads a whole table as the planner would walk it and returns
findings. An *error* blocks the publishing of the table: a case would get stuck or be
harmed by it. A *warning* tells what is probably not meant. Pure and total: any rows
give an answer.

What the law says of the waits is asked in ``doctor_law``.
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from .facts import ANY, Key
from .sets import choose_set

ERROR, WARNING = "error", "warning"
CENT = Decimal("0.01")
# work lists, not addresses: they can always be used
WORK_CHANNELS = frozenset({"task", "file", "event", ""})
PROOF_CHANNELS = frozenset({"ar", "pec"})
# cutting or narrowing a supply needs a notice that reached the customer
CUTS = frozenset({"reduce", "limit", "suspend", "deactivate"})
# the values of the four keys, in the order of the seed's digits
CUSTOMER_TYPES = ("domestic", "non_domestic", "large", "public_body")
SERVICES = ("water", "gas", "electricity", "telephone")
STATES = ("active", "suspended", "ceased", "to_reactivate")
CLASSES = ("suspendible", "not_suspendible", "deactivable", "public_body")


@dataclass(frozen=True)
class Finding:
    """One thing found.

    ``code``: key of the sentence; ``key``: the set it is about, None = the table;
    ``rules``: ids of the rows, the first is the one to look at; ``params`` for the
    sentence.
    """

    severity: str
    code: str
    key: Key | None = None
    rules: tuple[int, ...] = ()
    params: tuple[tuple[str, object], ...] = ()

    @classmethod
    def of(cls, severity, code, key=None, rules=(), **params):
        ids = tuple(rule.id for rule in rules)
        return cls(severity, code, key, ids, tuple(sorted(params.items())))


def examine(rules):
    """All the findings on ``rules`` (any iterable of Rule), errors first."""
    sets = defaultdict(list)
    for rule in rules:
        sets[rule.key].append(rule)
    found = []
    for key, rows in sets.items():
        found += _examine_set(key, sorted(rows, key=lambda r: (r.seq, r.id)))
    found += coverage([rule for rows in sets.values() for rule in rows])
    return sorted(found, key=lambda finding: finding.severity != ERROR)


def _examine_set(key, rows):
    steps = ladder(rows)
    found = []
    for rule in rows:
        found += _row_alone(key, rule)
    for step in steps:
        found += _shadows(key, step) + _gaps(key, step) + _overlaps(key, step)
    found += _jumps(key, rows, steps) + _unreachable(key, steps)
    found += _overtaken(key, steps) + _order(key, steps)
    return found


def ladder(rows):
    """The steps of a set: rows of the same tens together, event rows left out."""
    steps = defaultdict(list)
    for rule in sorted(rows, key=lambda rule: (rule.seq, rule.id)):
        if not rule.is_event:
            steps[rule.step].append(rule)
    return [tuple(steps[number]) for number in sorted(steps)]


# one row


def _row_alone(key, rule):
    top, floor = rule.amount_to, max(rule.amount_from, rule.min_threshold)
    found = []
    if top and top < floor:
        found.append(
            Finding.of(
                WARNING, "dead_band", key, [rule], amount_to=top, amount_from=floor
            )
        )
    if rule.is_formal and not has_proof(rule):
        found.append(
            Finding.of(ERROR, "formal_without_proof", key, [rule], channel=rule.channel)
        )
    return found


def has_proof(rule):
    """Every way in which ``rule`` may leave gives a proof of delivery."""
    return all(
        PROOF_CHANNELS & {part.strip() for part in alternative.split("+")}
        for alternative in rule.channel.split("|")
    )


# rows of one step


def _band(rule):
    """(lowest, highest or None) amount for which the row acts; None when it never
    does."""
    low = max(rule.amount_from, rule.min_threshold)
    if rule.amount_to and rule.amount_to < low:
        return None
    return low, rule.amount_to or None


def _ways(rule):
    return frozenset(rule.channel.split("|"))


def _covers(band, other):
    return band[0] <= other[0] and (
        band[1] is None or (other[1] is not None and other[1] <= band[1])
    )


def _pairs(step):
    """(first, later) rows of the step that can both act, in order."""
    live = [rule for rule in step if _band(rule)]
    for index, first in enumerate(live):
        for later in live[index + 1 :]:
            yield first, later


def _shadows(key, step):
    """A row behind one that always can, for all its amounts, never has its turn."""
    found, told = [], set()
    for first, later in _pairs(step):
        always = _is_work(first) and _comes_first(first, later)
        if always and later not in told and _covers(_band(first), _band(later)):
            told.add(later)
            found.append(
                Finding.of(
                    WARNING, "dead_shadowed", key, [later, first], first=first.seq
                )
            )
    return found


def _is_work(rule):
    """Every way of doing ``rule`` is a work list, which can always be used."""
    return all(way in WORK_CHANNELS for way in _ways(rule))


def _comes_first(first, later):
    """``first`` is due no later than ``later``, counted from the same day."""
    same = (first.anchor, first.day_kind) == (later.anchor, later.day_kind)
    return same and first.wait_before <= later.wait_before


def _overlaps(key, step):
    """Two rows of a step with the same channel that both apply to an amount."""
    found = []
    for first, later in _pairs(step):
        one, two = _band(first), _band(later)
        low = max(one[0], two[0])
        tops = [top for top in (one[1], two[1]) if top is not None]
        shared = _ways(first) & _ways(later)
        told = _is_work(first) and _comes_first(first, later) and _covers(one, two)
        if not shared or (tops and min(tops) < low) or told:
            continue
        params = {"first": first.seq, "low": low, "channel": "|".join(sorted(shared))}
        if tops:
            params["high"] = min(tops)
        found.append(Finding.of(WARNING, "overlap", key, [later, first], **params))
    return found


def _gaps(key, step):
    """Amounts between two bands of the step that no row of it takes."""
    bands = sorted(
        (band for band in map(_band, step) if band), key=lambda band: band[0]
    )
    found, reached = [], None
    for low, high in bands:
        if reached is not None and low > reached + CENT:
            params = {"low": reached, "high": low, "step": step[0].seq}
            found.append(Finding.of(WARNING, "gap", key, step, **params))
        if high is None:
            break
        reached = high if reached is None else max(reached, high)
    return found


# the order of the steps


def _index_of(steps, seq):
    """The step at which a jump to ``seq`` arrives, as the planner counts it."""
    for index, step in enumerate(steps):
        if step[-1].seq >= seq:
            return index
    return len(steps)


def _jumps(key, rows, steps):
    """Jumps to rows that are not there, and jumps that come back."""
    known = {rule.seq for rule in rows if not rule.is_event}
    found = []
    for index, step in enumerate(steps):
        for rule in step:
            for target in sorted({rule.next_ok, rule.next_ko} - {None, 0}):
                if _index_of(steps, target) <= index:
                    finding = Finding.of(ERROR, "loop", key, [rule], target=target)
                elif target not in known:
                    finding = Finding.of(
                        WARNING, "jump_unknown", key, [rule], target=target
                    )
                else:
                    continue
                found.append(finding)
    return found


def can_pass(step):
    """True when a case may go on without taking any row of ``step``.

    It may when an amount above the threshold falls outside every band, when the
    addresses may lack, or when a later reminder overtakes it. What falls below the
    threshold does not pass: it is parked.
    """
    if any(rule.is_courtesy for rule in step):
        return True
    works = [rule for rule in step if _is_work(rule)]
    formal = any(rule.is_formal for rule in step)
    if not works and not formal:
        return True
    bands = [band for band in map(_band, step) if band]
    floor = min(rule.min_threshold for rule in step)
    lowest = min((low for low, _high in bands), default=None)
    if lowest is None or lowest > floor or not any(top is None for _low, top in bands):
        return True
    return bool(_gaps(None, step))


def _next_steps(steps, index):
    """Indexes that a case may reach from the step ``index``."""
    targets = {index + 1} if can_pass(steps[index]) else set()
    for rule in steps[index]:
        for jump in (rule.next_ok, rule.next_ko):
            targets.add(_index_of(steps, jump) if jump else index + 1)
    return {target for target in targets if target > index}


def _reached(steps, without=()):
    """Indexes of the steps that some case reaches; those in ``without`` are walls."""
    reached, todo = set(), [0]
    while todo:
        index = todo.pop()
        if index in reached or index >= len(steps) or index in without:
            continue
        reached.add(index)
        todo += _next_steps(steps, index)
    return reached


def _unreachable(key, steps):
    reached = _reached(steps)
    return [
        Finding.of(WARNING, "dead_jumped_over", key, step)
        for index, step in enumerate(steps)
        if index not in reached
    ]


def _overtaken(key, steps):
    """A reminder that is due no earlier than a later row never leaves."""
    found = []
    for index, step in enumerate(steps):
        for rule in step:
            if not rule.is_courtesy or rule.anchor != "due" or not _band(rule):
                continue
            for later in steps[index + 1 :]:
                if later[0].anchor != "due":
                    break
                other = later[0]
                same_days = other.day_kind == rule.day_kind
                band = _band(other)
                if not same_days or not band or other.wait_before > rule.wait_before:
                    continue
                if _covers(band, _band(rule)):
                    found.append(
                        Finding.of(
                            WARNING,
                            "dead_overtaken",
                            key,
                            [rule, other],
                            later=other.seq,
                        )
                    )
                    break
    return found


def _order(key, steps):
    """Rows that lack what has to come before them."""
    formal = [i for i, step in enumerate(steps) if any(r.is_formal for r in step)]
    lists = [i for i, step in enumerate(steps) if any(r.op == "list" for r in step)]
    by_path = _reached(steps, without=formal)
    found = []
    for index, step in enumerate(steps):
        for rule in step:
            if rule.op in CUTS and not any(i < index for i in formal):
                found.append(Finding.of(ERROR, "cut_without_notice", key, [rule]))
            elif rule.op in CUTS and index in by_path:
                found.append(Finding.of(ERROR, "cut_avoids_notice", key, [rule]))
            elif rule.op in CUTS:
                found += _wider_than_notice(key, rule, steps, formal, index)
            if rule.anchor == "plan" and not any(i < index for i in lists):
                found.append(Finding.of(ERROR, "plan_without_list", key, [rule]))
    return found


def _wider_than_notice(key, rule, steps, formal, index):
    """A cut for amounts that no notice before it takes."""
    notices = [r for i in formal if i < index for r in steps[i] if _band(r)]
    band = _band(rule)
    if not band or any(_band(notice)[0] <= band[0] for notice in notices):
        return []
    low = min((_band(notice)[0] for notice in notices), default=Decimal(0))
    params = {"low": band[0], "notice_low": low}
    return [Finding.of(WARNING, "cut_below_notice", key, [rule], **params)]


# the whole table


def all_keys(rules=()):
    """The 256 combinations of customer type, service, state and class: each without a
    score band, and with each band that one of ``rules`` names."""
    bands = sorted({ANY} | {rule.key.score_band for rule in rules})
    return [
        Key(*values)
        for values in product(CUSTOMER_TYPES, SERVICES, STATES, CLASSES, bands)
    ]


def coverage(rules):
    """Combinations that use the set of another, and those that find none at all."""
    # one row a set is enough to choose: some hundred choices stay cheap
    samples = list({rule.key: rule for rule in rules}.values())
    using, missing = defaultdict(list), []
    for key in all_keys(samples):
        rows, reasons = choose_set(samples, key)
        if not rows:
            missing.append(key)
        elif reasons:
            using[reasons[0].code].append(key)
    found = [
        Finding.of(WARNING, code, count=len(keys), keys=tuple(keys))
        for code, keys in sorted(using.items())
    ]
    if missing:
        found.append(
            Finding.of(WARNING, "no_set", count=len(missing), keys=tuple(missing))
        )
    return found


def is_publishable(findings):
    """True when nothing among ``findings`` blocks the publishing."""
    return not any(finding.severity == ERROR for finding in findings)
