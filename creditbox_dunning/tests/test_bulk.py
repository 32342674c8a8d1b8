"""Rows written by one statement are those that the ORM would have written."""

from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.creditbox_dunning.models import dunning_case_opening
from odoo.addons.utility_supply.models.bulk import (
    insert_rows,
    update_rows,
    update_same,
)

from .common import DunningCommon
from .many import clone_bills

WHEN = ("create_date", "write_date")


@tagged("post_install", "-at_install")
class TestBulk(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._create_contract(
            "BULK", cls.customer, cls._create_point("IT001E12345678")
        )
        cls.contract.write({"sales_network": "Nord", "division": "Retail"})
        cls.bill = cls.overdue("BULK1", cls.contract)
        cls.night = cls.run_on(5)
        cls.case = cls.case_of(cls.bill)
        cls.rules = cls.table.rule_ids.sorted("id")

    def _row(self, record):
        """The row as it stands in the table, but for the key and the moment."""
        record.env.flush_all()
        self.env.cr.execute(
            SQL(
                "SELECT * FROM %s WHERE id = %s",
                SQL.identifier(record._table),
                record.id,
            )
        )
        (row,) = self.env.cr.dictfetchall()
        return {name: v for name, v in row.items() if name not in ("id", *WHEN)}

    def _assert_as_orm(self, model, vals, **other):
        """``create`` and ``insert_rows`` make the same; ``other``: what must differ."""
        model = model.sudo()._guarded()
        made = model.create(vals)
        told = insert_rows(model, [{**vals, **other}])
        expected = {**self._row(made), **other}
        self.assertEqual(self._row(told), expected)
        self.env.cr.execute(
            SQL(
                "SELECT create_date = write_date AND create_date IS NOT NULL"
                "  FROM %s WHERE id = %s",
                SQL.identifier(model._table),
                told.id,
            )
        )
        self.assertTrue(self.env.cr.fetchone()[0])
        # what is kept in memory is what stands in the table
        names = [name for name, f in model._fields.items() if f.store and f.column_type]
        kept = told.read(names)
        told.invalidate_recordset()
        self.assertEqual(told.read(names), kept)
        return told

    def _action_vals(self, **vals):
        rule = self.rules[0]
        return {
            "case_id": self.case.id,
            "rule_id": rule.id,
            "action_type_id": rule.action_type_id.id,
            "op": rule.op,
            "channels": "",
            "round": 70,
            "state": "skipped",
            "planned_date": self.day(5),
            "executed_date": False,
            "reasons": [{"code": "overtaken", "params": {"name": "città"}}],
            "guard_result": False,
            "amount": 12.5,
            "run_id": self.night.id,
            **vals,
        }

    def test_action_as_the_orm_makes_it(self):
        told = self._assert_as_orm(
            self.env["dunning.action"], self._action_vals(), round=71
        )
        self.assertEqual(told.partner_id, self.case.partner_id)
        self.assertEqual(told.company_id, self.case.company_id)
        self.assertIn(told, self.case.action_ids, "the list knows it")

    def test_case_as_the_orm_makes_it(self):
        vals = {
            "name": "T/1",
            "company_id": self.company.id,
            "partner_id": self.customer.id,
            "contract_id": self.contract.id,
            "due_date": self.day(0),
            "billing_account": "T1",
            "table_id": self.table.id,
            "opened_on": self.day(5),
            # two of one supply: only one of them may be open
            "state": "closed",
        }
        told = self._assert_as_orm(self.env["dunning.case"], vals, name="T/2")
        self.assertEqual((told.sales_network, told.division), ("Nord", "Retail"))

        more = {**vals, "name": "T/3", "amount_due": 33.0}
        told = insert_rows(self.env["dunning.case"].sudo(), [more])
        self.env.flush_all()
        told.invalidate_recordset()
        self.assertEqual(told.amount_due, 33.0, "given, so not worked out again")

    def test_wrong_choice_is_refused(self):
        with self.assertRaises(ValueError):
            insert_rows(
                self.env["dunning.action"].sudo(), [self._action_vals(state="nonsense")]
            )

    def test_order_of_the_rows(self):
        rows = [self._action_vals(round=80 - number) for number in range(5)]
        told = insert_rows(self.env["dunning.action"].sudo(), rows)
        told.invalidate_recordset()
        self.assertEqual(told.mapped("round"), [80, 79, 78, 77, 76])

    def test_update_as_the_orm_writes_it(self):
        actions = insert_rows(
            self.env["dunning.action"].sudo(),
            [self._action_vals(round=number) for number in (60, 61, 62)],
        )
        first, second, third = actions
        more = {"code": "to_be_done", "params": {}}
        vals = {"state": "done", "executed_date": self.day(6), "outcome": False}
        reasons = [*first.reasons, more]
        first._guarded().write({**vals, "reasons": reasons})
        update_same(second, vals, reasons=[more])
        update_rows(third.browse(), {third.id: {**vals, "reasons": reasons}})
        expected = self._row(first)
        self.assertEqual(self._row(second), {**expected, "round": 61})
        self.assertEqual(self._row(third), {**expected, "round": 62})
        for action in actions:
            self.assertEqual((action.state, action.reasons), ("done", reasons))

    def test_nothing_to_add_to(self):
        (action,) = insert_rows(
            self.env["dunning.action"].sudo(), [self._action_vals(reasons=False)]
        )
        update_same(action, {"state": "done"}, reasons=[])
        self.assertFalse(action.reasons)
        update_same(action, {"state": "skipped"}, reasons=[{"code": "paid"}])
        self.assertEqual(action.reasons, [{"code": "paid"}])

    def test_opening_in_chunks(self):
        """Cases opened by the cursor, a few at a time: all, numbered in order."""
        clone_bills(self.bill, 5, prefix="CH")
        with patch.object(dunning_case_opening, "OPEN_CHUNK", 2):
            run = self.run_on(6)
        self.assertEqual(run.count_opened, 5)
        cases = self.env["dunning.case"].search(
            [("opened_on", "=", self.day(6))], order="id"
        )
        self.assertEqual(len(cases), 5)
        numbers = [int(case.name.rpartition("/")[2]) for case in cases]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + 5)))
        for case in cases:
            self.assertEqual(case.sales_network, case.contract_id.sales_network)
            self.assertEqual(case.division, case.contract_id.division)
            self.assertEqual(case.service, case.contract_id.service)
            self.assertEqual(len(case.line_ids), 1)

    def test_quiet_night_writes_no_case(self):
        self.run_on(6)  # whatever is due
        where = SQL("SELECT ctid::text FROM dunning_case WHERE id = %s", self.case.id)
        self.env.flush_all()
        before = self.env.execute_query(where)
        since = self.case.next_since
        run = self.run_on(6)
        self.env.flush_all()
        self.assertEqual((run.count_cases, run.count_actions), (1, 0))
        self.assertEqual(self.env.execute_query(where), before)
        self.assertEqual(self.case.next_since, since)
