"""Water: REMSI (ARERA 311/2019/R/idr, annex A, amended by 547/2019 and 221/2020).

* first reminder from the 11th day after the due date, by registered letter or PEC;
* notice of default from the 26th day, and after the reminder was sent;
* the term to pay ends 40 days after the reminder was received at the earliest, and not
  before the older terms from sending or delivery: both are kept;
* a resident is limited from the first working day after the term, and suspended 25
  days later (20 in the aggravated cases) when the debt exceeds last year's charge for
  the facilitated band; everybody else is suspended from that working day on;
* a resident's contract is ended only for tampering or old unpaid default charges.
"""

import calendar

from .facts import Reason
from .guard_common import (
    COMMON_BLOCKS,
    FORMAL_CHANNELS,
    ONE_DAY,
    BlockedError,
    Floor,
    Question,
    channel_block,
    cite,
    deceased,
    impossible,
    pay_term,
    termination,
)


def is_resident(question: Question):
    """A home is taken for a residence unless somebody said that it is not."""
    is_home = question.facts.key.customer_type == "domestic"
    return is_home and question.supply.resident is not False


def impossible_here(question: Question):
    op = question.rule.op
    if op == "reduce" or (op == "limit" and not is_resident(question)):
        return impossible(op)
    return None


def could_be_cut(question: Question):
    """The reminder opens the way to the cut only where there is a cut to come."""
    key, supply = question.facts.key, question.supply
    return key.supply_state != "ceased" and (
        key.suspendibility in ("suspendible", "deactivable") or supply.limit_only
    )


def notice_floors(question: Question):
    due = question.facts.due
    return [question.after("guard_reminder_after_due", due, "reminder_after_due")]


def notice_blocks(question: Question):
    return (channel_block,) if could_be_cut(question) else ()


def default_floors(question: Question):
    due = question.facts.due
    floors = [question.after("guard_after_due", due, "default_after_due")]
    reminders = sent_reminders(question)
    if reminders:
        day = reminders[-1] + ONE_DAY
        floors.append(Floor(day, Reason.of("guard_after_reminder", date=day)))
    return floors


def sent_reminders(question: Question):
    """Days on which first reminders left, earliest first."""
    return sorted(
        done.executed or done.effective
        for done in question.facts.done
        if done.op == "notice"
        and done.state in ("done", "open")
        and (done.executed or done.effective)
    )


def no_reminder(question: Question):
    if not sent_reminders(question):
        return Reason.of("guard_no_reminder")
    return None


def default_blocks(question: Question):
    return (channel_block, no_reminder)


def last_day_to_pay(question: Question):
    """(day, the :class:`Parameter` that binds, what it counts from)."""
    notice = question.notice()
    day, number = pay_term(question, notice)
    received = question.did("notice", FORMAL_CHANNELS)
    if not received:
        raise BlockedError(Reason.of("guard_no_reminder"))
    from_reminder = question.number("term_after_reminder")
    floor = received[-1].effective + ONE_DAY * from_reminder.count
    if floor > day:
        return floor, from_reminder
    return day, number


def after_the_term(question: Question):
    term, number = last_day_to_pay(question)
    day = question.working_day_from(term + ONE_DAY)
    return Floor(day, cite("guard_water_after_term", number, date=day, anchor=term))


def cut_floors(question: Question):
    op = question.rule.op
    if op == "deactivate":
        floors = termination(question)
    else:
        floors = [after_the_term(question)]
    if op == "suspend" and is_resident(question):
        limited = question.carried_out("limit", "limited")
        if limited:
            name = "suspend_after_limited"
            name += "_aggravated" if is_aggravated(question) else ""
            floors.append(question.after("guard_after_limitation", limited, name))
    half = question.supply.half_paid_on
    if half and question.supply.condominium is not False:
        months = question.number("condominium_months")
        day = add_months(half, months.count) + ONE_DAY
        reason = cite("guard_half_paid", months, date=day, anchor=half)
        floors.append(Floor(day, reason))
    return floors


def is_aggravated(question: Question):
    """Debt above three yearly charges, or in default in the last 18 months. What is
    not known does not shorten a term."""
    if question.supply.defaulted_lately is True:
        return True
    charge = question.supply.annual_charge
    return bool(
        charge and question.service_debt > charge * question.number("times").value
    )


def add_months(day, count):
    """The same day ``count`` months later, or the last one of that month."""
    month = day.month - 1 + count
    year, month = day.year + month // 12, month % 12 + 1
    last = calendar.monthrange(year, month)[1]
    return day.replace(year=year, month=month, day=min(day.day, last))


def deposit_not_offset(question: Question):
    """The deposit pays first; only what it does not cover may be followed up."""
    deposit = question.known(question.supply.deposit, "deposit")
    if deposit > 0:
        return Reason.of("guard_deposit_not_offset", amount=deposit)
    return None


def needs_limitation(question: Question):
    if question.rule.op != "suspend" or not is_resident(question):
        return None
    if question.carried_out("limit", "limited"):
        return None
    return Reason.of("guard_needs_limitation")


def below_annual_charge(question: Question):
    if question.rule.op != "suspend" or not is_resident(question):
        return None
    charge = question.known(question.supply.annual_charge, "annual_charge")
    if question.service_debt <= charge:
        return Reason.of("guard_below_annual_charge", amount=charge)
    return None


def no_ground_to_end(question: Question):
    if question.rule.op == "deactivate" and is_resident(question):
        ground = question.known(
            question.supply.deactivation_ground, "deactivation_ground"
        )
        if not ground:
            return Reason.of("guard_no_ground_to_end")
    return None


def cut_blocks(question: Question):
    return (
        *COMMON_BLOCKS,
        deceased,
        deposit_not_offset,
        needs_limitation,
        below_annual_charge,
        no_ground_to_end,
    )
