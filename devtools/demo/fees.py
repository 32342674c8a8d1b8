"""The fees of an agency in the demonstration: a statement beside its invoice.

Two cases are with the agency since three weeks, a part of each was paid meanwhile; the
agency invoices more than what arrived brings, so that there is a difference to explain.
"""

from datetime import timedelta
from decimal import Decimal

from odoo import Command

from .check import Line
from .credit import as_user

SENT, PAID = timedelta(days=20), timedelta(days=6)
AMOUNTS = (50, 20)
TOO_MUCH = 6


def work(demo, company):
    """A frozen statement with its invoice, to be decided; lines of the proof."""
    assignments = demo.env["dunning.agency.assignment"].search(
        [("company_id", "=", company.id), ("state", "in", ("sent", "taken"))],
        order="id",
        limit=len(AMOUNTS),
    )
    since = demo.today - SENT
    assignments.sudo()._guarded().write({"sent_on": since, "mandate_from": since})
    arrived = sum(
        pay(demo, one, amount)
        for one, amount in zip(assignments, AMOUNTS, strict=False)
    )
    clerk = as_user(demo, "operatore", company)
    provider = assignments.provider_id[:1]
    if not provider:
        return
    statement = clerk["dunning.agency.statement"].create(
        {
            "company_id": company.id,
            "provider_id": provider.id,
            "date_from": since,
            "date_to": demo.today - timedelta(days=1),
        }
    )
    statement.action_freeze()
    statement.invoice_id = invoice(demo, company, provider, statement.reckoned)
    demo.env.cr.commit()
    fee = sum(
        (
            round(Decimal(line.amount) * Decimal(str(provider.fee_percent)) / 100, 2)
            for line in statement.line_ids
        ),
        Decimal(0),
    )
    yield Line("arrived from the agency's cases", statement_total(statement), arrived)
    yield Line("fees frozen", round(Decimal(str(statement.reckoned)), 2), fee)


def statement_total(statement):
    """What the lines of the statement say that arrived."""
    return round(sum(statement.line_ids.mapped("amount")), 2)


def pay(demo, assignment, amount):
    """A transfer of the customer on a bill of the case; returns what was paid."""
    lines = assignment.case_id.line_ids.filtered(
        lambda line: line.amount_residual > amount
    )
    if not lines:
        return 0
    wizard = demo.env["account.payment.register"].with_context(
        active_model="account.move", active_ids=lines[0].move_id.ids
    )
    values = {"amount": amount, "payment_date": demo.today - PAID}
    wizard.create(values)._create_payments()
    return amount


def invoice(demo, company, provider, reckoned):
    """The agency's bill, by some euro more than its fees."""
    moves = demo.env["account.move"].sudo().with_company(company)
    supplier = demo.env["res.partner"].create({"name": provider.name})
    bill = moves.create(
        {
            "move_type": "in_invoice",
            "company_id": company.id,
            "partner_id": supplier.id,
            "invoice_date": demo.today,
            "date": demo.today,
            "ref": "214/A",
            "invoice_line_ids": [
                Command.create(
                    {
                        "name": "Compensi di recupero",
                        "quantity": 1,
                        "price_unit": reckoned + TOO_MUCH,
                        "tax_ids": False,
                    }
                )
            ],
        }
    )
    bill.action_post()
    return bill


def guarantee(demo, company):
    """A bank guarantee that expires soon, for a supply of the company."""
    manager = as_user(demo, "responsabile", company)
    contract = manager["utility.contract"].search(
        [("company_id", "=", company.id), ("customer_type", "!=", "domestic")],
        order="id",
        limit=1,
    )
    if not contract:
        return
    bank = demo.env["res.partner"].create({"name": "Banca Adriatica S.p.A."})
    manager["dunning.guarantee"].create(
        {
            "name": "2026/00481",
            "company_id": company.id,
            "contract_id": contract.id,
            "guarantor_id": bank.id,
            "amount": 5000,
            "date_from": demo.today - timedelta(days=320),
            "date_to": demo.today + timedelta(days=45),
        }
    )
    demo.env["dunning.guarantee"]._cron_remind()
    demo.env.cr.commit()
