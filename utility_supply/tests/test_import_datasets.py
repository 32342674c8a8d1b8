"""Customers, contracts and notices: what a later file may and may not change."""

import io
import zipfile
from datetime import date
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.utility_supply.models import import_bill_rows
from odoo.addons.utility_supply.models.import_reading import Repeats
from odoo.addons.utility_supply.tests.import_common import (
    ImportCommon,
    bill,
    contract,
    customer,
    xlsx,
)

DISTRIBUTOR = "00743110157"


@tagged("post_install", "-at_install")
class TestImportDatasets(ImportCommon):
    def contract_of(self, number):
        return self.env["utility.contract"].search([("code", "=", f"S{number:05d}")])

    def codes(self, batch):
        return {row.row_number: row.issue_code for row in batch.row_ids}

    # -- contracts -------------------------------------------------------------------

    def test_contract_with_its_point_and_distributor(self):
        self.load_records(customers=[customer(1)])
        records = [
            contract(1, distributor_vat=DISTRIBUTOR, voltage_level="BT"),
            contract(
                2,
                1,
                service="Gas",
                point_code="01611234567890",
                distributor_vat=DISTRIBUTOR,
                gas_use="Condominio",
                annual_smc=Decimal("1200.5"),
            ),
        ]
        batch = self.load_records(contracts=records)["contracts"]
        self.assertEqual(batch.state, "done", batch.row_ids.mapped("reason"))
        points = (self.contract_of(1) | self.contract_of(2)).supply_point_id
        self.assertRecordValues(
            points,
            [
                {"code": "IT001E00000001", "voltage_level": "low", "gas_use": False},
                {
                    "code": "01611234567890",
                    "voltage_level": False,
                    "gas_use": "condominium",
                },
            ],
        )
        self.assertEqual(points.distributor_id.vat, f"IT{DISTRIBUTOR}")
        self.assertEqual(points.distributor_id.company_id, self.company)
        again = self.load_records(contracts=[*records, contract(3, 1)])["contracts"]
        self.assertEqual((again.count_created, again.count_unchanged), (1, 2))

    def test_switch_out_in_a_later_file(self):
        self.load_base(1)
        ended = contract(
            1,
            supply_state="Cessato",
            date_end=date(2026, 6, 30),
            end_reason="Cambio fornitore",
        )
        batch = self.load_records(contracts=[ended])["contracts"]
        self.assertEqual(batch.count_updated, 1)
        self.assertRecordValues(
            self.contract_of(1),
            [
                {
                    "supply_state": "ceased",
                    "date_end": date(2026, 6, 30),
                    "end_reason": "switch_out",
                }
            ],
        )

    def test_contract_never_moves(self):
        """Neither to another customer nor to another point."""
        self.load_base(2)
        batch = self.load_records(
            contracts=[contract(1, 2), contract(2, point_code="IT001E00000099")]
        )["contracts"]
        expected = {2: "contract_customer_changed", 3: "contract_point_changed"}
        self.assertEqual(self.codes(batch), expected)
        partner = self.contract_of(1).partner_id
        self.assertEqual(partner.billing_code, "K00001")

    def test_bad_contracts(self):
        self.load_records(customers=[customer(1)])
        batch = self.load_records(
            contracts=[
                contract(1, 9),
                contract(2, 1, point_code="IT001X1"),
                contract(3, 1, date_end=date(2023, 1, 1)),
                contract(4, 1, distributor_vat="123"),
                contract(5, 1),
            ]
        )["contracts"]
        self.assertEqual(
            self.codes(batch),
            {2: "unknown_customer", 3: "bad_point_code", 4: "bad_period", 5: "bad_vat"},
        )
        self.assertEqual(batch.count_created, 1)

    def test_life_support_is_recorded_never_lifted(self):
        self.load_records(customers=[customer(1)])
        batch = self.load_records(contracts=[contract(1, life_support="S")])
        self.assertEqual(batch["contracts"].state, "done")
        supply = self.contract_of(1)
        self.assertTrue(supply.is_protected)
        batch = self.load_records(contracts=[contract(1, life_support="N")])
        self.assertEqual(batch["contracts"].count_unchanged, 1)
        self.assertTrue(supply.is_protected)
        again = self.load_records(
            contracts=[contract(1, life_support="S", division="Nord")]
        )
        self.assertEqual(again["contracts"].count_updated, 1)
        self.assertEqual(len(self.env["utility.protection"].search([])), 1)

    # -- customers -------------------------------------------------------------------

    def test_bonus_with_its_dates(self):
        told = {
            "bonus_kind": "Bonus economico|Bonus idrico",
            "bonus_from": date(2026, 1, 1),
            "bonus_protocol": "P1",
        }
        self.load_records(customers=[customer(1, **told)])
        batch = self.load_records(
            customers=[customer(1, **told), customer(2)],
        )["customers"]
        self.assertEqual((batch.count_created, batch.count_unchanged), (1, 1))
        batch = self.load_records(
            customers=[customer(1, **told, bonus_to=date(2026, 12, 31))]
        )["customers"]
        self.assertEqual(batch.count_updated, 1)
        self.assertRecordValues(
            self.env["utility.protection"].search([], order="kind"),
            [
                {"kind": "economic_bonus", "date_to": date(2026, 12, 31)},
                {"kind": "water_bonus", "date_to": date(2026, 12, 31)},
            ],
        )

    # -- notices ---------------------------------------------------------------------

    def notice(self, ref, **more):
        return {
            "ref": ref,
            "contract_code": "S00001",
            "kind": "Costituzione in mora",
            "channel": "Raccomandata A/R",
            "sent_date": date(2026, 3, 1),
            "billing_refs": "B1",
            **more,
        }

    def test_notice_is_completed_never_changed(self):
        self.load_base(2)
        self.load_records(bills=[bill("B1", 1), bill("B2", 1)])
        self.load_records(notices=[self.notice("N1")])
        later = {
            "notified_date": date(2026, 3, 9),
            "billing_refs": "B1|B2",
            "cmor_warning": "S",
        }
        batch = self.load_records(notices=[self.notice("N1", **later)])["notices"]
        self.assertEqual(batch.count_updated, 1)
        sent = self.env["utility.notice"].search([("ref", "=", "N1")])
        self.assertEqual(sent.notified_date, date(2026, 3, 9))
        self.assertEqual(len(sent.move_ids), 2)
        for change in (
            {"sent_date": date(2026, 3, 2)},
            {"notified_date": date(2026, 3, 10)},
            {"channel": "PEC"},
            {"contract_code": "S00002", "billing_refs": None},
        ):
            with self.subTest(change=change):
                record = self.notice("N1", **{**later, **change})
                batch = self.load_records(notices=[record])["notices"]
                self.assertEqual(self.codes(batch), {2: "notice_changed"})

    def test_bad_notices(self):
        self.load_base(2)
        self.load_records(bills=[bill("B1", 1), bill("B2", 2)])
        batch = self.load_records(
            notices=[
                self.notice("N1", contract_code="S00099"),
                self.notice("N2", billing_refs="B9"),
                self.notice("N3", billing_refs="B2"),
                self.notice("N4", notified_date=date(2026, 2, 1)),
                self.notice("N5", proof_file="missing.pdf"),
                self.notice("N6"),
            ]
        )["notices"]
        self.assertEqual(
            self.codes(batch),
            {
                2: "unknown_contract",
                3: "unknown_bill",
                4: "notice_bill_contract",
                5: "bad_period",
                6: "missing_proof",
            },
        )
        self.assertEqual(batch.count_created, 1)

    def test_hostile_proofs(self):
        """Folders, other cases, broken and enormous archives: no crash, no escape."""
        self.load_base(1)
        self.load_records(bills=[bill("B1", 1)])
        hostile = io.BytesIO()
        with zipfile.ZipFile(hostile, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("../../etc/AR.PDF", b"%PDF receipt")
            archive.writestr("huge.pdf", bytes(30 * 2**20))
        batch = self.load(
            _notices(self.notice("N1", proof_file="ar.pdf")),
            proofs=hostile.getvalue(),
        )
        self.assertEqual(batch.state, "done", batch.row_ids.mapped("reason"))
        sent = self.env["utility.notice"].search([("ref", "=", "N1")])
        self.assertEqual(sent.attachment_ids.name, "ar.pdf")
        for name, proofs in (("huge.pdf", hostile.getvalue()), ("a.pdf", b"no zip")):
            with self.subTest(name=name):
                record = self.notice(f"N-{name}", proof_file=name)
                batch = self.load(_notices(record), proofs=proofs)
                self.assertEqual(self.codes(batch), {2: "missing_proof"})


def _notices(record):
    return xlsx({"notices": [record]})


# loaded machines draw slowly: that is no failure
PATIENT = settings(
    max_examples=100,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
AMOUNTS = st.integers(1, 10**7).map(lambda cents: Decimal(cents) / 100)
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@tagged("post_install", "-at_install")
class TestBillRows(BaseCase):
    """Properties of putting the rows of a bill together."""

    @PATIENT
    @given(
        st.lists(
            st.tuples(DAYS, st.lists(st.tuples(DAYS, AMOUNTS), max_size=4), AMOUNTS),
            min_size=1,
            max_size=5,
        )
    )
    def test_instalments_make_the_total(self, sites):
        """Whatever rows tell instalments, their sum is the bill's total."""
        rows = []
        for number, (due, terms, amount) in enumerate(sites):
            total = sum((part for _day, part in terms), Decimal(0)) or amount
            record = {"due_date": due, "total": total, "instalments": tuple(terms)}
            rows.append((number, record))
        merged = import_bill_rows.merge_instalments(rows)
        self.assertEqual(merged, sorted(merged))
        self.assertEqual(len({day for day, _a in merged}), len(merged))
        if merged:
            total = sum(record["total"] for _n, record in rows)
            self.assertEqual(sum(amount for _day, amount in merged), total)
        else:
            self.assertFalse(any(record["instalments"] for _n, record in rows))

    @PATIENT
    @given(AMOUNTS, st.none() | AMOUNTS, st.none() | AMOUNTS)
    def test_shares_make_the_total_or_an_issue(self, total, untaxed, tax):
        record = {"total": total, "untaxed": untaxed, "tax": tax, "tax_rate": 22}
        if import_bill_rows.amount_issues(record, is_full=False):
            self.assertNotEqual((untaxed or 0) + (tax or 0), total)
        else:
            self.assertEqual(sum(import_bill_rows.shares(record)), total)

    @PATIENT
    @given(st.lists(st.integers(0, 5) | st.none()))
    def test_repeats_are_found(self, keys):
        """As a dictionary of lists would find them; blank keys are no keys."""
        repeats, plain = Repeats(), {}
        for row, key in enumerate(keys):
            repeats.add([key, "x"], row)
            if key is not None:
                plain.setdefault(key, []).append(row)
        expected = sorted(rows for rows in plain.values() if len(rows) > 1)
        self.assertEqual(sorted(repeats.groups()), expected)
