"""When a debt is time-barred, and what moves that day.

Pure: days and years come in. Sources: civil code art. 2934-2963; L. 205/2017 art. 1
c. 4 for the two years of electricity, gas and water (numbers are dated data:
``prescription_years``, ``judgement_years``).
"""

from dataclasses import dataclass
from datetime import date

from dateutil.relativedelta import relativedelta

NOTICE = "notice"  # a formal notice that reached the debtor (art. 1219, 2943 c. 4)
PRECEPT = "precept"  # atto di precetto, notified
ACKNOWLEDGEMENT = "acknowledgement"  # of the debt by the debtor (art. 2944)
LAWSUIT = "lawsuit"  # claim, injunction: stands still until it is final (art. 2945)
WAIVER = "waiver"  # by the debtor, once the time is over (art. 2937)
KINDS = (NOTICE, PRECEPT, ACKNOWLEDGEMENT, LAWSUIT, WAIVER)


@dataclass(frozen=True, order=True)
class Act:
    """``day``: when it reached who had to know; ``until``: the day a lawsuit became
    final, None while it is not; ``has_proof``: without one it moves nothing."""

    day: date
    kind: str = NOTICE
    until: date | None = None
    has_proof: bool = True


@dataclass(frozen=True)
class Clock:
    """``expires``: the last day on which the debt can be claimed, None while a lawsuit
    goes on; ``since``: the day from which it counts; ``act``: what set it, None = the
    due date."""

    expires: date | None
    since: date
    act: Act | None = None


def clock(due, years, acts=(), judgement_years=10):
    """The :class:`Clock` of a debt due on ``due``.

    :param years: of this kind of debt; ``judgement_years``: after a judgement (art.
        2953)
    :param acts: in any order; those without proof, before the due date or after the
        time was over change nothing, but a waiver, which is given after
    """
    found = Clock(_end(due, years), due)
    for act in sorted(acts, key=lambda one: (one.day, one.kind)):
        if not act.has_proof or act.day < due:
            continue
        if found.expires is None:
            # everything is absorbed by the lawsuit that goes on
            break
        if act.day > found.expires and act.kind != WAIVER:
            continue
        if act.kind == LAWSUIT:
            # what was judged is claimed within the years of a judgement from then on
            years = judgement_years
            end = act.until and _end(act.until, judgement_years)
            found = Clock(end, act.until or act.day, act)
        else:
            reached = _end(act.day, years)
            if reached >= found.expires:
                found = Clock(reached, act.day, act)
    return found


def is_barred(due, years, acts, today, judgement_years=10):
    """Whether the debt can no longer be claimed on ``today``."""
    expires = clock(due, years, acts, judgement_years).expires
    return expires is not None and expires < today


def _end(start, years):
    """The same day so many years later, the last of February for the 29th (art. 2963:
    a month that lacks the day ends with its last one)."""
    return start + relativedelta(years=years)
