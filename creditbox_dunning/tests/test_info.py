"""Information providers: the question, the answer, the address onto the customer."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from .test_technical_order import WorkCommon

HEADINGS = [
    "Richiesta",
    "Esito",
    "Data",
    "Punteggio",
    "Classe",
    "Indirizzo",
    "CAP",
    "Comune",
    "Provincia",
    "Nota",
]
ADDRESS = ["Via Nuova 5", "20121", "Milano", "MI"]


@tagged("post_install", "-at_install")
class TestInfo(WorkCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.info = cls.env["dunning.service.provider"].create(
            {
                "name": "Rintracci S.p.A.",
                "kind": "info",
                "company_id": cls.company.id,
                "processor_since": "2027-01-01",
            }
        )

    @property
    def question(self):
        return self.env["dunning.info.request"].search(
            [("partner_id", "=", self.customer.id)], order="id desc", limit=1
        )

    def comes_back(self):
        """The notice of default comes back: the customer has moved."""
        self.walk(3, 7, 15)
        self.night(30)
        self.tell(
            40,
            self.operator,
            result="failed",
            failure="moved",
            sent_date=self.day(30),
        )
        return self.question

    def send(self, number):
        with freeze_time(self.day(number)):
            model = self.env["dunning.info.request"].with_user(self.operator)
            action = model.with_context(
                allowed_company_ids=self.company.ids
            ).action_send()
        return self.env["dunning.work.file"].search(action["domain"])

    def answer_info(self, number, result, *more):
        row = [self.question.name, result, self.day(number), *more]
        row += [""] * (len(HEADINGS) - len(row))
        return self.load(number, row, dataset="info_answers", headings=HEADINGS)

    def test_a_letter_that_came_back_asks_and_the_answer_sends_another(self):
        question = self.comes_back()
        self.assertEqual((question.wanted, question.state), ("address", "to_send"))
        file = self.send(41)
        self.assertEqual(self.rows_of(file)[0]["Che cosa"], "Indirizzo")
        self.answer_info(44, "Trovato", "", "", *ADDRESS)
        self.assertEqual((question.state, question.street), ("done", "Via Nuova 5"))
        self.assertNotEqual(self.customer.street, "Via Nuova 5")
        question.with_user(self.operator).action_use_address()
        self.assertEqual(self.customer.street, "Via Nuova 5")
        self.assertEqual(self.customer.state_id.code, "MI")
        self.assertEqual(self.customer.dunning_address_source, "Rintracci S.p.A.")
        self.assertEqual(self.customer.dunning_address_date, self.day(44))
        self.assertTrue(question.old_address)
        with self.assertRaises(UserError):
            question.with_user(self.operator).action_use_address()
        letters = self.case.action_ids.filtered(lambda a: a.op == "default")
        self.night(45)
        again = self.case.action_ids.filtered(lambda a: a.op == "default")
        self.assertEqual(len(again - letters), 1)
        self.assertIn("Via Nuova 5", (again - letters).communication_ids.address)

    def test_trusted_address_is_used_at_once(self):
        self.info.is_address_trusted = True
        self.comes_back()
        self.send(41)
        self.answer_info(44, "Trovato", "", "", *ADDRESS)
        self.assertEqual(self.customer.street, "Via Nuova 5")

    def import_customer(self, number, street, city="Torino", zip_code="10100"):
        headings = ["Codice cliente", "Denominazione", "Indirizzo", "CAP", "Comune"]
        headings += ["Tipo soggetto"]
        name, code = self.customer.name, self.customer.billing_code
        row = [code, name, street, zip_code, city, "Consumatore"]
        batch = self.load(number, row, dataset="customers", headings=headings)
        self.assertEqual(batch.state, "done")

    def test_the_lost_address_does_not_come_back_with_an_import(self):
        self.info.is_address_trusted = True
        customer = self.customer
        customer.write({"street": "Via Roma 1", "zip": "10100", "city": "Torino"})
        self.comes_back()
        self.send(41)
        self.answer_info(44, "Trovato", "", "", *ADDRESS)
        self.assertEqual(customer.street, "Via Nuova 5")
        self.import_customer(50, "VIA ROMA, 1")
        self.assertEqual(customer.street, "Via Nuova 5", "the lost one, once more")
        self.import_customer(51, "Via Terza 3")
        self.assertEqual(customer.street, "Via Terza 3", "the customer's new one")
        self.import_customer(52, "Via Roma 1")
        self.assertEqual(customer.street, "Via Roma 1", "said anew by the customer")

    def test_score_with_source_and_day(self):
        self.customer.with_user(self.operator).action_ask_info()
        question = self.question
        self.assertEqual(question.wanted, "both")
        self.customer.with_user(self.operator).action_ask_info()
        self.assertEqual(self.question, question, "one open question is enough")
        self.send(1)
        self.answer_info(2, "Trovato", "37", "C")
        self.customer.invalidate_recordset()
        self.assertEqual(self.customer.dunning_score, 37)
        self.assertEqual(self.customer.dunning_score_class, "C")
        self.assertEqual(self.customer.dunning_score_source, "Rintracci S.p.A.")
        self.assertEqual(self.customer.dunning_score_date, self.day(2))

    def test_rows_that_do_not_fit_wait(self):
        self.customer.with_user(self.operator).action_ask_info()
        question = self.question
        early = self.answer_info(1, "Trovato", "37")
        self.assertEqual(self.set_aside(early).issue_code, "work_not_sent")
        self.send(1)
        half = self.answer_info(2, "Trovato", "", "", "Via Senza Comune")
        self.assertEqual(self.set_aside(half).issue_code, "info_half_address")
        nothing = self.answer_info(2, "Trovato")
        self.assertEqual(self.set_aside(nothing).issue_code, "info_nothing_told")
        self.answer_info(2, "Non trovato")
        self.assertEqual(question.state, "failed")
        again = self.answer_info(2, "Non trovato", *[""] * 6, "altro file")
        self.assertEqual(again.sudo().count_unchanged, 1)
        late = self.answer_info(3, "Trovato", "12")
        self.assertEqual(self.set_aside(late).issue_code, "work_over")

    def test_nobody_writes_an_answer(self):
        self.customer.with_user(self.operator).action_ask_info()
        with self.assertRaises(AccessError):
            self.question.with_user(self.manager).write({"score": 99})
        with self.assertRaises(AccessError):
            self.question.write({"street": "Via Falsa 1"})

    def test_without_a_provider_nothing_is_asked(self):
        self.info.active = False
        self.comes_back()
        self.assertFalse(self.question)
