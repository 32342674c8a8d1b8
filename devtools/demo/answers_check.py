"""The answers of both sides, compared with their plan and with the workbooks.

States come from the plan alone, money from the independent reckoning of the claims
(``claims.py``): nothing here is read out of what it is compared with.
"""

from collections import Counter
from decimal import Decimal

from . import answers
from .check import Line, balance_by_customer, money
from .claims import claims

#: state in which an answer leaves a claim
STATES = {
    "paid": "paid",
    "anew": "closed_lost",
    "fixable": "rejected",
    "annulled": "refund_due",
    "unknown": "rejected",
    "updated": "accepted",
    "late": "accepted",
    "excess": "excess_to_return",
    "final": "closed_lost",
    "asked": "cancel_requested",
    "silent": "sent",
}
#: state of an incoming practice after all its files
STATES_IN = {
    "charged": "to_charge",
    "to_charge": "to_charge",
    "difference": "to_charge",
    "suspension": "matched",
    "updated": "matched",
    "lowered": "to_charge",
    "annulled": "closed",
    "waiting": "matched",
    "other_holder": "unmatched",
    "not_ours": "unmatched",
}


def compare(env, company, expected, plan, today):
    """All the lines about the answers to ``company``.

    :param expected: ``Expected`` of its workbooks
    :param plan: what ``answers.play`` gave back
    """
    return [
        *outgoing(company, expected, plan["outgoing"], today),
        *claimed_anew(expected, plan, today),
        *debts(env, company, expected, plan["outgoing"], today),
        *incoming(env, company, plan["incoming"]),
        *seller(env, company, plan["seller"]),
        *records(env, company, plan),
    ]


def outgoing(company, expected, plan, today):
    """States, amounts in force and CSEA's money of the claims."""
    found = {p.contract_id.code: p.state for p in plan}
    wanted = {p.contract_id.code: STATES[kind] for p, kind in plan.items()}
    yield Line("answers: state of each claim", found, wanted)
    reckoned = claims(expected, today)
    amounts, paid, banked = {}, Decimal(0), Decimal(0)
    for practice, kind in plan.items():
        code = practice.contract_id.code
        amounts[code] = reckoned[code].indemnity
        if kind == "updated":
            amounts[code] = answers.updated(amounts[code])
        if kind in answers.PAID:
            paid += amounts[code]
        if kind in answers.BANKED:
            banked += amounts[code]
    found = {p.contract_id.code: money(p.indemnity) for p in plan}
    yield Line("answers: amount in force", found, amounts)
    receipts = [money(receipt.amount) for p in plan for receipt in p.sudo().receipt_ids]
    yield Line("CSEA: money entered", sum(receipts), paid)
    account = company.cmor_csea_account_id
    items = account.env["account.move.line"].search(
        [("account_id", "=", account.id), ("parent_state", "=", "posted")]
    )
    to_come = sum_of(items, "balance")
    yield Line("CSEA: still to come on the bank", to_come, paid - banked)
    late = [p.contract_id.code for p in plan if p.late_state == "open"]
    wanted = [p.contract_id.code for p, kind in plan.items() if kind == "late"]
    yield Line("payments after the claim to answer", sorted(late), sorted(wanted))
    excess = sum((money(p.excess_amount) for p in plan), Decimal(0))
    wanted = [amounts[p.contract_id.code] for p in plan if plan[p] == "excess"]
    yield Line("CSEA: more than was owed", excess, sum(wanted, Decimal(0)))


def claimed_anew(expected, plan, today):
    """What was given up and claimed anew: as much as before, under another code."""
    reckoned = claims(expected, today)
    old = [p for p, kind in plan["outgoing"].items() if kind == "anew"]
    burnt = {practice.code for practice in old}
    found = {
        p.contract_id.code: (p.state, money(p.indemnity), p.code not in burnt)
        for p in plan["anew"]
    }
    wanted = {
        practice.contract_id.code: (
            "sent",
            reckoned[practice.contract_id.code].indemnity,
            True,
        )
        for practice in old
    }
    yield Line("claims made anew", found, wanted)


def debts(env, company, expected, plan, today):
    """What was paid lowers the customers' debt; what was annulled opens it again."""
    reckoned = claims(expected, today)
    wanted = expected.open_by_customer()
    for practice, kind in plan.items():
        code = practice.contract_id.code
        customer = expected.contracts[code]["Codice cliente"]
        if kind == "paid":
            wanted[customer] -= reckoned[code].indemnity
        elif kind == "excess":
            # the customer has paid all of the supply; CSEA's money is no receivable
            wanted[customer] -= sum(
                bill.residual()
                for bill in expected.bills.values()
                if bill.rows[0]["Codice contratto"] == code and bill.document == "FT"
            )
        elif kind == "late":
            wanted[customer] -= answers.LATE_PAYMENT
    wanted = {code: money(amount) for code, amount in wanted.items() if money(amount)}
    found = balance_by_customer(env, company)
    yield Line("open by customer, CSEA's money taken off", found, wanted)


def incoming(env, company, plan):
    """States and money of the notices received."""
    practices = env["cmor.practice"].search(
        [("company_id", "=", company.id), ("side", "=", "incoming")]
    )
    found = {practice.sii_code: practice.state for practice in practices}
    wanted = {code: STATES_IN[notice.kind] for code, notice in plan.items()}
    yield Line("incoming: state of each practice", found, wanted)
    found = {practice.sii_code: money(practice.indemnity) for practice in practices}
    wanted = {
        code: answers.UPDATED_TO.get(notice.kind, notice.amount)
        for code, notice in plan.items()
    }
    yield Line("incoming: amount in force", found, wanted)
    lines = [notice.line for notice in plan.values() if notice.line]
    charged = sum_of(practices, "network_amount")
    yield Line("incoming: charged by the network", charged, sum(lines))
    stray = env["cmor.network.charge"].search(
        [("company_id", "=", company.id), ("state", "=", "unmatched")]
    )
    yield Line(
        "incoming: lines without practice",
        sum_of(stray, "amount"),
        answers.STRAY_LINE,
    )
    charges = env["utility.charge"].search(
        [
            ("company_id", "=", company.id),
            ("kind", "=", "cmor"),
            # what was lowered has to be charged again, for less
            ("state", "!=", "cancelled"),
        ]
    )
    to_bill = [notice.amount for notice in plan.values() if notice.kind == "charged"]
    yield Line(
        "incoming: charged to customers", sum_of(charges, "amount"), sum(to_bill)
    )


def seller(env, company, practice):
    """A claim presented for another seller, and its answer passed on."""
    found = (practice.state, money(practice.indemnity), practice.cc_partner_id.name)
    name, _vat, amount = answers.SELLER
    yield Line("claim for another seller", found, ("accepted", amount, name))
    passed = env["cmor.flow.file"].search_count(
        [("company_id", "=", company.id), ("type_id.key", "=", "cc_answer")]
    )
    yield Line("answers passed on to it", passed, 1)


def records(env, company, plan):
    """Each row received has its state, none has vanished."""
    kinds = Counter(plan["outgoing"].values())
    count = Counter(applied=len(plan["outgoing"]) - kinds["silent"])
    count["applied"] += sum(kinds[kind] for kind in answers.PAID)
    count["applied"] += kinds["annulled"] + kinds["updated"]
    count["applied"] += len(plan["incoming"])
    # the request of a seller and its answer
    count["applied"] += 2
    count["applied"] += sum(1 for notice in plan["incoming"].values() if notice.line)
    # the stray line, the updates and the annulment of the incoming side
    count["applied"] += 2 + len(answers.UPDATED_TO)
    # an answer and an annulment of practices that nobody knows; the second is put aside
    count["waiting"] += 1
    count["set_aside"] += 1
    found = Counter(
        env["cmor.flow.record"]
        .search([("company_id", "=", company.id), ("direction", "=", "in")])
        .mapped("state")
    )
    yield Line("rows received, by state", dict(found), dict(count))
    rows = env["cmor.flow.record"].search(
        [("company_id", "=", company.id), ("state", "=", "set_aside")]
    )
    files = env["cmor.flow.file"].search(
        [("company_id", "=", company.id), ("state", "=", "set_aside")]
    )
    found = {row.sii_code: row.set_aside_reason for row in rows}
    found |= {file.name: file.discard_reason for file in files}
    yield Line("put aside, with the reason", found, answers.ASIDE)


def sum_of(records_, name):
    """Exact sum of a monetary field."""
    return sum((money(amount) for amount in records_.mapped(name)), Decimal(0))


def tables(env):
    """(title, headings, rows) of what was received and of what it asks for."""
    files = env["cmor.flow.file"].search([("direction", "=", "in")], order="id")
    yield (
        "Files received",
        ["file", "flow", "state", "rows", "to be checked"],
        [
            [
                file.name,
                file.code or "",
                file.state,
                len(file.record_ids),
                file.count_waiting,
            ]
            for file in files
        ],
    )
    states = Counter(
        env["cmor.practice"].search([("side", "=", "incoming")]).mapped("state")
    )
    yield "Incoming practices by state", ["state", "count"], states.items()
    deadlines = Counter(
        (deadline.state, deadline.key) for deadline in env["cmor.deadline"].search([])
    )
    yield (
        "Terms",
        ["state", "term", "count"],
        [[*key, count] for key, count in sorted(deadlines.items())],
    )
