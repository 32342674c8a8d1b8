"""The law, the days and the supplies that the pure tests of the guard share."""

from datetime import date
from decimal import Decimal

import holidays

from odoo.addons.creditbox_dunning.rules.facts import CaseFacts, Done, Key, Line
from odoo.addons.creditbox_dunning.rules.guard import make_guard
from odoo.addons.creditbox_dunning.rules.guard_common import Law
from odoo.addons.creditbox_dunning.rules.guard_facts import Supply
from odoo.addons.creditbox_dunning.rules.legal_parameters import shipped_parameters
from odoo.addons.utility_supply.rules import workdays

from .planner_common import rule

HOLIDAYS = frozenset(holidays.country_holidays("IT", years=range(2024, 2031)))


def shift(day, count, day_kind):
    if day_kind == "weekdays":
        return workdays.add_weekdays(day, count, HOLIDAYS)
    if day_kind == "working":
        return workdays.add_working_days(day, count, HOLIDAYS)
    return day + workdays.ONE_DAY * count


LAW = Law(shipped_parameters(), HOLIDAYS, shift)
guard = make_guard(LAW)


def key(service, customer="domestic", state="active", suspendibility="suspendible"):
    return Key(customer, service, state, suspendibility)


def supply(**vals):
    """A supply of which everything is known and nothing stands in the way."""
    known = {
        "is_protected": False,
        "voltage": "low",
        "can_reduce": True,
        "resident": True,
        "condominium": False,
        "deposit": Decimal(0),
        "cycle_amount": Decimal(80),
        "annual_charge": Decimal(50),
        "other_services": {},
        "prescribed": frozenset(),
        "defaulted_lately": False,
        "deactivation_ground": True,
    }
    return Supply(**{**known, **vals})


def facts(of, *done, due=date(2027, 1, 20), amount="100", **vals):
    line = Line(1, due, Decimal(amount), frozenset(d.op for d in done))
    vals.setdefault("supply", supply())
    return CaseFacts(key=of, lines=(line,), done=done, **vals)


def done(op, executed, effective=None, channel="", **vals):
    """An action that took effect; ``effective`` None = the same day."""
    vals = {"state": "done", **vals}
    return Done(
        None,
        7,
        op,
        executed=executed,
        effective=effective or executed,
        channel=channel,
        **vals,
    )


def ask(op, of, today, channel="task"):
    """The guard's verdict on a row with the operation ``op``."""
    return guard(rule(50, op=op, channel=channel, action=7), of, today)


def codes(verdict):
    return [reason.code for reason in verdict.reasons]
