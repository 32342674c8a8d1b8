"""Settlements and a list of write-offs in the demonstration.

Asked for, approved and paid as people do it: one is paid and booked, one waits for the
customer, one for the director, one is still to be completed.
"""

from collections import Counter

from odoo import Command

from .check import Line
from .credit import as_user

#: (share of the capital that the customer pays, how far it goes)
STORIES = ((85, "paid"), (90, "offered"), (70, "waiting"), (100, "draft"))


def work(demo, company):
    """Four settlements and a list; returns the lines of the comparison."""
    books(demo, company)
    clerk = as_user(demo, "operatore", company)
    for case, (share, story) in zip(choose(clerk, company), STORIES, strict=False):
        tell(demo, company, clerk, case, share, story)
    demo.env.cr.commit()
    manager = as_user(demo, "responsabile", company)
    one = manager["dunning.writeoff"].create(
        {"as_of": demo.today, "note": "Crediti di modesto importo dell'esercizio"}
    )
    one.action_propose()
    demo.env.cr.commit()
    return list(compare(demo, company))


def books(demo, company):
    """Accounts and journal of losses, as the administrator sets them."""
    if company.dunning_loss_account_id:
        return
    env = demo.env
    accounts = [
        env["account.account"].create(
            {
                "name": name,
                "code": code,
                "account_type": kind,
                "company_ids": [Command.link(company.id)],
            }
        )
        for code, name, kind in (
            ("PERD01", "Perdite su crediti e stralci", "expense"),
            ("SOPR01", "Sopravvenienze attive su crediti", "income_other"),
        )
    ]
    journal = env["account.journal"].create(
        {
            "name": "Perdite e stralci",
            "code": "PERD",
            "type": "general",
            "company_id": company.id,
        }
    )
    company.write(
        {
            "dunning_loss_account_id": accounts[0].id,
            "dunning_income_account_id": accounts[1].id,
            "dunning_loss_journal_id": journal.id,
        }
    )


def choose(clerk, company):
    """Open cases whose debt may be settled, the oldest first."""
    cases = clerk["dunning.case"].search(
        [
            ("company_id", "=", company.id),
            ("state", "=", "open"),
            ("amount_due", ">", 100),
            ("amount_due", "<", 1000),
        ],
        order="id",
    )
    settlements = clerk["dunning.settlement"]
    free = cases.filtered(
        lambda case: (
            not case.sudo().action_ids.filtered(
                lambda a: a.state in ("waiting_approval", "approved", "executing")
            )
        )
    )
    found = clerk["dunning.case"]
    for case in free:
        probe = settlements.sudo().new({"case_id": case.id, "company_id": company.id})
        probe.case_id = case.sudo()
        if probe._find_rule(case._today(company)):
            found |= case
        if len(found) == len(STORIES):
            break
    return found


def tell(demo, company, clerk, case, share, story):
    action = case.action_propose_settlement()
    one = clerk["dunning.settlement"].browse(action["res_id"])
    one.write(
        {
            "agreed": round(one.capital * share / 100, 2),
            "reason": "hardship",
            "note": "Il cliente ha perso il lavoro e paga subito",
            "channel": "pp",
        }
    )
    if story == "draft":
        return
    one.action_request()
    if story == "waiting":
        return
    manager = as_user(demo, "responsabile", company)
    manager["dunning.approval.request"].browse(
        one.sudo().request_id.id
    ).action_approve()
    if story == "paid":
        pay(demo, company, one)
        one.action_check_payments()


def pay(demo, company, one):
    """The agreed sum, matched with the bills, the oldest first."""
    left = one.agreed
    env = demo.env(context={"allowed_company_ids": company.ids})
    for line in env["dunning.settlement.line"].browse(one.line_ids.ids):
        amount = min(left, line.residual)
        if amount <= 0:
            break
        wizard = (
            env["account.payment.register"]
            .with_context(
                active_model="account.move",
                active_ids=line.move_line_id.move_id.ids,
            )
            .create({"amount": amount, "payment_date": demo.today})
        )
        wizard._create_payments()
        left = round(left - amount, 2)


def compare(demo, company):
    found = demo.env["dunning.settlement"].search([("company_id", "=", company.id)])
    paid = found.filtered(lambda one: one.state == "paid")
    told = [one for one in paid if not one.case_id.amount_due and one.move_id]
    yield Line("settlements paid whose case is closed by the loss", len(told), 1)
    early = found.filtered(lambda one: one.move_id and one.state != "paid")
    yield Line("losses booked before the agreed sum came", len(early), 0)


def tables(demo):
    """(title, headings, rows) of settlements and write-offs."""
    counts = Counter(demo.env["dunning.settlement"].search([]).mapped("state"))
    lines = demo.env["dunning.writeoff.line"].search([]).mapped("state")
    for state, count in Counter(lines).items():
        counts[f"write-off: {state}"] = count
    yield (
        "Settlements and write-offs",
        ["state", "count"],
        [[state, count] for state, count in sorted(counts.items())],
    )
