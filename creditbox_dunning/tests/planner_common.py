"""Small worlds for the pure tests: the shipped table and a way to write facts."""

import functools
from datetime import date
from decimal import Decimal

from odoo.tools import file_open

from odoo.addons.creditbox_dunning.formats.action_table import read_action_table
from odoo.addons.creditbox_dunning.rules.facts import (
    CaseFacts,
    Done,
    Key,
    Line,
    Rule,
)
from odoo.addons.utility_supply.rules import codes, workdays

TABLE = "creditbox_dunning/tables/default_action_table.csv"
MAPS = (
    codes.CUSTOMER_TYPE_BY_CODE,
    codes.SERVICE_BY_CODE,
    codes.SUPPLY_STATE_BY_CODE,
    codes.SUSPENDIBILITY_BY_CODE,
)
DUE = date(2027, 1, 20)
# 2027: Epiphany, Easter Monday, Liberation, Labour, Republic ...
HOLIDAYS = frozenset(
    {date(2027, 1, 1), date(2027, 1, 6), date(2027, 3, 29), date(2027, 4, 25)}
)
ELECTRICITY = Key("domestic", "electricity", "active", "suspendible")


def shift(day, count, day_kind):
    if day_kind == "weekdays":
        return workdays.add_weekdays(day, count, HOLIDAYS)
    if day_kind == "working":
        return workdays.add_working_days(day, count, HOLIDAYS)
    return day + workdays.ONE_DAY * count


@functools.cache
def standard_rules():
    """The shipped table as the planner reads it; a row's id is its number."""
    with file_open(TABLE, "r") as file:
        rows = read_action_table(file.read())
    return tuple(
        Rule(
            id=number,
            key=Key(*(m.get(k, "") for m, k in zip(MAPS, row["keys"], strict=True))),
            seq=row["seq"],
            action=row["action"],
            op=row["op"],
            channel=row["channel"],
            anchor=row["anchor"],
            day_kind=row["day_kind"],
            wait_before=row["wait_before"],
            wait_after=row["wait_after"],
            amount_from=row["amount_from"],
            amount_to=row["amount_to"],
            min_threshold=row["min_threshold"],
            next_ok=row["next_ok"] or None,
            next_ko=row["next_ko"] or None,
        )
        for number, row in enumerate(rows, 1)
    )


def rule(seq, **vals):
    """A row of a set for electricity, calendar days from the due date."""
    defaults = {
        "id": seq,
        "key": ELECTRICITY,
        "action": 2,
        "op": "remind",
        "channel": "email",
        "anchor": "due",
    }
    return Rule(seq=seq, **{**defaults, **vals})


def bill(amount="100", due=DUE, number=1, covered=()):
    return Line(number, due, Decimal(amount), frozenset(covered))


def facts(*lines, key=ELECTRICITY, **vals):
    return CaseFacts(key=key, lines=lines or (bill(),), **vals)


def done(a_rule, day, state="done", **vals):
    vals = {"effective": day if state == "done" else None, **vals}
    return Done(a_rule.id, a_rule.action, a_rule.op, state, executed=day, **vals)
