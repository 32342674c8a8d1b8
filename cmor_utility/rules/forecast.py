"""When CSEA's money is to be expected. Pure; for treasury, not a term of the law.

From the day the practice entered its state: the SII checks and waits, the distributor
bills the CMOR at the first useful billing, declares it to CSEA (electricity by month,
gas by periods of months), CSEA pays.
"""

from dataclasses import dataclass
from datetime import timedelta

from .reckoning import csea_declaration
from .window import add_months, month_end

# steps still to come, by state
_STEPS = {
    "sent": ("check", "wait", "bill", "declare", "pay"),
    "accepted": ("wait", "bill", "declare", "pay"),
    "suspended": ("wait", "bill", "declare", "pay"),
    "updated": ("bill", "declare", "pay"),
    "to_distributor": ("bill", "declare", "pay"),
    "cancel_requested": ("bill", "declare", "pay"),
    "awaiting_csea": ("declare", "pay"),
}
EXPECTING = tuple(_STEPS)


@dataclass(frozen=True)
class Pace:
    """How long each step takes, from the dated parameters. ``working_days`` are
    reckoned as seven calendar days every five."""

    check_days: int = 2
    waiting_days: int = 10
    billing_months: int = 1
    ele_months: int = 2
    gas_months: int = 2
    payout_months: int = 1

    @classmethod
    def from_values(cls, values):
        """Out of ``{key: value}`` of the parameters; what is missing keeps its
        default."""
        keys = {
            "check_days": "sii_check_days",
            "waiting_days": "waiting_days",
            "billing_months": "first_billing_months",
            "ele_months": "csea_ele_months",
            "gas_months": "csea_gas_months",
            "payout_months": "csea_payout_months",
        }
        return cls(**{n: values[key] for n, key in keys.items() if key in values})


def expected_on(state, sector, since, pace):
    """Last day of the month in which CSEA's money is expected.

    :param str state: state of the practice
    :param str sector: electricity or gas
    :param date since: day it entered the state
    :param Pace pace: parameters in force
    :return: date, or None for a state that expects nothing
    """
    if state not in _STEPS:
        return None
    day = since
    for step in _STEPS[state]:
        day = _after(step, sector, day, pace)
    return month_end(day)


def _after(step, sector, day, pace):
    if step == "check":
        return day + timedelta(days=_calendar(pace.check_days))
    if step == "wait":
        return day + timedelta(days=_calendar(pace.waiting_days))
    if step == "bill":
        return add_months(day, pace.billing_months)
    if step == "pay":
        return add_months(day, pace.payout_months)
    # the very day that the deadline of the declaration says
    is_gas = sector == "gas"
    months = pace.gas_months if is_gas else pace.ele_months
    return csea_declaration(day, months, is_gas)[0]


def _calendar(working_days):
    return working_days + 2 * (working_days // 5)
