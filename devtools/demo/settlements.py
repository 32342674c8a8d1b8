"""Settlements and lists of write-offs in the demonstration.

Asked for, approved, offered and paid as people do it, one story each: paid and booked,
waiting for the customer or for the director, expired, refused, paid without anybody
having matched the money. A list of small credits waits for its approval; a credit whose
seizure brought nothing is booked with its document.
"""

from collections import Counter
from datetime import timedelta

from freezegun import freeze_time

from odoo import Command

from .check import Line
from .credit import as_user

#: (share of the capital that the customer pays, how far it goes)
STORIES = (
    (85, "paid"),
    (90, "offered"),
    (70, "waiting"),
    (100, "draft"),
    (85, "expired"),
    (90, "refused"),
    (85, "unmatched"),
    (70, "not_approved"),
)
#: of one customer, for two supplies: the sum that came is the older offer's
PAIR = ((85, "unmatched"), (85, "second"))
#: the state in which each story ends
ENDS = {"unmatched": "offered", "second": "expired", "not_approved": "refused"}
#: of what was offered in the past: how long ago, for how long
AGO, DAYS = 18, 10


def work(demo, company):
    """Settlements and lists; returns the lines of the comparison."""
    books(demo, company)
    clerk = as_user(demo, "operatore", company)
    cases = choose(clerk, company)
    stories = list(zip(cases, STORIES, strict=False))
    stories += zip(twins(clerk, company, cases), PAIR, strict=False)
    for case, (share, story) in stories:
        tell(demo, company, clerk, case, share, story)
    demo.env["dunning.settlement"]._watch(company, demo.today)
    demo.env.cr.commit()
    lists(demo, company, clerk)
    demo.env.cr.commit()
    told = [story for _case, (_share, story) in stories]
    return list(compare(demo, company, told))


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
    """Open cases whose debt may be settled, the oldest first, one a customer: his money
    could be for either of two."""
    free = to_settle(clerk, company)
    first = {case.sudo().partner_id: case for case in free[::-1]}
    return free.filtered(lambda c: first[c.sudo().partner_id] == c)[: len(STORIES)]


def twins(clerk, company, others):
    """Two cases of one customer of whom none of ``others`` is."""
    known = others.sudo().partner_id
    groups = to_settle(clerk, company).grouped(lambda case: case.sudo().partner_id)
    found = [cases for partner, cases in groups.items() if partner not in known]
    return next((cases[:2] for cases in found if len(cases) > 1), others.browse())


def to_settle(clerk, company):
    """Cases that nothing holds and no step is under way on."""
    cases = clerk["dunning.case"].search(
        [
            ("company_id", "=", company.id),
            ("state", "=", "open"),
            ("amount_due", ">", 100),
            ("amount_due", "<", 1000),
        ],
        order="id",
    )
    return cases.filtered(
        lambda case: (
            not case.hold_count
            and not case.sudo().action_ids.filtered(
                lambda a: a.state in ("waiting_approval", "approved", "executing")
            )
        )
    )


def tell(demo, company, clerk, case, share, story):
    """One settlement as far as its ``story`` goes; some began in the past."""
    if story in ("expired", "unmatched", "second"):
        with freeze_time(f"{demo.today - timedelta(days=AGO)} 10:00:00"):
            one = ask(demo, company, clerk, case, share, story)
        if story == "unmatched":
            receive(demo, company, one)
        return
    one = ask(demo, company, clerk, case, share, story)
    if story == "paid":
        pay(demo, company, one)
        one.action_check_payments()
    elif story == "refused":
        one.action_customer_refused("Non ha nemmeno questa somma")


def ask(demo, company, clerk, case, share, story):
    """The request of the clerk, and the manager's answer where there is one."""
    action = case.action_propose_settlement()
    one = clerk["dunning.settlement"].browse(action["res_id"])
    one.write(
        {
            "agreed": round(one.capital * share / 100, 2),
            "reason": "hardship",
            "note": "Il cliente ha perso il lavoro e paga subito",
            "channel": "pp",
            "valid_days": DAYS,
        }
    )
    if story == "draft":
        return one
    one.action_request()
    login = "direttore" if story == "not_approved" else "responsabile"
    answers = as_user(demo, login, company)["dunning.approval.request"]
    request = answers.browse(one.sudo().request_id.id)
    if story == "not_approved":
        request.action_refuse("Il cliente ha altri redditi: si prosegua")
    elif story != "waiting":
        request.action_approve()
    return one


def receive(demo, company, one):
    """The agreed sum came in time, and nobody matched it with anything."""
    env = demo.env(context={"allowed_company_ids": company.ids})
    journals = env["account.journal"].search(
        [("company_id", "=", company.id), ("type", "=", "bank")], limit=1
    )
    payment = env["account.payment"].create(
        {
            "amount": one.agreed,
            "partner_id": one.sudo().partner_id.id,
            "payment_type": "inbound",
            "partner_type": "customer",
            "date": demo.today - timedelta(days=AGO - 5),
            "journal_id": journals.id,
            "memo": "Saldo e stralcio",
        }
    )
    payment.action_post()


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


def lists(demo, company, clerk):
    """A list of small credits that waits for its approval, and one that is booked."""
    manager = as_user(demo, "responsabile", company)
    small = manager["dunning.writeoff"].create(
        {"as_of": demo.today, "note": "Crediti di modesto importo dell'esercizio"}
    )
    small.action_propose()
    if small.count_included:
        small.action_request()
    case = (
        clerk["dunning.case"]
        .search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "open"),
                ("amount_due", ">", 20),
                ("id", "not in", small.sudo().line_ids.case_id.ids),
                ("settlement_ids", "=", False),
            ],
            order="id desc",
        )
        .filtered(lambda one: not one.hold_count)[:1]
    )
    if not case:
        return
    prove(demo, company, clerk, case)
    useless = manager["dunning.writeoff"].create(
        {"as_of": demo.today, "kind": "useless", "note": "Pignoramento infruttuoso"}
    )
    useless.action_propose()
    if useless.count_included:
        useless.action_request()
        director = as_user(demo, "direttore", company)["dunning.approval.request"]
        director.browse(useless.sudo().request_id.id).action_approve()


def prove(demo, company, clerk, case):
    """The record of a bailiff who found nothing."""
    record = clerk["ir.attachment"].create(
        {
            "name": "verbale-pignoramento-negativo.pdf",
            "raw": b"%PDF-1.4 verbale di pignoramento mobiliare negativo",
        }
    )
    clerk["dunning.loss.proof"].create(
        {
            "company_id": company.id,
            "partner_id": case.sudo().partner_id.id,
            "contract_id": case.sudo().contract_id.id,
            "kind": "execution",
            "date": demo.today - timedelta(days=20),
            "reference": "UNEP Milano, cron. 1234",
            "attachment_ids": [Command.set(record.ids)],
        }
    )


def compare(demo, company, told):
    """What the stories left in records and books, beside what they should have."""
    found = demo.env["dunning.settlement"].search([("company_id", "=", company.id)])
    states = Counter(ENDS.get(story, story) for story in told)
    yield Line("settlements by state", Counter(found.mapped("state")), states)
    paid = found.filtered(lambda one: one.state == "paid")
    closed = [one for one in paid if not one.case_id.amount_due and one.move_id]
    yield Line(
        "settlements paid whose case is closed by the loss",
        len(closed),
        told.count("paid"),
    )
    early = found.filtered(lambda one: one.move_id and one.state != "paid")
    yield Line("losses booked before the agreed sum came", len(early), 0)
    over = found.filtered(lambda one: one.state in ("expired", "refused"))
    yield Line(
        "debt that is there in full after an offer that ended without payment",
        round(sum(over.line_ids.mapped("residual")), 2),
        round(sum(over.mapped("capital")), 2),
    )
    checked = found.filtered(lambda one: one.attention == "unmatched")
    yield Line(
        "offers whose sum lies unmatched, kept for a person",
        [one.state for one in checked],
        ["offered"] * told.count("unmatched"),
    )
    if "second" in told:
        counted = [money for money in found._count_money().values() if money.claimed]
        yield Line("offers whose customer's money is another offer's", len(counted), 1)
    yield from compare_lists(demo, company)


def compare_lists(demo, company):
    """Lists: what was booked is in the books, with its document."""
    lines = demo.env["dunning.writeoff.line"].search(
        [("company_id", "=", company.id), ("state", "=", "booked")]
    )
    losses = lines.move_id.line_ids.filtered(
        lambda line: line.account_id == company.dunning_loss_account_id
    )
    yield Line(
        "credits written off, in the books",
        round(sum(losses.mapped("balance")), 2),
        round(sum(lines.mapped("amount")), 2),
    )
    bare = lines.filtered(lambda line: not line.proof_id.attachment_ids)
    yield Line("credits of no use written off without a document", len(bare), 0)
    waiting = demo.env["dunning.writeoff"].search(
        [("company_id", "=", company.id), ("state", "=", "waiting")]
    )
    yield Line(
        "credits of lists that wait, still open in full",
        round(float(sum(waiting._included()._open_now().values())), 2),
        round(sum(waiting._included().mapped("amount")), 2),
    )


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
