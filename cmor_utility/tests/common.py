"""The small world that the tests of the practices share."""

import base64
from datetime import date, timedelta

from odoo import Command
from odoo.tests import new_test_user

from odoo.addons.utility_supply.tests.common import UtilityCommon

END = date(2025, 8, 31)  # last day of the supplies that were switched out
TODAY = date(2026, 4, 15)  # inside their window: 2026-03-01 to 2026-08-31
PROOF = base64.b64encode(b"%PDF-1.4 ricevuta")
ROLE_VAT = "12345670017"


class CmorCommon(UtilityCommon):
    """An accredited seller with one operator, and supplies that were switched out."""

    # many classes live in that month
    world_moment = "2026-04-15"

    @classmethod
    def set_up_world(cls):
        cls.operator = cls._create_user("operator", "cmor_utility.group_cmor_user")
        cls.bystander = cls._create_user("bystander", "cmor_utility.group_cmor_user")
        cls.manager = cls._create_user("manager", "cmor_utility.group_cmor_manager")
        cls.role = cls._create_role()
        cls.layout = cls.env.ref("cmor_utility.layout_si1_0050")
        cls.layout.sudo().action_acknowledge()
        cls.practices = cls.env["cmor.practice"].with_user(cls.operator)

    @classmethod
    def get_default_groups(cls):
        # EXTENDS utility_supply: the one who builds the world sees its practices
        return super().get_default_groups() | cls.quick_ref(
            "cmor_utility.group_cmor_manager"
        )

    @classmethod
    def _create_role(cls, **vals):
        return cls.env["cmor.company.role"].create(
            {
                "company_id": cls.company.id,
                "role": "udd",
                "sector": "electricity",
                "vat": ROLE_VAT,
                "date_from": date(2020, 1, 1),
                "accreditation_state": "accredited",
                "accreditation_date": date(2020, 1, 1),
                "user_ids": [Command.set(cls.operator.ids)],
                **vals,
            }
        )

    @classmethod
    def _create_switch_out(cls, code, end=END, notice=True, closing=True, **vals):
        """A contract switched out with its bills: a paid half year, three open months.

        :return: utility.contract
        """
        customer = cls._create_customer(f"CU{code}", name="Mario Rossi")
        point = vals.pop("point", None) or cls._create_point(
            f"IT001E{abs(hash_code(code)):08d}", voltage_level="low"
        )
        contract = cls._create_contract(
            code,
            customer,
            point,
            **{
                "date_start": date(2020, 1, 1),
                "date_end": end,
                "end_reason": "switch_out",
                "supply_state": "ceased",
                **vals,
            },
        )
        first = end.replace(day=1)
        months = [first]
        for _i in range(2):
            months.insert(0, (months[0] - timedelta(days=1)).replace(day=1))
        begin, stop = first - timedelta(days=330), months[0] - timedelta(days=1)
        bills = [
            cls._period_values(f"{code}/0", contract, 900.0, begin.replace(day=1), stop)
        ]
        for index, month in enumerate(months, 1):
            last = (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
            bills.append(
                cls._period_values(
                    f"{code}/{index}",
                    contract,
                    100.0,
                    month,
                    min(last, end),
                    is_closing_bill=closing and index == 3,
                )
            )
        paid = cls._create_bills(bills)[0]
        cls._pay(paid)
        if notice:
            cls._create_notice(contract)
        return contract

    @classmethod
    def _create_period_bill(cls, ref, contract, amount, start, stop, post=True, **vals):
        values = cls._period_values(ref, contract, amount, start, stop, **vals)
        return cls._create_bills([values], post)

    @classmethod
    def _period_values(cls, ref, contract, amount, start, stop, **vals):
        return cls._bill_values(
            ref,
            contract,
            amount,
            consumption_from=start,
            consumption_to=stop,
            invoice_date=stop + timedelta(days=10),
            invoice_date_due=stop + timedelta(days=30),
            reading_kind="actual",
            recalculation_kind="none",
            **vals,
        )

    @classmethod
    def _pay(cls, move, amount=None):
        """Reconcile a payment of the customer with the bill."""
        cls.env["account.payment.register"].sudo().with_context(
            active_model="account.move", active_ids=move.ids
        ).create({"amount": amount or move.amount_residual})._create_payments()

    @classmethod
    def _create_notice(cls, contract, **vals):
        attachment = cls.env["ir.attachment"].create(
            {"name": "ricevuta.pdf", "datas": PROOF}
        )
        bills = contract.bill_ids.filtered(lambda move: move.amount_residual)
        return cls.env["utility.notice"].create(
            {
                "company_id": cls.company.id,
                "ref": f"N-{contract.code}",
                "contract_id": contract.id,
                "kind": "default",
                "channel": "ar",
                "sent_date": date(2025, 10, 20),
                "notified_date": date(2025, 10, 25),
                "pay_term": date(2025, 11, 10),
                "cmor_warning": True,
                "move_ids": [Command.set(bills.ids)],
                "attachment_ids": [Command.set(attachment.ids)],
                **vals,
            }
        )

    @classmethod
    def _find(cls, today=TODAY):
        return cls.practices.find_candidates(cls.company.ids, today)

    @classmethod
    def _declare(cls, practices):
        """What the facts cannot tell, declared by the operator."""
        practices.with_user(cls.operator).declare(
            ["C7", "C9"], "yes", "Fascicolo 12/2026", with_art4=True
        )

    @classmethod
    def _create_other_user(cls, login, company):
        return new_test_user(
            cls.env,
            login=login,
            groups="cmor_utility.group_cmor_manager",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )


def hash_code(code):
    """A stable number of eight digits out of a contract code."""
    return sum(ord(char) * 31**i for i, char in enumerate(code)) % 10**8
