"""Gate 20: cases with a collection agency, out and back; a payment calls them back."""

from datetime import timedelta

from odoo.tests import freeze_time, tagged

from .test_technical_order import WorkCommon

HEADINGS = [
    "Affidamento",
    "Esito",
    "Data",
    "Importo",
    "Data promessa",
    "Riferimento",
    "Nota",
]


class AgencyCommon(WorkCommon):
    """A supply that may not be cut: after the notice of default, the agency."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agency = cls._agency("Recuperi A")
        cls.contract.write(
            {
                "suspendibility_override": "not_suspendible",
                "suspendibility_override_reason": "prova",
            }
        )

    @classmethod
    def _agency(cls, name, **vals):
        return cls.env["dunning.service.provider"].create(
            {
                "name": name,
                "kind": "agency",
                "company_id": cls.company.id,
                "processor_since": "2027-01-01",
                "fee_percent": 10,
                **vals,
            }
        )

    def to_agency(self):
        self.walk(3, 7, 15)
        self.night(30)
        self.arrives()
        for number in range(60, 120, 3):
            if self.night(number).filtered(lambda a: a.op == "assign"):
                self.today = number
                break
        return self.assignment

    @property
    def assignment(self):
        return self.env["dunning.agency.assignment"].search(
            [("case_id", "=", self.case.id)], order="id desc", limit=1
        )

    def send(self, number):
        with freeze_time(self.day(number)):
            model = self.env["dunning.agency.assignment"].with_user(self.operator)
            action = model.with_context(
                allowed_company_ids=self.company.ids
            ).action_send()
        if action["type"] != "ir.actions.act_window":
            return self.env["dunning.work.file"]
        return self.env["dunning.work.file"].search(action["domain"])

    def tell_agency(self, number, *rows):
        rows = [
            [self.assignment.name, what, self.day(day), *[*more, "", "", "", ""][:4]]
            for what, day, *more in rows
        ]
        return self.load(number, *rows, dataset="agency_answers", headings=HEADINGS)


@tagged("post_install", "-at_install")
class TestAgency(AgencyCommon):
    def test_lot_out_taken_collected(self):
        one = self.to_agency()
        self.assertEqual(one.state, "to_send")
        day = self.today
        lot = self.send(day)
        row = self.rows_of(lot)[0]
        self.assertEqual(row["Affidamento"], one.name)
        self.assertEqual(row["Lotto"], lot.name)
        self.assertEqual(row["Importo"], "1400,00")
        self.assertIn("B1:20/01/2027:1400,00", row["Bollette"])
        self.assertIn("Costituzione in mora", row["Solleciti"])
        self.assertEqual((one.state, one.provider_id), ("sent", self.agency))
        self.assertEqual((one.mandate_to - one.mandate_from).days, 59)
        self.tell_agency(day + 1, ("Preso in carico", day + 1))
        self.assertEqual(one.state, "taken")
        self.assertEqual(one.action_id.state, "executing")
        self.tell_agency(
            day + 9,
            ("Contatto", day + 5),
            ("Incasso", day + 7, "400,00", "", "R1"),
            ("Incasso", day + 8, "1000,00", "", "R2"),
            ("Incassato tutto", day + 9),
        )
        self.assertEqual((one.state, one.outcome), ("done", "collected"))
        self.assertEqual(one.collected, 1400)
        self.assertEqual(one.action_id.state, "done")
        # told again in another file: nothing twice
        batch = self.tell_agency(
            day + 10, ("Incasso", day + 7, "400,00", "", "R1"), ("Boh", day)
        )
        self.assertEqual(batch.sudo().count_unchanged, 1)
        self.assertEqual(len(self.set_aside(batch)), 1)
        self.assertEqual(one.collected, 1400)

    def check_money(self, number):
        with freeze_time(self.day(number)):
            self.env["dunning.agency.assignment"]._check_money()
        one = self.assignment
        return (one.money_state, one.told, one.arrived, one.difference)

    def test_money_told_beside_the_books(self):
        """H02: told and not arrived within the days is missing; what arrived counts
        from the day on which the lot left."""
        with freeze_time(self.day(45)):
            self.pay(self.bill, 100)
        one = self.to_agency()
        day = self.today
        self.send(day)
        self.assertEqual(self.check_money(day), (False, 0, 0, 0))
        self.tell_agency(day + 1, ("Incasso", day + 1, "400,00", "", "R1"))
        self.assertEqual(self.check_money(day + 1), ("awaited", 400, 0, -400))
        self.assertEqual(self.check_money(day + 16), ("awaited", 400, 0, -400))
        self.assertEqual(self.check_money(day + 17), ("missing", 400, 0, -400))
        found = self.env["dunning.worklist"].with_user(self.operator)
        [entry] = [
            v
            for v in found._lists_of_trouble(self.day(day))
            if v["key"] == "agency_money"
        ]
        self.assertIn(one, one.search(entry["domain"]))
        one.with_user(self.operator).action_money_seen()
        self.assertNotIn(one, one.search(entry["domain"]))
        with freeze_time(self.day(day + 18)):
            self.pay(self.bill, 500)
        # another difference: a person looks again
        self.assertEqual(self.check_money(day + 18), ("more", 400, 500, 100))
        self.assertFalse(one.is_money_seen)
        self.assertEqual(
            one.action_open_arrivals()["res_model"], "dunning.agency.arrival"
        )
        self.tell_agency(day + 18, ("Incasso", day + 18, "100,00", "", "R2"))
        self.assertEqual(self.check_money(day + 18), ("matched", 500, 500, 0))

    def test_fee_by_the_tariff_on_what_arrived(self):
        """The band of the day on which it was sent; what was told brings no fee."""
        one = self.to_agency()
        day = self.today
        self.env["dunning.agency.fee"].create(
            [
                {
                    "provider_id": self.agency.id,
                    "valid_from": self.day(number),
                    "age_from": age,
                    "amount_from": amount,
                    "percent": percent,
                    "fixed": 25,
                }
                for number, age, amount, percent in (
                    (0, 0, 0, 5),
                    (0, 30, 1000, 12.5),
                    (0, 365, 0, 30),
                    (day + 1, 0, 0, 50),
                )
            ]
        )
        self.send(day)
        self.tell_agency(day + 1, ("Incasso", day + 1, "400,00", "", "R1"))
        self.check_money(day + 1)
        self.assertEqual((one.fee_percent, one.fee), (12.5, 0))
        for amount in (33.33, 100):
            with freeze_time(self.day(day + 2)):
                self.pay(self.bill, amount)
        self.check_money(day + 2)
        arrivals = (
            self.env["dunning.agency.arrival"]
            .with_user(self.operator)
            .search(
                [("provider_id", "=", self.agency.id), ("date", ">=", self.day(day))]
            )
        )
        self.assertEqual(sorted(arrivals.mapped("fee")), [12.5, 29.17])
        self.assertEqual(one.fee, 41.67)
        # sent before it was due: the first band
        one.action_id.item_ids.sudo()._guarded().date_maturity = self.day(day + 5)
        self.check_money(day + 3)
        self.assertEqual((one.fee_percent, one.fee_fixed), (5, 25))

    def test_lots_by_themselves(self):
        one = self.to_agency()
        model, day = self.env["dunning.agency.assignment"], self.day(self.today)
        with freeze_time(day):
            self.assertFalse(model._send_scheduled())
            self.agency.is_lot_scheduled = True
            file = model._send_scheduled()
            self.assertEqual((one.file_id, one.state), (file, "sent"))
            # once a day: what comes later waits, a recall does not
            copy = one.sudo()._guarded().copy({"state": "to_send", "name": "AF/X"})
            copy._guarded().write({"sent_on": False})
            self.assertFalse(model._send_scheduled())
            self.assertEqual(copy.state, "to_send")
            one._move("recall")
            self.assertEqual(model._send_scheduled().recall_count, 1)
        cron = self.env.ref("creditbox_dunning.ir_cron_dunning_work")
        tomorrow = day + timedelta(days=1)
        with freeze_time(tomorrow), self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual((copy.state, copy.sent_on), ("sent", tomorrow))
        self.assertEqual(one.money_on, tomorrow)

    def test_lots_are_no_larger_than_the_agency_wants(self):
        one = self.to_agency()
        for number in range(4):
            one.sudo()._guarded().copy({"name": f"AF/L{number}"})
        self.agency.lot_size = 2
        files = self.send(self.today)
        self.assertEqual(sorted(files.mapped("row_count")), [1, 2, 2])
        refs = [row["Affidamento"] for file in files for row in self.rows_of(file)]
        self.assertEqual(len(refs), len(set(refs)))

    def test_part_payment_is_told_once_with_the_next_file(self):
        one = self.to_agency()
        day = self.today
        self.send(day)
        with freeze_time(self.day(day + 1)):
            self.pay(self.bill, 400)
        # no file only for it
        self.assertFalse(self.send(day + 2))
        for number in range(3):
            one.sudo()._guarded().copy({"name": f"AF/P{number}"})
        waiting = one.sudo().search([("name", "like", "AF/P%")], order="name")
        waiting._guarded().write({"state": "withdrawn", "sent_on": False})
        waiting[0]._guarded().write({"state": "to_send"})
        file = self.send(day + 2)
        rows = {row["Affidamento"]: row for row in self.rows_of(file)}
        self.assertEqual(rows[one.name]["Movimento"], "P")
        self.assertEqual(rows[one.name]["Importo"], "1000,00")
        self.assertIn("pagamento parziale", rows[one.name]["Nota"])
        self.assertEqual((file.row_count, file.recall_count), (1, 0))
        self.assertEqual((one.state, one.arrived_told), ("sent", 400))
        waiting[1]._guarded().write({"state": "to_send"})
        file = self.send(day + 3)
        self.assertNotIn(one.name, [row["Affidamento"] for row in self.rows_of(file)])
        # a file that never left said nothing
        one.part_file_id.with_user(self.boss).action_discard()
        self.assertEqual(one.arrived_told, 0)

    def test_fee_without_tariff(self):
        one = self.to_agency()
        self.send(self.today)
        with freeze_time(self.day(self.today)):
            self.pay(self.bill, 200)
        self.check_money(self.today)
        self.assertEqual((one.fee_percent, one.fee_fixed, one.fee), (10, 0, 20))
        # after the mandate and the days for payments nothing is due any more
        end = (one.mandate_to - self.day(0)).days + 15
        for number in (end, end + 1):
            with freeze_time(self.day(number)):
                self.pay(self.bill, 100)
        self.check_money(end + 1)
        self.assertEqual((one.arrived, one.fee), (400, 30))

    def test_money_of_the_next_agency_is_not_of_the_first(self):
        self._agency("Recuperi B")
        first = self.to_agency()
        day = self.today
        self.send(day)
        with freeze_time(self.day(day + 1)):
            self.pay(self.bill, 300)
        self.tell_agency(day + 2, ("Rifiutato", day + 2))
        self.night(day + 9)
        self.send(day + 9)
        second = self.assignment
        self.assertNotEqual(first, second)
        with freeze_time(self.day(day + 9)):
            self.pay(self.bill, 200)
            # a credit note is no money
            note = self.bill._reverse_moves(
                [{"invoice_date": self.day(day + 9), "date": self.day(day + 9)}]
            )
            note.invoice_line_ids.price_unit = 50
            note.action_post()
            (note + self.bill).line_ids.filtered(
                lambda line: line.account_type == "asset_receivable"
            ).reconcile()
        self.check_money(day + 10)
        self.assertEqual((first.arrived, second.arrived), (300, 200))
        # who refused the case gets nothing
        self.assertEqual((first.fee, second.fee), (0, 20))

    def test_payment_recalls_it(self):
        """Gate 20: payment after agency assignment recalls it."""
        one = self.to_agency()
        day = self.today
        self.send(day)
        self.tell_agency(day + 1, ("Preso in carico", day + 1))
        self.pay(self.bill)
        with freeze_time(self.day(day + 2)):
            self.env["dunning.technical.order"]._take_back_paid()
        self.assertEqual(one.state, "recall")
        self.assertEqual(one.action_id.state, "superseded")
        file = self.send(day + 2)
        self.assertEqual((file.recall_count, file.row_count), (1, 0))
        self.assertEqual(self.rows_of(file)[0]["Movimento"], "R")
        batch = self.tell_agency(day + 3, ("Insolvente", day + 3))
        self.assertEqual(self.set_aside(batch).issue_code, "work_called_back")
        self.tell_agency(day + 3, ("Restituito", day + 3))
        self.assertEqual(one.state, "withdrawn")

    def test_paid_before_the_lot_is_in_no_lot(self):
        """Gate 20."""
        one = self.to_agency()
        self.pay(self.bill)
        self.assertFalse(self.send(self.today))
        self.assertEqual((one.state, one.file_id.id), ("withdrawn", False))

    def test_mandate_ends_by_date(self):
        """H02: what is not collected by the last day comes back by itself."""
        one = self.to_agency()
        self.send(self.today)
        with freeze_time(one.mandate_to):
            self.env["dunning.agency.assignment"]._end_mandates()
        self.assertEqual(one.state, "sent")
        with freeze_time(one.mandate_to + timedelta(days=1)):
            self.env["dunning.agency.assignment"]._end_mandates()
        self.assertEqual((one.state, one.outcome), ("done", "negative"))
        self.assertEqual(one.action_id.outcome, "negative")

    def test_rejected_goes_to_another_agency(self):
        other = self._agency("Recuperi B")
        one = self.to_agency()
        day = self.today
        self.send(day)
        first = one.provider_id
        self.tell_agency(day + 1, ("Rifiutato", day + 1))
        self.assertEqual((one.state, one.action_id.state), ("failed", "failed"))
        self.night(day + 9)
        again = self.assignment
        self.assertNotEqual(again, one)
        self.send(day + 9)
        self.assertEqual(again.provider_id, (self.agency | other) - first)

    def test_no_data_to_who_is_no_processor(self):
        self.agency.processor_since = False
        one = self.to_agency()
        self.assertFalse(self.send(self.today))
        self.assertIn("GDPR", one.problem)
        self.agency.processor_since = "2027-01-01"
        self.assertTrue(self.send(self.today))
        self.assertFalse(one.problem)

    def test_layout_with_a_row_for_each_bill(self):
        layout = self.env.ref("creditbox_dunning.file_layout_agency").copy()
        layout.column_ids = [
            (0, 0, {"heading": "N. bolletta", "source": "bill_number"}),
            (0, 0, {"heading": "Residuo", "source": "bill_amount"}),
        ]
        self.agency.file_layout_id = layout
        self.overdue("B2", amount=100)
        self.to_agency()
        rows = self.rows_of(self.send(self.today))
        told = {row["N. bolletta"]: row["Residuo"] for row in rows}
        self.assertEqual(told, {"B1": "1400,00", "B2": "100,00"})
