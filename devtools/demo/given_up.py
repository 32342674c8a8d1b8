"""A CMOR charged on a bill that the credit department wrote off: money given up.

Played after the lists of write-offs: of a bill that one of them closed for a part, the
billing system tells that it carries a CMOR of another seller.
"""

from decimal import ROUND_HALF_UP, Decimal

from . import answers
from .check import Line, money

CODE, AMOUNT, AGE = "SII850000000001", Decimal("130.00"), 90


def work(demo, company):
    """The lines of the comparison; none when no such bill is there."""
    line, bill = _written_off(demo, company)
    if not bill:
        return []
    contract = line.case_id.contract_id
    post = answers.Post(demo, company)
    notice = answers.Notice("given_up", AMOUNT, AMOUNT, AGE)
    post.receive("claim_notice_in", [post._notice(CODE, notice, contract)])
    post.receive("dso_charge", [post._line(CODE, notice, contract)])
    practice = post.env["cmor.practice"].search(
        [("company_id", "=", company.id), ("sii_code", "=", CODE)]
    )
    practice.action_charge_customer()
    charges = demo.env["utility.charge"]
    refs = practice.sudo().charge_ids.mapped("ref")
    charges.with_company(company)._confirm_from_bill(bill, refs)
    practice.action_settle()
    demo.env.cr.commit()
    lost = AMOUNT * money(line.amount) / money(bill.amount_total)
    found = (practice.state, money(practice.given_up_amount))
    wanted = ("uncollected", lost.quantize(Decimal("0.01"), ROUND_HALF_UP))
    return [Line("incoming: given up with the bill", found, wanted)]


def _written_off(demo, company):
    """(line of a list, bill): of a supply of electricity in force, for a part."""
    lines = demo.env["dunning.writeoff.line"].search(
        [
            ("company_id", "=", company.id),
            ("state", "=", "booked"),
            ("case_id.contract_id.service", "=", "electricity"),
            ("case_id.contract_id.supply_state", "=", "active"),
        ],
        order="id",
    )
    for line in lines:
        debts = line.move_id.line_ids.matched_debit_ids.debit_move_id.move_id
        if len(debts) == 1 and debts.amount_total > line.amount > AMOUNT:
            return line, debts
    return lines.browse(), None
