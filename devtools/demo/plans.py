"""Payment plans in the demonstration, of both companies: tried out, waiting, offered,
being paid, late within the tolerance, broken, paid in full; and one of water that the
law obliges to offer, joined by paying its first instalment.

Asked for, approved, sent and accepted as people do it; the nightly look judges them.
"""

from datetime import timedelta

from .check import Line
from .credit import as_user

#: (state in the end, number of instalments, days from today to the first one)
STORIES = (
    ("running", 4, 10),
    ("late", 4, -7),
    ("broken", 3, -20),
    ("kept", 2, 10),
    ("offered", 6, 12),
    ("waiting", 18, 10),
    ("draft", 4, 10),
    # twelve months, a bill every two; the term of the notice ends in twenty days
    ("right", 6, 10),
)
TERM = 20
BY_RIGHT = (True, "paid", 6)
#: of the water company, what shows most; the law of water obliges
FEW = ("right", "offered", "late", "kept")
USUAL = tuple(story[0] for story in STORIES if story[0] != "right")


def work(demo, company, login="operatore", only=USUAL):
    """Plans of ``company``, asked for by ``login``; lines of the proof.

    :param only: the stories wanted
    """
    clerk = as_user(demo, login, company)
    cases = clerk["dunning.case"].search(
        [("company_id", "=", company.id), ("state", "in", ("open", "parked"))],
        order="id desc",
    )
    free = apart(c for c in cases if not c.hold_count and c.amount_due > 40)
    stories = [story for story in STORIES if story[0] in only]
    stories.sort(key=lambda story: only.index(story[0]))
    made = {}
    for (kind, number, days), case in zip(stories, free, strict=False):
        made[kind] = tell(demo, company, clerk, case, kind, number, days)
    clerk["dunning.payment.plan"].sudo()._scan(company, demo.today)
    demo.env.invalidate_all()
    demo.env.cr.commit()
    return list(compare(made))


def apart(cases):
    """Those without a bill in common: whoever pays one would pay the other's too."""
    seen, found = set(), []
    for case in cases:
        bills = set(case.sudo().line_ids.move_id.ids)
        if not bills & seen:
            found.append(case)
            seen |= bills
    return found


def tell(demo, company, clerk, case, kind, number, days):
    """One plan, as far as its story goes."""
    first = demo.today + timedelta(days=days)
    plan = clerk["dunning.payment.plan"].create(
        {
            "case_id": case.id,
            "number": number,
            "request_date": min(demo.today, first) - timedelta(days=2),
            "first_due": first,
            "channel": "pp",
            "note": "Ha telefonato: chiede di pagare a rate",
            **(by_law(demo) if kind == "right" else {}),
        }
    )
    if kind == "draft":
        return plan
    plan.action_ask()
    if kind == "waiting":
        return plan
    approve(demo, company, plan)
    if plan.sudo().action_id:
        plan.action_send()
    if kind == "offered":
        return plan
    if kind == "right":
        # a signature would not do: the customer joins by paying
        pay(demo, company, plan, plan.sudo().instalment_ids.sorted("number")[0].amount)
        return plan
    plan.action_accept()
    if kind == "kept":
        pay(demo, company, plan)
    return plan


def by_law(demo):
    """What makes it a right: asked for on the notice of default, in time."""
    return {
        "cause": "notice",
        "months": 2,
        "billing_months": 2,
        "request_date": demo.today,
        "notice_term": demo.today + timedelta(days=TERM),
        "note": "Chiede la rateizzazione offerta con la costituzione in mora",
    }


def approve(demo, company, plan):
    """Level 4 decides what the matrix asks for: in both companies."""
    env = as_user(demo, "gruppo", company)
    request = env["dunning.approval.request"].browse(plan.sudo().request_id.ids)
    if request.state == "pending":
        request.action_approve("Va bene a rate")
        plan.invalidate_recordset()


def pay(demo, company, plan, most=None):
    """Its bills, the oldest first, by ordinary payments matched with them; ``most``:
    how much at most, all of it when empty."""
    env = demo.env(context={"allowed_company_ids": company.ids})
    lines = plan.sudo().line_ids.sorted(lambda line: (line.date_maturity, line.id))
    for move in env["account.move"].browse(lines.move_id.ids):
        amount = (
            move.amount_residual if most is None else min(most, move.amount_residual)
        )
        if amount <= 0:
            continue
        wizard = (
            env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"amount": amount, "payment_date": demo.today})
        )
        wizard._create_payments()
        most = most if most is None else round(most - amount, 2)


def shown(plan):
    """The name of the story that the plan tells by now."""
    if plan.state != "running":
        return plan.state
    if plan.sudo().join_by:
        return "right"
    return "late" if plan.is_late else "running"


def compare(made):
    """What the plans should be by now, beside what they are."""
    yield Line(
        "states of the payment plans", list(map(shown, made.values())), list(made)
    )
    for kind, plan in made.items():
        if kind == "draft":
            continue
        told = sum(plan.sudo().instalment_ids.mapped("capital"))
        yield Line("instalments of a plan", round(told, 2), plan.amount_total)
        is_held = plan.sudo().hold_id.state == "active"
        runs = kind in ("running", "late", "right")
        yield Line("a plan holds while it runs", is_held, runs)
    sent = [plan for plan in made.values() if plan.sudo().action_id.communication_ids]
    texts = {plan.sudo().action_id.communication_ids.template_id.op for plan in sent}
    yield Line(
        "offers written by the text of plans", texts, {"plan"} if sent else set()
    )
    if "kept" in made:
        plan = made["kept"]
        told = (plan.amount_open, set(plan.instalment_ids.mapped("state")))
        yield Line("a plan paid in full", told, (0, {"paid"}))
    if "right" in made:
        plan = made["right"]
        first = plan.instalment_ids.sorted("number")[0]
        told = (bool(plan.has_right), first.state, len(plan.instalment_ids))
        yield Line("a plan by right, joined by its first instalment", told, BY_RIGHT)
    if "broken" in made:
        plan = made["broken"]
        yield Line("a broken plan stops nothing", plan.case_id.hold_count, 0)
