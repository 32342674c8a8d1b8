"""The direct feed: who may call it, repetition, refusals, hostile values."""

import io
import json
from datetime import date
from decimal import Decimal
from unittest import mock

import openpyxl
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.utility_supply.models import import_ingest
from odoo.addons.utility_supply.models.import_reading import MASK
from odoo.addons.utility_supply.tests.import_common import (
    ImportCommon,
    bill,
    contract,
    customer,
    headed,
    payment,
)


def wire(record):
    """A record as a JSON client sends it: numbers, and dates as ISO text."""
    return {name: _wired(value) for name, value in record.items()}


def _wired(value):
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


class IngestCommon(ImportCommon):
    """Calls as the ordinary user that a supplier's program has."""

    def feed(self, profile, rows, user=None, **options):
        batches = self.batches.with_user(user or self.utility_user)
        return batches.ingest(profile, rows, **options)

    def batch_of(self, answer):
        return self.batches.browse(answer["batch_id"])

    def customer_of(self, code):
        return self.env["res.partner"].search(
            [("company_id", "=", self.company.id), ("billing_code", "=", code)]
        )

    def refuses(self, profile="customers", rows=None, **options):
        """The call raises ValidationError and leaves nothing behind."""
        before = (self.counts(), self.batches.search_count([]))
        rows = [customer(1)] if rows is None else rows
        with self.assertRaises(ValidationError):
            self.feed(profile, rows, **options)
        self.assertEqual((self.counts(), self.batches.search_count([])), before)


@tagged("post_install", "-at_install")
class TestImportIngest(IngestCommon):
    # -- what a call does ------------------------------------------------------------

    def test_rows_become_records(self):
        answers = [
            self.feed("customers", [customer(1), customer(2)]),
            self.feed("contracts", [wire(contract(1)), wire(contract(2))]),
            self.feed("bills", [wire(bill("B1", 1, "1234.56"))]),
            self.feed("payments", [wire(payment("P1", "B1", "234.56"))]),
        ]
        for answer, count in zip(answers, (2, 2, 1, 1), strict=True):
            batch = self.batch_of(answer)
            self.assertEqual(
                answer,
                {
                    "batch_id": batch.id,
                    "state": "done",
                    "received": count,
                    "applied": count,
                    "unchanged": 0,
                    "quarantined": 0,
                    "errors": [],
                },
                batch.row_ids.mapped("reason"),
            )
            self.assertTrue(batch.is_feed)
        posted = self.bill_of("B1")
        self.assertRecordValues(
            posted,
            [{"state": "posted", "amount_total": 1234.56, "amount_residual": 1000.0}],
        )
        self.assertEqual(posted.invoice_date_due, date(2026, 2, 9))

    def test_headings_or_names_in_any_row(self):
        """Field names, headings and headings in another case: one column."""
        heading = headed("customers", customer(2))
        other = {name.upper(): value for name, value in heading.items()}
        other["CODICE CLIENTE"] = "K00003"
        answer = self.feed("customers", [customer(1), heading, other])
        self.assertEqual(answer["applied"], 3, answer["errors"])
        self.assertEqual(len(self.customer_of("K00003")), 1)

    def test_texts_in_the_forms_of_the_profile(self):
        """A client without JSON numbers may write amounts and days as in a file."""
        self.load_base(1)
        row = {**wire(bill("B1", 1)), "total": "1234,56", "due_date": "09/02/2026"}
        answer = self.feed("bills", [row])
        self.assertEqual(answer["applied"], 1, answer["errors"])
        self.assertEqual(self.bill_of("B1").amount_total, 1234.56)

    def test_bad_row_waits_good_rows_load(self):
        self.load_base(1)
        rows = [
            wire(bill("B1", 1)),
            {**wire(bill("B2", 1)), "due_date": "2026-02-30"},
            wire(bill("B3", 9)),
        ]
        answer = self.feed("bills", rows)
        self.assertEqual(answer["state"], "partial")
        self.assertEqual(
            (answer["received"], answer["applied"], answer["quarantined"]), (3, 1, 2)
        )
        self.assertEqual(
            [(e["row"], e["code"], e["column"]) for e in answer["errors"]],
            [
                (2, "impossible_date", "Data scadenza"),
                (3, "unknown_contract", "Codice contratto"),
            ],
        )
        self.assertIn("2026-02-30", answer["errors"][0]["message"])
        self.assertTrue(self.bill_of("B1"))
        self.assertFalse(self.bill_of("B2") | self.bill_of("B3"))

    def test_required_field_that_no_row_carries(self):
        """One row alone, without a field: set aside as it would be among others."""
        row = customer(1)
        del row["name"]
        answer = self.feed("customers", [row])
        self.assertEqual((answer["state"], answer["quarantined"]), ("partial", 1))
        (error,) = answer["errors"]
        self.assertEqual(
            (error["row"], error["code"], error["column"]),
            (1, "required", "Denominazione"),
        )

    def test_rows_kept_as_received(self):
        rows = [
            {**customer(1), "street": "  Via dell'Università 1 ", "zip": 20121},
            {**customer(2), "direct_debit": True, "phone": None, "email": "=1+1"},
        ]
        batch = self.batch_of(self.feed("customers", rows, idempotency_key="k1"))
        kept = batch.file_id
        self.assertEqual(json.loads(kept.attachment_id.raw)["rows"], rows)
        self.assertEqual(kept.sha256, kept._digest(kept.attachment_id.raw))
        self.assertEqual(kept.sha256, batch.sha256)
        with self.assertRaises(AccessError):
            kept.with_user(self.utility_user).write({"filename": "x"})

    # -- repetition ------------------------------------------------------------------

    def test_same_key_same_answer(self):
        rows = [customer(1), {**customer(2), "fiscal_code": "WRONG"}]
        first = self.feed("customers", rows, idempotency_key="run 7")
        before = (self.counts(), self.batches.search_count([]))
        again = self.feed("customers", rows, idempotency_key=" run 7 ")
        self.assertEqual(again, first)
        self.assertEqual((self.counts(), self.batches.search_count([])), before)

    def test_answer_does_not_change_afterwards(self):
        """A row corrected in Odoo does not change what the repeated call answers."""
        rows = [{**customer(1), "fiscal_code": "WRONG"}]
        first = self.feed("customers", rows, idempotency_key="k")
        row = self.batch_of(first).row_ids
        row._correct({"Codice fiscale": "RSSMRA80A01F205X"})
        row.action_retry()
        self.assertEqual(row.state, "applied")
        self.assertEqual(self.feed("customers", rows, idempotency_key="k"), first)

    def test_same_key_other_call_is_refused(self):
        self.feed("customers", [customer(1)], idempotency_key="k")
        self.refuses(rows=[customer(2)], idempotency_key="k")
        self.refuses("contracts", [wire(contract(1))], idempotency_key="k")
        self.assertFalse(self.customer_of("K00002"))

    def test_same_rows_without_a_key(self):
        """Without a key the rows themselves are the key."""
        first = self.feed("customers", [customer(1)])
        self.assertEqual(self.feed("customers", [customer(1)]), first)

    def test_there_and_back_again(self):
        """A value that returns to what it was is loaded: the key tells the calls."""
        before, after = [customer(1, phone="02 1")], [customer(1, phone="02 2")]
        for number, rows in enumerate((before, after, before)):
            answer = self.feed("customers", rows, idempotency_key=f"call {number}")
            self.assertEqual(answer["applied"], 1)
        self.assertEqual(self.customer_of("K00001").phone, "02 1")

    def test_key_of_another_company_is_another_key(self):
        user = self.user_of_both()
        self.feed("customers", [customer(1)], idempotency_key="k")
        answer = self.feed(
            "customers",
            [customer(2)],
            user,
            idempotency_key="k",
            company=self.other_company.id,
        )
        self.assertEqual(answer["applied"], 1)

    def test_key_is_unique_in_the_database(self):
        """Two calls at the same moment: the index lets one of them through."""
        answer = self.feed("customers", [customer(1)], idempotency_key="k")
        other = self.feed("customers", [customer(2)])
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.batch_of(other)._guarded().write(
                {"idempotency_key": self.batch_of(answer).idempotency_key}
            )
            self.env.flush_all()

    # -- rights ----------------------------------------------------------------------

    def test_needs_the_group(self):
        stranger = new_test_user(self.env, "stranger", groups="base.group_user")
        portal = new_test_user(self.env, "portal_ut", groups="base.group_portal")
        before = self.counts()
        for user in (stranger, portal, self.accountant):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.feed("customers", [customer(1)], user)
        self.assertEqual(self.counts(), before)

    def user_of_both(self):
        return new_test_user(
            self.env,
            "both",
            groups="utility_supply.group_utility_user",
            company_id=self.company.id,
            company_ids=[Command.set((self.company | self.other_company).ids)],
        )

    def test_other_company_is_refused(self):
        for company in (self.other_company.id, 10**9):
            with self.subTest(company=company), self.assertRaises(AccessError):
                self.feed("customers", [customer(1)], company=company)
        self.assertFalse(self.batches.search([("is_feed", "=", True)]))

    def test_company_of_the_call(self):
        """One user of two companies: what is loaded belongs to the one named."""
        user = self.user_of_both()
        answer = self.feed(
            "customers", [customer(1)], user, company=self.other_company.id
        )
        batch = self.batch_of(answer)
        self.assertEqual(batch.company_id, self.other_company)
        partner = self.env["res.partner"].search([("billing_code", "=", "K00001")])
        self.assertEqual(partner.company_id, self.other_company)

    def test_profile_of_another_company(self):
        profile = self._own_profile(self.other_company, "private")
        self.refuses("private")
        answer = self.feed(
            "private",
            [customer(1)],
            self.user_of_both(),
            company=self.other_company.id,
        )
        self.assertEqual(self.batch_of(answer).profile_id, profile)

    def test_own_profile_comes_before_the_shared(self):
        """ "customers" of the company itself, not the one of the template."""
        mine = self._own_profile(self.company, "customers")
        self._own_profile(self.other_company, "customers")
        answer = self.feed("customers", [customer(1)])
        self.assertEqual(self.batch_of(answer).profile_id, mine)

    def _own_profile(self, company, code):
        shipped = self.env["utility.import.profile"]._find("customers", self.company)
        return shipped.copy(
            {"company_id": company.id, "code": code, "is_shipped": False}
        )

    def test_user_does_not_write_the_outcome(self):
        answer = self.feed("customers", [customer(1)], idempotency_key="k")
        batch = self.batch_of(answer).with_user(self.utility_user)
        for vals in ({"answer": {}}, {"idempotency_key": "z"}, {"state": "draft"}):
            with self.subTest(vals=vals), self.assertRaises(UserError):
                batch.write(vals)

    # -- refusals of the whole call --------------------------------------------------

    def test_calls_that_are_wrong(self):
        """ValidationError, a typed answer over RPC, and nothing kept."""
        row = customer(1)
        for rows in (
            [],
            {},
            "rows",
            None,
            [row, "text"],
            [[row]],
            [{**row, "nickname": "x"}],
            [{**row, "name": {"$ne": 1}}],
            [{**row, "name": ["a"]}],
        ):
            with self.subTest(rows=rows), self.assertRaises(ValidationError):
                self.feed("customers", rows)
        self.assertFalse(self.batches.search([("is_feed", "=", True)]))

    def test_arguments_that_are_wrong(self):
        row = [customer(1)]
        for options in (
            {"idempotency_key": "k" * 129},
            {"idempotency_key": "k\0"},
            {"idempotency_key": {"a": 1}},
            {"company": "abc"},
            {"company": [1]},
            {"control_count": "many"},
            {"control_amount": "much"},
            {"control_amount": float("inf")},
            {"control_amount": float("nan")},
        ):
            with self.subTest(options=options), self.assertRaises(ValidationError):
                self.feed("customers", row, **options)
        for profile in ("nowhere", "", None, False, 7, ["customers"], {}, "a\0b"):
            with self.subTest(profile=profile), self.assertRaises(ValidationError):
                self.feed(profile, row)
        self.assertFalse(self.batches.search([("is_feed", "=", True)]))

    def test_field_named_twice(self):
        """Its name and its heading in one row: which of the two is meant?"""
        self.refuses(rows=[{**customer(1), "Denominazione": "Un altro"}])

    def test_most_rows(self):
        """As many rows as the limit says load, one more is refused."""
        rows = [customer(number) for number in range(1, 5)]
        with mock.patch.object(import_ingest, "MAX_ROWS", 3):
            self.refuses(rows=rows)
            self.assertEqual(self.feed("customers", rows[:3])["applied"], 3)
        self.assertEqual(import_ingest.MAX_ROWS, 5000)

    def test_declared_totals(self):
        """A sum or a count that differs stops everything; a new key, a new try."""
        self.load_base(1)
        rows = [wire(bill("B1", 1, "10.10")), wire(bill("B2", 1, "20.20"))]
        for number, wrong in enumerate(
            ({"control_count": 3}, {"control_amount": 30.31}, {"control_amount": 0})
        ):
            with self.subTest(wrong=wrong):
                key = f"wrong {number}"
                answer = self.feed("bills", rows, idempotency_key=key, **wrong)
                self.assertEqual(answer["state"], "refused")
                self.assertEqual(answer["applied"], 0)
                code = next(iter(wrong))
                self.assertEqual(answer["errors"][0]["code"], code)
                again = self.feed("bills", rows, idempotency_key=key, **wrong)
                self.assertEqual(again, answer)
        self.assertFalse(self.bill_of("B1"))
        right = self.feed(
            "bills", rows, idempotency_key="k", control_count=2, control_amount=30.3
        )
        self.assertEqual(right["applied"], 2, right["errors"])

    # -- hostile values --------------------------------------------------------------

    def test_hostile_values(self):
        """Each spoils its own row at most; the good row beside it is loaded."""
        cases = {
            "x" * 100_000: "too_long",
            "a\0b": "bad_character",
            "\ud800": "bad_character",
            "\x1b[31m": "bad_character",
            float("nan"): "error_cell",
            float("-inf"): "error_cell",
            10**400: "digits_lost",
            True: "boolean_for_text",
        }
        for number, (value, code) in enumerate(cases.items(), 10):
            with self.subTest(code=code, number=number):
                rows = [{**customer(1), "name": value}, customer(number)]
                answer = self.feed("customers", rows)
                self.assertEqual(answer["applied"], 1)
                self.assertEqual([e["code"] for e in answer["errors"]], [code])
                self.assertLess(len(answer["errors"][0]["message"]), 400)
                json.dumps(answer, allow_nan=False).encode()
        self.assertFalse(self.customer_of("K00001"))

    def test_hostile_amounts(self):
        self.load_base(1)
        cases = (1e300, 10**30, float("nan"), float("inf"), "1e5", "1,234.56", -5, "=1")
        rows = [
            {**wire(bill(f"B{number}", 1)), "total": value}
            for number, value in enumerate(cases)
        ]
        answer = self.feed("bills", rows)
        self.assertEqual(answer["quarantined"], len(cases), answer["errors"])
        self.assertFalse(self.env["account.move"].search([("billing_ref", "=", "B0")]))

    def test_text_like_a_formula(self):
        """Kept as text in Odoo; the workbook of errors does not bring it to life."""
        text = '=HYPERLINK("http://example.com","x")'
        good = {**customer(1), "name": text}
        bad = {**customer(2), "name": text, "fiscal_code": "WRONG"}
        answer = self.feed("customers", [good, bad])
        self.assertEqual(self.customer_of("K00001").name, text)
        content, _name = self.batch_of(answer)._errors_bytes()
        book = openpyxl.load_workbook(io.BytesIO(content))
        cells = [cell for line in book.active.iter_rows() for cell in line]
        self.assertTrue(any(text in str(cell.value) for cell in cells))
        self.assertFalse([cell for cell in cells if cell.data_type == "f"])

    def test_markup_is_shown_as_text(self):
        row = {**customer(1), "name": "<script>alert(1)</script>", "fiscal_code": "X"}
        batch = self.batch_of(self.feed("customers", [row]))
        self.assertNotIn("<script>", batch.row_ids.cells_html)
        self.assertIn("&lt;script&gt;", batch.row_ids.cells_html)

    def test_protected_facts_are_not_written_out(self):
        """The reason goes to logs and screens: the fact itself does not."""
        row = {**customer(1), "bonus_kind": "Dialisi", "bonus_from": "2026-01-01"}
        answer = self.feed("customers", [row])
        (error,) = answer["errors"]
        self.assertEqual(error["column"], "Bonus")
        self.assertNotIn("Dialisi", json.dumps(answer))
        self.assertIn(MASK, error["message"])
