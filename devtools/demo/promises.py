"""Promises, a dispute and what a customer tells on the own page, in the demonstration.

Recorded as people do it: the promises of the month are judged by the payments of the
workbooks, the dispute is answered, the customer enters with the own login.
"""

from datetime import timedelta

from odoo import Command

from .check import Line
from .credit import as_user

#: login (= password) of the customer of the demonstration
CUSTOMER = "cliente"


def work(demo, company):
    """Promises, a dispute and a customer's page for ``company``; lines of the proof."""
    clerk = as_user(demo, "operatore", company)
    cases = clerk["dunning.case"].search(
        [("company_id", "=", company.id), ("state", "=", "open")], order="id"
    )
    free = cases.filtered(lambda case: not case.hold_count and case.amount_due > 1)
    promised = promise(clerk, free[:3], demo.today)
    told = free[3:].filtered(
        lambda case: case.action_ids.communication_ids.filtered(
            lambda message: message.sent_date and message.state != "failed"
        )
    )
    asked = customer(demo, company, (told or free[3:])[:1])
    clerk["dunning.hold"].sudo()._watch(company, demo.today)
    demo.env.cr.commit()
    judged = promised.filtered("promise_outcome")
    yield Line("promises judged, their day being past", judged, promised[:1])
    yield Line("plans asked for on the customer's page", len(asked), len(free[3:4]))


def promise(clerk, cases, today):
    """One promise whose day is past, one for next week, one in part."""
    holds = clerk["dunning.hold"]
    plans = (
        {
            "date_from": today - timedelta(days=9),
            "promise_date": today - timedelta(days=2),
        },
        {"promise_date": today + timedelta(days=7)},
        {"promise_date": today + timedelta(days=3), "share": 2},
    )
    made = holds
    for case, plan in zip(cases, plans, strict=False):
        share = plan.pop("share", 1)
        made |= holds.suspend(
            "case",
            case.ids,
            "promise",
            date_to=max(plan["promise_date"] + timedelta(days=1), today),
            amount=round(case.amount_due / share, 2),
            note="Ha telefonato: promette di pagare",
            **plan,
        )
    return made


def customer(demo, company, case):
    """A login for the customer of ``case``, who asks for instalments."""
    holds = demo.env["dunning.hold"]
    if not case:
        return holds
    users = demo.env["res.users"].sudo()
    partner = case.sudo().partner_id
    user = users.search([("login", "=", CUSTOMER)], limit=1)
    if user:
        return holds
    user = users.with_context(no_reset_password=True).create(
        {
            "name": partner.name,
            "login": CUSTOMER,
            "password": CUSTOMER,
            "partner_id": partner.id,
            "company_id": company.id,
            "company_ids": [Command.set(company.ids)],
            "group_ids": [Command.set(demo.env.ref("base.group_portal").ids)],
            "lang": "it_IT",
        }
    )
    bill = case.sudo().line_ids.filtered(lambda line: not line.reconciled).move_id[:1]
    me = holds.with_user(user).sudo()
    return me._portal_ask(
        bill.with_user(user).sudo(),
        "plan_requested",
        "Posso pagare in tre volte?",
        instalments=3,
    )
