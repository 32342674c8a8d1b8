"""Jobs of install_checks that run inside a real Odoo process."""

from datetime import timedelta

from odoo import Command, fields

OURS = ("utility_supply", "creditbox_dunning", "cmor_utility", "cmor_dunning")


def work(env, *steps):
    """Some of the jobs below, each of them committed: "name" or "name argument"."""
    for step in steps:
        name, *args = step.split()
        globals()[name](env, *args)
        env.cr.commit()


def uninstall(env, name):
    """Uninstall a module the way the Apps page does."""
    module = env["ir.module.module"].search([("name", "=", name)])
    module.button_immediate_uninstall()


def check_menus(env):
    """Every menu's action opens: its model is there and its views are sound."""
    menus = env["ir.ui.menu"].search([("action", "!=", False)])
    for menu in menus:
        action = menu.action
        if action._name == "ir.actions.act_window":
            views = [(False, mode) for mode in action.view_mode.split(",")]
            env[action.res_model].get_views(views)


def fill(env):
    """Business records of every installed module of ours, made as its users make them.

    A customer with an overdue bill of a supply that was switched out: a contract, a
    case with its actions, and a practice, as far as their modules are there.
    """
    today, company = fields.Date.today(), env.company
    supply_with_bill(env)
    if "dunning.run" in env:
        env["dunning.run"].run_for(company, today)
        assert env["dunning.action"].search_count([]), "the run made no action"
    if "cmor.practice" in env:
        # beside the other app the run has found it already
        env["cmor.practice"].find_candidates(company, today)
        assert env["cmor.practice"].search_count([]), "the supply is no candidate"


def supply_with_bill(env):
    """The bill of a customer whose supply was switched out, in a company made ready."""
    today, company = fields.Date.today(), env.company
    if not company.chart_template:
        env["account.chart.template"].try_loading("it", company, install_demo=False)
    company.email = "credito@example.com"
    company._utility_setup_books()
    partner = env["res.partner"].create(
        {
            "name": "Mario Prova",
            "billing_code": "U1",
            "company_id": company.id,
            "email": "mario@example.com",
        }
    )
    point = env["utility.supply.point"].create(
        {"company_id": company.id, "service": "electricity", "code": "IT001E12345678"}
    )
    contract = env["utility.contract"].create(
        {
            "code": "U1",
            "company_id": company.id,
            "partner_id": partner.id,
            "supply_point_id": point.id,
            "customer_type": "domestic",
            "date_start": today - timedelta(days=900),
            "date_end": today - timedelta(days=250),
            "end_reason": "switch_out",
            "supply_state": "ceased",
        }
    )
    return _overdue_bill(env, contract)


def _overdue_bill(env, contract):
    """A posted bill of 200.00 of ``contract``, due long before it ended."""
    company, today = contract.company_id, fields.Date.today()
    bill = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": contract.partner_id.id,
            "journal_id": company.utility_bill_journal_id.id,
            "utility_contract_id": contract.id,
            "name": "UNINST-1",
            "billing_ref": "UNINST-1",
            "from_billing": True,
            "invoice_date": today - timedelta(days=300),
            "invoice_date_due": today - timedelta(days=270),
            "invoice_line_ids": [
                Command.create(
                    {
                        "name": "x",
                        "price_unit": 200,
                        "tax_ids": [Command.clear()],
                        "account_id": company.utility_clearing_account_id.id,
                        "utility_contract_id": contract.id,
                    }
                )
            ],
        }
    )
    bill.action_post()
    return bill


def check_kept(env):
    """What belongs to Odoo stays when our modules go: the posted bill, unchanged."""
    bill = env["account.move"].search([("name", "=", "UNINST-1")])
    assert (bill.state, bill.amount_residual) == ("posted", 200.0), bill
