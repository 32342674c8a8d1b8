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
    run = by_itself(demo, company)
    return [
        *compare(demo, cases),
        Line("proposals made by themselves that failed", run.count_failed, 0),
    ]


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


#: kind of charge -> account of the Italian chart (l10n_it)
ACCOUNTS = {
    "interest": "5110",  # interest income from customers
    "cost": "3103",  # reimbursed expenses
    "indemnity": "4903",  # miscellaneous charges
    "refund": "3111",  # rebates and discounts given
}


def accounts(demo, company):
    """Every kind of charge on the account where an accountant looks for it."""
    env = as_user(demo, "amministratore", company)
    chart = demo.env["account.chart.template"].with_company(company)
    found = {kind: chart.ref(code) for kind, code in ACCOUNTS.items()}
    found["writeoff"] = company.dunning_loss_account_id or chart.ref("4905")
    for kind, account in found.items():
        env["dunning.charge.account"].create(
            {
                "company_id": company.id,
                "kind": kind,
                "account_id": account.id,
                "tax_note": TAX_NOTES.get(kind),
            }
        )


TAX_NOTES = dict.fromkeys(("interest", "cost"), "Escluso art. 15 D.P.R. 633/1972")


def by_itself(demo, company):
    """From now on proposed every month; the first time now: drafts that wait."""
    env = as_user(demo, "amministratore", company)
    present = env["dunning.settings.wizard"].create({"company_id": company.id})
    present.update({"dunning_interest_when": "monthly", "dunning_interest_minimum": 1})
    present.action_save()
    demo.env.cr.commit()
    # on whatever day of the month the demonstration is made
    run = demo.env["dunning.interest.run"].sudo()._take_up(company, demo.today)
    run._work()
    demo.env.cr.commit()
    return run


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
