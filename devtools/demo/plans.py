"""Payment plans in the demonstration: one being paid, one that waits for a manager, one
that is only tried out."""

from datetime import timedelta

from .check import Line
from .credit import as_user

#: what the three plans are, in the order of their cases
KINDS = ("running", "waiting", "draft")


def work(demo, company):
    """Plans of ``company`` as a clerk makes them; lines of the proof."""
    clerk = as_user(demo, "operatore", company)
    cases = clerk["dunning.case"].search(
        [("company_id", "=", company.id), ("state", "=", "open")], order="id desc"
    )
    free = cases.filtered(lambda case: not case.hold_count and case.amount_due > 40)
    made = {}
    for kind, case in zip(KINDS, free, strict=False):
        plan = clerk["dunning.payment.plan"].create(
            {
                "case_id": case.id,
                "number": 18 if kind == "waiting" else 4,
                "first_due": demo.today + timedelta(days=10),
                "note": "Ha telefonato: chiede di pagare a rate",
            }
        )
        made[kind] = plan
        if kind != "draft":
            plan.action_ask()
    if "running" in made:
        approve(demo, company, made["running"])
        made["running"].action_accept()
    demo.env.cr.commit()
    states = [plan.state for plan in made.values()]
    yield Line("states of the payment plans", states, list(KINDS[: len(made)]))
    for plan in made.values():
        told = sum(plan.sudo().instalment_ids.mapped("capital"))
        if plan.state != "draft":
            yield Line("instalments of a plan", round(told, 2), plan.amount_total)


def approve(demo, company, plan):
    """The director decides what the matrix asks for."""
    env = as_user(demo, "direttore", company)
    request = env["dunning.approval.request"].browse(plan.sudo().request_id.ids)
    if request.state == "pending":
        request.action_approve("Va bene a rate")
        plan.invalidate_recordset()
