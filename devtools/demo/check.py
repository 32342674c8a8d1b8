"""What the product made of the workbooks, beside what it should have made.

``compare`` returns a list of ``Line``: what, found, expected. Figures are asked of the
database (ledger, quarantine, cases, practices), expectations of ``Expected`` and
``claims``, which know nothing of it.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from .claims import claims

DATASETS = {
    "customers": "Clienti",
    "contracts": "Contratti",
    "bills": "Bollette",
    "payments": "Pagamenti",
    "notices": "Solleciti pregressi",
}
CENT = Decimal("0.01")


@dataclass
class Line:
    """One comparison; ``what`` is told to the reader."""

    what: str
    found: object
    expected: object

    @property
    def is_right(self):
        return self.found == self.expected


def compare(env, company, expected, anchor, today, *, has_claims):
    """All the lines of one company on ``today``."""
    lines = [
        *acquisition(env, company, expected),
        *sums(env, company, expected),
        *overdue(env, company, expected, today),
        *nights(env, company, anchor, today),
    ]
    if has_claims:
        lines += indemnities(env, company, expected, anchor, today)
    return lines


def money(amount):
    """A float of the database as an exact amount."""
    return Decimal(str(amount or 0)).quantize(CENT)


# --- acquisition ----------------------------------------------------------------------
def acquisition(env, company, expected):
    """Rows applied and rows set aside by kind, sheet by sheet."""
    batches = env["utility.import.batch"].search([("company_id", "=", company.id)])
    for dataset, sheet in DATASETS.items():
        own = batches.filtered(lambda batch, name=dataset: batch.dataset == name)
        found = sum(own.mapped("count_applied"))
        yield Line(f"{sheet}: rows applied", found, expected.applied[sheet])
        rows = env["utility.import.row"].search(
            [("batch_id", "in", own.ids), ("state", "=", "open")]
        )
        kinds = dict(Counter(rows.mapped("issue_code")))
        wanted = dict(expected.quarantined[sheet])
        yield Line(f"{sheet}: rows in quarantine, by kind", kinds, wanted)


# --- money ----------------------------------------------------------------------------
def sums(env, company, expected):
    """Billed, paid and open, in total and for each customer and bill."""
    bills = env["account.move"].search(
        [
            ("company_id", "=", company.id),
            ("from_billing", "=", True),
            ("state", "=", "posted"),
        ]
    )
    billed = sum(bills.mapped("amount_total_signed"))
    yield Line("billed", money(billed), money(expected.billed()))
    payments = env["account.payment"].search(
        [
            ("company_id", "=", company.id),
            ("source_ref", "!=", False),
            ("reversal_date", "=", False),
            ("state", "in", ("in_process", "paid")),
        ]
    )
    paid = sum(payments.mapped("amount"))
    yield Line("paid", money(paid), money(expected.paid()))
    balances = balance_by_customer(env, company)
    wanted = {
        code: money(amount)
        for code, amount in expected.open_by_customer().items()
        if amount
    }
    yield Line("open in total", sum(balances.values()), sum(wanted.values()))
    yield Line("open by customer", balances, wanted)
    residuals = {
        bill.billing_ref: money(bill.amount_residual)
        for bill in bills
        if bill.move_type == "out_invoice" and bill.amount_residual
    }
    wanted = {ref: money(part) for ref, part in expected.residual_by_bill().items()}
    yield Line("residual by bill", residuals, wanted)


def balance_by_customer(env, company):
    """{billing code: what the ledger says is due}, zero ones left out."""
    groups = env["account.move.line"]._read_group(
        [
            ("company_id", "=", company.id),
            ("parent_state", "=", "posted"),
            ("account_id.account_type", "=", "asset_receivable"),
        ],
        ["partner_id"],
        ["balance:sum"],
    )
    return {
        partner.billing_code: money(balance)
        for partner, balance in groups
        if money(balance)
    }


# --- dunning --------------------------------------------------------------------------
def overdue(env, company, expected, today):
    """The supplies followed by a live case are those that are overdue."""
    cases = env["dunning.case"].search(
        [("company_id", "=", company.id), ("state", "!=", "closed")]
    )
    late = expected.overdue_contracts(today)
    # a public body has one case for all its supplies: the bills tell which
    found = Counter()
    for line in cases.line_ids:
        if line.amount_residual > 0 and line.date_maturity < today:
            contract = line.utility_contract_id or line.move_id.utility_contract_id
            found[contract.code] += money(line.amount_residual)
    yield Line("supplies overdue with a case", sorted(found), sorted(late))
    wanted = {code: money(amount) for code, amount in late.items()}
    yield Line("overdue by supply", dict(found), wanted)


def nights(env, company, anchor, today):
    """Every night was gone through, none with an error."""
    runs = env["dunning.run"].search(
        [("company_id", "=", company.id), ("date", ">", anchor)]
    )
    done = sorted(set(runs.filtered(lambda run: run.state == "done").mapped("date")))
    days = (today - anchor).days
    wanted = [anchor + timedelta(days=n) for n in range(1, days + 1)]
    yield Line("nights gone through", done, wanted)
    yield Line("cases left out by an error", sum(runs.mapped("count_errors")), 0)
    actions = env["dunning.action"].search([("company_id", "=", company.id)])
    # a PEC that was not delivered is part of the story: see pec.py
    broken = actions.filtered(
        lambda action: action.state == "failed" and action.outcome != "pec_failed"
    )
    yield Line("actions that failed", len(broken), 0)


# --- indemnity ------------------------------------------------------------------------
def indemnities(env, company, expected, anchor, today):
    """Practices found, their amounts and their conditions."""
    nights = [anchor + timedelta(days=n) for n in range(1, (today - anchor).days + 1)]
    born = set()
    for night in nights:
        born |= set(claims(expected, night))
    practices = env["cmor.practice"].search(
        [("company_id", "=", company.id), ("side", "=", "outgoing")]
    )
    by_code = {practice.contract_id.code: practice for practice in practices}
    yield Line("supplies left with a debt", sorted(by_code), sorted(born))
    now = claims(expected, today)
    common = sorted(set(now) & set(by_code))
    for what, found, wanted in (
        ("credit", lambda one: money(one.credit_amount), lambda one: one.credit),
        ("cap", lambda one: money(one.cap_amount), lambda one: one.cap),
        ("indemnity", lambda one: money(one.indemnity), lambda one: one.indemnity),
        (
            "conditions failed",
            lambda one: codes(one, "no"),
            lambda one: one.failed,
        ),
        (
            "conditions for a person",
            lambda one: codes(one, "unknown"),
            lambda one: one.to_declare,
        ),
    ):
        yield Line(
            f"claims: {what}",
            {code: found(by_code[code]) for code in common},
            {code: wanted(now[code]) for code in common},
        )


def codes(practice, result):
    """Codes of the conditions that the facts alone answer with ``result``."""
    conditions = practice.condition_ids.filtered(
        lambda condition: condition.computed_result == result
    )
    return sorted(conditions.mapped("code"), key=lambda code: int(code[1:]))
