"""Gate 47: orders to the technical office, out and back: done, refused, withdrawn
because paid, reactivation. Gate 19: a protected supply never gets there."""

import base64
import csv
import io
from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from .hold_common import PROOF
from .test_outcomes import OutcomeCommon

HEADINGS = ["Ordine", "POD/PDR/Punto", "Risposta", "Data", "Motivo", "Nota"]


class WorkCommon(OutcomeCommon):
    """A company with a technical office that gets files."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.office = cls.env["dunning.service.provider"].create(
            {
                "name": "Distributore di prova",
                "kind": "technical",
                "company_id": cls.company.id,
            }
        )

    @property
    def orders(self):
        return self.env["dunning.technical.order"].search(
            [("case_id", "=", self.case.id)], order="id"
        )

    def order(self, op):
        return self.orders.filtered(lambda order: order.op == op)[-1:]

    def send(self, number, user=None):
        """Write the files of a day; returns them."""
        with freeze_time(self.day(number)):
            model = self.env["dunning.technical.order"].with_user(user or self.operator)
            action = model.with_context(
                allowed_company_ids=self.company.ids
            ).action_send()
        if action["type"] != "ir.actions.act_window":
            return self.env["dunning.work.file"]
        return self.env["dunning.work.file"].search(action["domain"])

    def rows_of(self, file):
        text = file.attachment_id.raw.decode("utf-8-sig")
        rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=";")
        return list(rows)

    def load(self, number, *rows, dataset="technical_answers", headings=None):
        """Load a workbook of answers on a day; returns its batch."""
        stream = io.StringIO(newline="")
        writer = csv.writer(stream, delimiter=";")
        writer.writerows(
            [headings or HEADINGS, *[map(self._text, row) for row in rows]]
        )
        return self.load_bytes(number, stream.getvalue().encode(), dataset)

    def _text(self, value):
        return f"{value:%d/%m/%Y}" if isinstance(value, date) else value or ""

    def load_bytes(self, number, data, dataset):
        profile = self.env["utility.import.profile"].search(
            [("dataset", "=", dataset), ("is_shipped", "=", True)]
        )
        with freeze_time(self.day(number)):
            upload = (
                self.env["utility.import.upload"]
                .with_user(self.operator)
                .create(
                    {
                        "company_id": self.company.id,
                        "data": base64.b64encode(data),
                        "filename": "risposte.csv",
                        "profile_id": profile.id,
                    }
                )
            )
            batches = upload._receive()
            batches.action_apply()
            for batch in batches.sudo():
                if batch.state in ("running", "checking"):
                    batch._work()
        return batches

    def answer(self, number, order, what, day=None, reason="", note="", point=""):
        day = self.day(day) if isinstance(day, int) else day
        return self.load(number, [order.name, point, what, day, reason, note])

    def set_aside(self, batch):
        return batch.sudo().row_ids.filtered(lambda row: row.state == "open")


@tagged("post_install", "-at_install")
class TestTechnicalOrder(WorkCommon):
    def test_list_out_plan_in_work_done(self):
        """Gate 47: list, plan, reduction done, all by files."""
        action = self.to_list()
        order = self.order("list")
        self.assertEqual((order.state, order.action_id), ("to_send", action))
        file = self.send(65)
        self.assertEqual((file.row_count, file.state), (1, "written"))
        row = self.rows_of(file)[0]
        self.assertEqual(row["Ordine"], order.name)
        self.assertEqual(row["Movimento"], "N")
        self.assertEqual(row["Operazione"], "Elenco")
        self.assertEqual(row["POD/PDR/Punto"], self.contract.supply_point_id.code)
        self.assertEqual(row["Importo"], "1400,00")
        self.assertEqual(order.state, "sent")
        self.assertEqual(action.executed_date, self.day(65))
        self.answer(66, order, "Pianificato", 70)
        self.assertEqual((order.state, order.planned_date), ("done", self.day(70)))
        self.assertEqual(action.state, "done")
        self.assertEqual(action.planned_work_date, self.day(70))
        work = self.night(70)
        self.send(70)
        self.answer(70, self.order("reduce"), "Eseguito", 70)
        self.assertEqual(work.state, "done")
        self.assertEqual(self.contract.supply_state, "reduced")
        self.assertEqual(self.order("reduce").outcome, "executed")

    def test_refused_then_ordered_again(self):
        """Gate 47: not done with its reason; the order is given again."""
        self.to_reduce()
        self.send(70)
        first = self.order("reduce")
        self.answer(70, first, "Non eseguito", 70, "Pericolo", "Cane")
        self.assertEqual((first.state, first.outcome), ("failed", "danger"))
        self.assertEqual(first.action_id.state, "failed")
        self.assertIn("Cane", first.action_id.outcome_note)
        self.night(77)
        again = self.order("reduce")
        self.assertNotEqual(again, first)
        self.assertEqual(again.state, "to_send")

    def test_paid_before_it_left_never_leaves(self):
        """Gate 47: withdrawn because paid, before the file."""
        self.to_reduce()
        order = self.order("reduce")
        self.pay(self.bill)
        self.assertFalse(self.send(70))
        self.assertEqual(order.state, "withdrawn")
        self.assertEqual(order.action_id.state, "superseded")
        self.assertFalse(order.file_id)

    def test_paid_after_it_left_is_called_back_the_same_day(self):
        """Gate 47: withdrawn because paid; who has it is told and confirms."""
        self.to_reduce()
        self.send(70)
        order = self.order("reduce")
        self.pay(self.bill)
        with freeze_time(self.day(70)):
            self.env["dunning.technical.order"]._take_back_paid()
        self.assertEqual(order.state, "recall")
        self.assertEqual(order.action_id.state, "superseded")
        recall = self.send(70)
        self.assertEqual(recall.recall_count, 1)
        row = self.rows_of(recall)[0]
        self.assertEqual((row["Ordine"], row["Movimento"]), (order.name, "R"))
        self.assertEqual(order.state, "recalled")
        self.answer(71, order, "Annullato")
        self.assertEqual(order.state, "withdrawn")
        states = order.event_ids.sorted("id").mapped("state_to")
        self.assertEqual(states, ["sent", "recall", "recalled", "withdrawn"])
        self.assertEqual(self.contract.supply_state, "active")

    def test_carried_out_all_the_same_waits_for_a_person(self):
        self.to_reduce()
        self.send(70)
        order = self.order("reduce")
        self.pay(self.bill)
        self.env["dunning.technical.order"]._take_back_paid()
        batch = self.answer(71, order, "Eseguito", 71)
        row = self.set_aside(batch)
        self.assertEqual(row.issue_code, "work_all_the_same")
        self.assertEqual(self.contract.supply_state, "active")
        self.assertTrue(order.action_id._is_withdrawn_order())

    def test_reactivation_has_its_term(self):
        """Gate 47: reactivation with the last day of the law."""
        self.to_suspended()
        self.pay(self.bill)
        with freeze_time(f"{self.day(95)} 08:00:00"):
            self.night(95)
        order = self.order("reactivate")
        # Sunday 25 April; electricity: one weekday
        self.assertEqual(order.due_date, date(2027, 4, 26))
        self.assertFalse(order.is_late)
        with freeze_time("2027-04-27"):
            order.invalidate_recordset(["is_late"])
            self.assertTrue(order.is_late)
            late = self.env["dunning.technical.order"].search([("is_late", "=", True)])
            self.assertIn(order, late)
        self.send(95)
        self.env["dunning.technical.order"]._take_back_paid()
        self.assertEqual(order.state, "sent", "who paid gets the supply back")
        self.answer(96, order, "Eseguito", 96)
        self.assertEqual(self.contract.supply_state, "active")

    def test_protected_meanwhile_never_reaches_the_office(self):
        """Gate 19: protected between the decision and the file."""
        self.to_reduce()
        order = self.order("reduce")
        self.env["utility.protection"].sudo().create(
            {
                "supply_point_id": self.contract.supply_point_id.id,
                "partner_id": self.customer.id,
                "kind": "life_support",
                "date_from": self.day(60),
            }
        )
        self.assertFalse(self.send(70))
        self.assertEqual(order.state, "to_send")
        self.assertTrue(order.problem)
        self.assertFalse(order.file_id)

    def test_bad_row_waits_and_never_stops_a_good_one(self):
        self.to_reduce()
        self.send(70)
        order = self.order("reduce")
        batch = self.load(
            70,
            ["OT/999999", "", "Eseguito", self.day(70), "", ""],
            [order.name, "IT001E00000000", "Eseguito", self.day(70), "", ""],
            [order.name, "", "Eseguito", self.day(71), "", ""],
            [order.name, "", "Accettato", None, "", ""],
            [order.name, "", "Boh", None, "", ""],
        )
        codes = self.set_aside(batch).mapped("issue_code")
        wanted = {"work_unknown", "work_other_point", "work_future"}
        self.assertLessEqual(wanted, set(codes))
        self.assertEqual(len(codes), 4)
        self.assertEqual(order.state, "taken")

    def test_same_file_and_same_row_twice_change_nothing(self):
        self.to_reduce()
        self.send(70)
        order = self.order("reduce")
        self.answer(70, order, "Eseguito", 70)
        events = order.event_ids
        with self.assertRaises(UserError):
            self.answer(70, order, "Eseguito", 70)
        again = self.answer(70, order, "Eseguito", 70, note="altro file")
        self.assertEqual(again.sudo().count_unchanged, 1)
        self.assertFalse(self.set_aside(again))
        self.assertEqual(order.event_ids, events)

    def test_a_discarded_file_orders_nothing(self):
        self.to_reduce()
        file = self.send(70)
        order = self.order("reduce")
        with self.assertRaises(AccessError):
            file.with_user(self.operator).action_discard()
        file.with_user(self.manager).action_discard()
        self.assertEqual((order.state, file.state), ("to_send", "discarded"))
        second = self.send(70)
        self.assertNotEqual(second, file)
        second.with_user(self.operator).action_delivered()
        with self.assertRaises(UserError):
            second.with_user(self.manager).action_discard()

    def test_a_step_older_than_the_orders_gets_one(self):
        action = self.to_list()
        action._set_state("executing", executed_date=self.day(65))
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM dunning_technical_order")
        self.env.invalidate_all()
        self.env["dunning.technical.order"]._order_missing()
        order = self.order("list")
        self.assertEqual((order.state, order.sent_on), ("sent", self.day(65)))
        self.env["dunning.technical.order"]._order_missing()
        self.assertEqual(len(self.orders), 1)

    def test_an_order_is_in_one_file_only(self):
        self.to_reduce()
        self.send(70)
        self.assertFalse(self.send(70))

    def test_told_by_telephone_needs_no_file(self):
        self.to_reduce()
        order = self.order("reduce")
        self.work(70)
        self.assertEqual((order.state, order.outcome), ("done", "executed"))
        self.assertEqual(order.done_date, self.day(70))

    def test_suspension_takes_back_what_did_not_leave(self):
        self.to_reduce()
        order = self.order("reduce")
        self._hold()
        self.assertEqual(order.state, "withdrawn")
        self.assertEqual(order.action_id.state, "superseded")

    def test_suspension_calls_back_what_left(self):
        self.to_reduce()
        self.send(70)
        order = self.order("reduce")
        self._hold()
        self.assertEqual(order.state, "recall")
        self.send(70)
        self.answer(70, order, "Annullato")
        self.assertEqual(order.state, "withdrawn")
        self.assertEqual(order.action_id.state, "superseded")

    def _hold(self):
        with freeze_time(f"{self.day(70)} 12:00:00"):
            self.env["dunning.hold"].with_user(self.operator).suspend(
                "case", self.case.ids, "complaint", note="Reclamo", proofs=PROOF
            )

    def test_nobody_writes_state_or_number(self):
        self.to_reduce()
        order = self.order("reduce")
        for user in (self.operator, self.manager, self.dunning_admin):
            with self.assertRaises(AccessError):
                order.with_user(user).write({"state": "done"})
        with self.assertRaises(AccessError):
            order.write({"state": "done"})
        with self.assertRaises(UserError):
            order.unlink()
        self.send(70)
        with self.assertRaises(UserError):
            order.event_ids.write({"note": "x"})
        with self.assertRaises(UserError):
            order.file_id.attachment_id.write({"raw": b"x"})
