"""Interest and costs of the demonstration: proposed, confirmed, waived, exported."""

from datetime import date

from .check import Line
from .credit import as_user

INVENTED = "Dimostrazione: numero inventato"


def work(demo, company):
    """What the clerk proposes and the accountant confirms; lines of the comparison."""
    rates(demo, company)
    accounts(demo, company)
    clerk = as_user(demo, "operatore", company)
    cases = clerk["dunning.case"].search(
        [("company_id", "=", company.id), ("state", "!=", "closed")],
        order="id",
        limit=8,
    )
    wizard = clerk["dunning.interest.wizard"].create(
        {
            "case_ids": cases.ids,
            "company_id": company.id,
            "on_day": demo.today,
        }
    )
    wizard.action_show()
    wizard.action_propose()
    demo.env.cr.commit()
    drafts = charges(demo, cases)
    to_waive = drafts.filtered(lambda charge: charge.kind == "interest")[-1:]
    to_waive.with_env(clerk).ask_dunning_waiver("Cliente storico, ritardo della banca")
    confirm(demo, company, (drafts - to_waive)[:4])
    demo.env.cr.commit()
    return list(compare(demo, cases))


def rates(demo, company):
    """Rates of today, where those that we ship have ended: invented, and so marked."""
    env = as_user(demo, "amministratore", company)
    Rate = env["dunning.interest.rate"]
    starts = {
        "legal": date(demo.today.year, 1, 1),
        "ecb_half": date(demo.today.year, 1 if demo.today.month < 7 else 7, 1),
    }
    for kind, start in starts.items():
        if not Rate.search_count([("kind", "=", kind), ("date_from", "=", start)]):
            Rate.create(
                {
                    "kind": kind,
                    "date_from": start,
                    "value": 2,
                    "reference": INVENTED,
                    "note": INVENTED,
                }
            )


def accounts(demo, company):
    """Every kind of charge on an account of revenue, for the export."""
    env = as_user(demo, "amministratore", company)
    account = demo.env["account.account"].search(
        [("company_ids", "in", company.ids), ("account_type", "=", "income")], limit=1
    )
    for kind in ("interest", "cost", "indemnity", "writeoff"):
        env["dunning.charge.account"].create(
            {"company_id": company.id, "kind": kind, "account_id": account.id}
        )


def charges(demo, cases):
    return demo.env["utility.charge"].search(
        [("dunning_case_id", "in", cases.ids), ("state", "=", "draft")], order="id"
    )


def confirm(demo, company, drafts):
    """The accountant lets them go to billing, and exports the entries."""
    env = as_user(demo, "contabile", company)
    mine = drafts.with_env(env).filtered(lambda charge: charge.mode == "billing")
    if mine:
        mine.action_confirm()
        mine.action_export()
        mine.action_export_journal()


def compare(demo, cases):
    """Each charge against its days, counted here in another way."""
    stretches = demo.env["dunning.interest.stretch"].search(
        [("case_id", "in", cases.ids), ("state", "!=", "reversed")]
    )
    days = [
        (row.move_line_id.id, row.day_from.toordinal() + number)
        for row in stretches
        for number in range(row.days)
    ]
    yield Line("days of interest charged twice", len(days) - len(set(days)), 0)
    off = 0
    for charge in stretches.charge_id:
        owed = sum(row.base * row.rate * row.days / 36500 for row in charge.stretch_ids)
        off += abs(owed - charge.amount) > 0.0051
    yield Line("interest that is not the sum of its days", off, 0)
