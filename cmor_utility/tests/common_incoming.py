"""The world of the incoming side: a role, contracts in force, flows received."""

from datetime import date
from decimal import Decimal

from odoo import Command

from ..rules import messages
from .common import CmorCommon

NOTICE_DAY = date(2026, 4, 10)
TODAY_IN = date(2026, 4, 15)


class IncomingCommon(CmorCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.role.write({"side_incoming": True})
        cls.company._utility_setup_books()
        cls.distributor = cls.env["res.partner"].create(
            {"name": "e-distribuzione", "vat": "IT05779711000", "is_company": True}
        )
        cls.today = TODAY_IN

    @classmethod
    def _flow_type(cls, key):
        types = cls.env["cmor.flow.type"].sudo()
        found = types.search([("key", "=", key)])
        return found or types.create(
            {
                "key": key,
                "code": f"{key[:3].upper()}.9999",
                "name": key,
                "direction": "in",
            }
        )

    @classmethod
    def _records(cls, key, rows, company=None):
        """Records of one received file, as the reader leaves them."""
        flow = cls._flow_type(key)
        layouts = cls.env["cmor.flow.layout"].sudo()
        layout = layouts.search([("type_id", "=", flow.id)], limit=1)
        layout = layout or layouts.create(
            {"name": key, "type_id": flow.id, "date_from": date(2020, 1, 1)}
        )
        file = (
            cls.env["cmor.flow.file"]
            .sudo()
            ._guarded()
            .create(
                {
                    "company_id": (company or cls.company).id,
                    "name": f"{key}.csv",
                    "layout_id": layout.id,
                    "type_id": flow.id,
                    "direction": "in",
                    "state": "received",
                }
            )
        )
        return (
            cls.env["cmor.flow.record"]
            .sudo()
            ._guarded()
            .create(
                [
                    {
                        "file_id": file.id,
                        "values": messages.encode_params(row),
                        "state": "new",
                    }
                    for row in rows
                ]
            )
        )

    @classmethod
    def _receive(cls, key, *rows, company=None):
        """Apply one file of ``rows``; the results in their order."""
        records = cls._records(key, rows, company)
        results = cls.env["cmor.flow.handler"].sudo()._apply(key, records)
        return [results[record] for record in records.sudo()]

    @classmethod
    def _notice(cls, code="SII000000000001", pod=None, amount="100", **values):
        return {
            "sii_code": code,
            "sector_code": "E",
            "pod": pod or cls.contract.supply_point_id.code,
            "fiscal_code": "RSSMRA80A01F205X",
            "first_name": "Mario",
            "last_name": "Rossi",
            "distributor_vat": "05779711000",
            "cmor_amount": Decimal(amount),
            "has_prev": 0,
            "accepted_on": NOTICE_DAY,
            **values,
        }

    @classmethod
    def _incoming(cls, code="SII000000000001", **values):
        """A practice out of a notice."""
        (result,) = cls._receive("claim_notice_in", cls._notice(code, **values))
        return cls.as_operator(result.practice)

    @classmethod
    def as_operator(cls, records):
        return records.with_env(cls.env(user=cls.operator))

    @classmethod
    def _charged_by_network(cls, practice, amount="100", **values):
        return cls._receive(
            "dso_charge",
            {
                "sii_code": practice.sii_code,
                "cmor_amount": Decimal(amount),
                "bill_number": f"D-{practice.sii_code}",
                "bill_date": date(2026, 4, 14),
                "distributor_vat": "05779711000",
                **values,
            },
        )

    @classmethod
    def _to_charge(cls, code="SII000000000001", amount="100", **values):
        practice = cls._incoming(code, amount=amount, **values)
        cls._charged_by_network(practice, amount)
        return practice

    @classmethod
    def _on_bill(cls, practice, ref="B1", other=0.0):
        """Charge the customer and let a bill of the billing system confirm it."""
        practice.action_charge_customer()
        charge = practice.sudo().charge_ids.sorted("id")[-1:]
        bill = cls._create_bill(ref, practice.sudo().contract_id, charge.amount + other)
        cls.env["utility.charge"]._confirm_from_bill(bill, [charge.ref])
        return bill

    def _vendor_bill(self, practice):
        action = practice.network_charge_ids.with_user(
            self.accountant
        ).action_vendor_bill()
        move = self.env["account.move"].sudo().browse(action["res_id"])
        move.action_post()
        return move

    @classmethod
    def _sent(cls, practice, key):
        """The latest request of a kind, as if its file had been sent."""
        request = practice.sudo().request_ids.filtered(lambda r: r.key == key)
        request = request.sorted("id")[-1:]
        request._guarded().write({"code": f"R{request.id}"})
        request._set_state("exported")
        request._set_state("sent")
        return request

    @classmethod
    def reason(cls, code):
        return cls.env["cmor.cancel.reason"].search([("code", "=", code)])

    @classmethod
    def _other_role(cls):
        other = cls._create_other_user("other_in", cls.other_company)
        cls._create_role(
            company_id=cls.other_company.id,
            side_incoming=True,
            user_ids=[Command.set(other.ids)],
        )
        return other
