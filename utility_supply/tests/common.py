"""The small world that the tests of the ground floor share."""

from datetime import date

from odoo import Command
from odoo.tests import new_test_user

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.base.tests.common import BaseCommon

from .world import World


class UtilityCommon(AccountTestInvoicingCommon):
    """Two Italian companies with their books ready, one customer with a contract of
    each service, and one user of each kind.

    What all classes of a module share is built once, by the ``set_up_world`` of this
    class and then of each below it (see ``world.py``); what a class adds, by its
    ``setUpClass``.
    """

    #: when the world is built; None: now
    world_moment = None

    @classmethod
    def setUpClass(cls):
        # past Odoo's common classes: their part is in the world
        World.enter(cls, super(BaseCommon, cls).setUpClass)

    @classmethod
    @AccountTestInvoicingCommon.setup_country("it")
    def begin_world(cls):
        """What Odoo's common classes build, of an Italian company."""
        AccountTestInvoicingCommon.setUpClass.__func__(cls)

    @classmethod
    def set_up_world(cls):
        cls.company = cls.company_data["company"]
        cls.company._utility_setup_books()
        cls.other_company = cls.env["res.company"].create(
            {"name": "Altra Utility S.p.A.", "country_id": cls.env.ref("base.it").id}
        )
        cls.customer = cls._create_customer("C001")
        cls.contract = cls._create_contract("CT001", cls.customer)
        cls.utility_user = cls._create_user("clerk", "group_utility_user")
        cls.utility_admin = cls._create_user("admin_ut", "group_utility_admin")
        cls.protected_reader = cls._create_user(
            "reader", "group_utility_user", "group_protected_data_reader"
        )
        cls.accountant = cls._create_user("biller", "account.group_account_invoice")

    @classmethod
    def get_default_groups(cls):
        # EXTENDS account: the one who builds the world may build all of it
        return (
            super().get_default_groups()
            | cls.quick_ref("utility_supply.group_utility_admin")
            | cls.quick_ref("utility_supply.group_protected_data_reader")
        )

    @classmethod
    def _create_user(cls, login, *groups):
        names = [g if "." in g else f"utility_supply.{g}" for g in groups]
        return new_test_user(
            cls.env,
            login=login,
            groups=",".join(names),
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    @classmethod
    def _create_customer(cls, code, **vals):
        return cls.env["res.partner"].create(
            {
                "name": f"Cliente {code}",
                "company_id": cls.company.id,
                "billing_code": code,
                "legal_form": "consumer",
                "email": f"{code.lower()}@example.com",
                "street": "Via Roma 1",
                "zip": "20121",
                "city": "Milano",
                "country_id": cls.env.ref("base.it").id,
                "l10n_it_codice_fiscale": "RSSMRA80A01F205X",
                **vals,
            }
        )

    @classmethod
    def _create_point(cls, code, service="electricity", **vals):
        return cls.env["utility.supply.point"].create(
            {"company_id": cls.company.id, "service": service, "code": code, **vals}
        )

    @classmethod
    def _create_contract(cls, code, partner, point=None, **vals):
        if point is None:
            number = sum(ord(c) * 7**i for i, c in enumerate(code)) % 10**8
            point = cls._create_point(f"IT001E{number:08d}")
        return cls.env["utility.contract"].create(
            {
                "company_id": cls.company.id,
                "code": code,
                "partner_id": partner.id,
                "supply_point_id": point.id,
                "customer_type": "domestic",
                "date_start": date(2024, 1, 1),
                **vals,
            }
        )

    @classmethod
    def _create_bill(cls, ref, contract=None, amount=100.0, post=True, **vals):
        """A posted bill of the billing system, as the acquisition leaves it."""
        values = cls._bill_values(ref, contract, amount, **vals)
        return cls._create_bills([values], post)

    @classmethod
    def _create_bills(cls, values, post=True):
        """Bills of these values at once: one by one they cost twice the time."""
        moves = cls.env["account.move"].sudo().create(values)
        if post:
            moves.action_post()
        return moves

    @classmethod
    def _bill_values(cls, ref, contract=None, amount=100.0, **vals):
        contract = contract or cls.contract
        line = {
            "name": ref,
            "price_unit": amount,
            "tax_ids": [Command.clear()],
            "account_id": cls.company.utility_clearing_account_id.id,
            "utility_contract_id": contract.id,
        }
        return {
            "move_type": "out_invoice",
            "company_id": cls.company.id,
            "journal_id": cls.company.utility_bill_journal_id.id,
            "partner_id": contract.partner_id.id,
            "from_billing": True,
            "billing_ref": ref,
            "name": ref,
            "utility_contract_id": contract.id,
            "invoice_date": date(2026, 1, 15),
            "invoice_date_due": date(2026, 2, 14),
            "invoice_line_ids": [Command.create(line)],
            **vals,
        }
