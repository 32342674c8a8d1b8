"""Valuation of customers: each week of the month, and once more on the last day.

What the nights of the month leave is a history of scores and a watch list, as a company
has them; what must hold is that the exposures are the ledger's.
"""

from collections import Counter

from .check import Line

SUNDAY = 6


def weekly(demo, day):
    """Value both companies on Sundays."""
    if day.weekday() == SUNDAY:
        for company in demo.companies.values():
            demo.env["dunning.valuation.run"].sudo()._value_company(company, day)


def work(demo, company):
    """Value ``company`` on the last day; yields what must hold."""
    env = demo.env
    company.sudo().dunning_watch_user_id = demo.users["responsabile"]
    runs = env["dunning.valuation.run"].sudo()
    first = runs._value_company(company, demo.today)
    again = runs._value_company(company, demo.today)
    yield Line("valuations changed by a second valuation", again.count_changed, 0)
    yield Line(
        "customers of the second valuation",
        again.count_customers,
        first.count_customers,
    )
    whole = env["dunning.valuation"].search(
        [("company_id", "=", company.id), ("contract_id", "=", False)]
    )
    entries = env["account.move.line"].search(
        [
            ("company_id", "=", company.id),
            ("partner_id", "in", whole.partner_id.ids),
            ("account_type", "=", "asset_receivable"),
            ("parent_state", "=", "posted"),
            ("reconciled", "=", False),
        ]
    )
    exposure = round(sum(whole.mapped("exposure")), 2)
    ledger = round(sum(entries.mapped("amount_residual")), 2)
    yield Line("exposure of the valuations", exposure, ledger)
    mute = whole.filtered(lambda one: one.score and not one.reasons)
    yield Line("points without a reason", len(mute), 0)


def tables(demo):
    """(title, headings, rows) of the bands."""
    counts = Counter()
    for one in demo.env["dunning.valuation"].search([("contract_id", "=", False)]):
        counts[one.company_id.name, one.band, one.is_watched, one.is_serial] += 1
    yield (
        "Customers by band",
        ["company", "band", "watched", "serial switcher", "customers"],
        [[*key, count] for key, count in sorted(counts.items())],
    )
