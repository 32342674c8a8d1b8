"""Which practices need a person, how urgently and why.

The levels are what the lists colour: late (red), at risk (orange), needs an action
(blue), needs checking. One reason is shown, the most urgent; the two questions "does
it need an action" and "does it need checking" are answered apart.
"""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from .deadlines import MAY, MISSED, MUST, OPEN, OUTLIVES, US

LATE, RISK, ACTION, CHECK = "late", "risk", "action", "check"
LEVELS = (LATE, RISK, ACTION, CHECK)
DEAD = ("cancelled", "closed", "closed_lost", "expired")
# next steps by which others act, or time, or that no button does: their keys begin so
NOT_A_STEP = ("wait", "await", "solve", "is_suspended", "collect", "check_")
# who has it and which kind of term it is
RIGHT = (US, MAY)
# next steps that are a question about the facts, not a step of the procedure
QUESTIONS = ("solve", "declare", "declare_art4", "match", "check_difference")


class AttentionFacts(NamedTuple):
    """What decides about one practice.

    ``horizons``: {key of a term or "": last day that counts as near}.
    """

    state: str
    next_action: str
    next_date: date | None
    deadlines: tuple = ()
    waiting_records: int = 0
    horizons: Mapping | None = None


class Attention(NamedTuple):
    """``reason``: key of the texts; ``key``: term it is about, when it is one."""

    level: str = ""
    reason: str = ""
    key: str = ""
    day: date | None = None
    needs_action: bool = False
    needs_check: bool = False


def attention(facts, today):
    """Judge one practice.

    :param AttentionFacts facts: its terms and its next step
    :param date today: the day that decides what is late
    :return: ``Attention``; a practice that has ended needs nothing but the terms that
        outlive it
    """
    if facts.state in DEAD:
        facts = AttentionFacts(
            facts.state,
            "",
            None,
            tuple(d for d in facts.deadlines if d.key in OUTLIVES),
            horizons=facts.horizons,
        )
    ours = [d for d in facts.deadlines if d.actor == US and d.kind == MUST]
    missed = [d for d in ours if d.state == MISSED]
    near = _near(facts, ours)
    # a right of ours that ends soon: no duty, but somebody has to know in time
    lapsing = _near(facts, (d for d in facts.deadlines if (d.actor, d.kind) == RIGHT))
    theirs = [d for d in facts.deadlines if d.actor != US and d.state == MISSED]
    is_active = _is_active(facts.next_action)
    # a day that has passed is none by which something is due: that would be a term
    day = facts.next_date
    day = day if day and day >= today else None
    is_question = facts.next_action in QUESTIONS
    found = (
        _first(LATE, "missed", missed)
        or _first(RISK, "near", near)
        or (is_active and Attention(ACTION, "next", day=day))
        or (facts.waiting_records and Attention(CHECK, "waiting"))
        or _first(CHECK, "lapses", lapsing)
        or _first(CHECK, "theirs", theirs)
        or (is_question and Attention(CHECK, "question", day=day))
        or Attention()
    )
    return Attention(
        found.level,
        found.reason,
        found.key,
        found.day,
        needs_action=bool(missed or near or is_active),
        needs_check=bool(facts.waiting_records or lapsing or theirs or is_question),
    )


def _is_active(next_action):
    """Whether the next step is one of ours that moves the practice on."""
    return bool(next_action) and not next_action.startswith(NOT_A_STEP)


def _near(facts, terms):
    return [d for d in terms if d.state == OPEN and d.due <= _horizon(facts, d.key)]


def _horizon(facts, key):
    horizons = facts.horizons or {}
    return horizons.get(key) or horizons.get("") or date.min


def _first(level, reason, found):
    if not found:
        return None
    worst = min(found, key=lambda item: item.due)
    return Attention(level, reason, worst.key, worst.due)
