"""The texts of the messages: versions, choice, what a case puts into them."""

import base64
from io import BytesIO
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged
from odoo.tools.pdf import PdfFileReader

from ..rules.notice_text import MISSING
from .common import DunningCommon


class TemplateCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.templates = cls.env["dunning.template"]

    def standard(self, **keys):
        wanted = {"company_id": False, "state": "published", "lang": "it_IT", **keys}
        found = self.templates.search([(k, "=", v) for k, v in wanted.items()])
        self.assertEqual(len(found), 1, wanted)
        return found

    def own(self, template, **vals):
        """A draft of the company copied from ``template``."""
        draft = template.with_user(self.dunning_admin).copy()
        if vals:
            draft.write(vals)
        return draft

    def messages_at(self, days, *bills):
        """The messages made by runs on ``days`` for the cases of ``bills``."""
        for day in days:
            self.run_on(day)
        cases = self.env["dunning.case"].union(*(self.case_of(b) for b in bills))
        return cases.communication_ids.sorted("id")

    def html(self, message):
        return message.sudo().attachment_id.raw.decode()


@tagged("post_install", "-at_install")
class TestTemplate(TemplateCommon):
    def test_every_row_of_the_standard_table_has_its_text(self):
        """Each row of the shipped table that says something has a text of its own."""
        saying = self.table.rule_ids.filtered(lambda rule: rule.action_type_id.code < 6)
        self.assertGreater(len(saying), 100)
        for rule in saying:
            for part in rule.channel.replace("|", "+").split("+"):
                services = [rule.service] if rule.service else self.services()
                for service in services:
                    case = self.env["dunning.case"].new(
                        {"company_id": self.company.id, "partner_id": self.customer.id}
                    )
                    case.service = service
                    case.customer_type = rule.customer_type
                    case.supply_state = rule.supply_state
                    found = self.templates._for_case(case, rule.op, part)
                    self.assertEqual(found.op, rule.op, rule.display_name)
                    self.assertIn(found.service or service, (service,))
                    self.assertFalse(found.missing)

    def services(self):
        return [s for s, _label in self.templates._fields["service"].selection]

    def test_loading_again_makes_nothing(self):
        before = self.templates.search_count([])
        self.templates._load_standard()
        self.assertEqual(self.templates.search_count([]), before)

    def test_a_changed_standard_is_a_new_version(self):
        sms = self.standard(op="remind", channel="sms")
        told = {"name": "SMS", "language": "it_IT", "op": "remind", "channel": "sms"}
        told |= {"sms": "Altro testo", "parts": []}
        path = "odoo.addons.creditbox_dunning.models.dunning_template.template_text"
        with patch(f"{path}.read", return_value=[told]):
            self.templates._load_standard()
        self.assertEqual(sms.state, "superseded")
        new = self.standard(op="remind", channel="sms")
        self.assertEqual(new.version, sms.version + 1)
        self.assertEqual(new.sms_text, "Altro testo")

    def test_notice_lacking_a_content_is_not_published(self):
        draft = self.own(self.standard(op="default", service="gas"))
        draft.part_ids.filtered(lambda part: part.content == "cmor").unlink()
        self.assertIn("TISIND", draft.missing)
        with self.assertRaises(UserError) as caught:
            draft.action_publish()
        self.assertIn("TISIND", str(caught.exception))
        self.assertEqual(draft.state, "draft")

    def test_unknown_placeholder_is_not_published(self):
        draft = self.own(self.standard(op="remind", channel="sms"))
        draft.sms_text = "Ciao {{nome}} {{law.nothing}} {{Customer}}"
        with self.assertRaises(UserError) as caught:
            draft.action_publish()
        for place in ("{{nome}}", "{{law.nothing}}", "{{Customer}}"):
            self.assertIn(place, str(caught.exception))

    def test_published_is_frozen(self):
        """Not even the administrator, or code with sudo, changes what was in use."""
        draft = self.own(self.standard(op="remind", channel="sms"))
        draft.action_publish()
        part = self.standard(op="default", service="gas").part_ids[:1]
        with self.assertRaises(UserError):
            draft.write({"sms_text": "x"})
        with self.assertRaises(UserError):
            part.sudo().write({"text": "x"})
        with self.assertRaises(UserError):
            part.sudo().copy()
        with self.assertRaises(UserError):
            part.sudo().unlink()
        with self.assertRaises(UserError):
            draft.unlink()
        with self.assertRaises(AccessError):
            draft.write({"state": "draft"})
        with self.assertRaises(AccessError):
            self.own(draft).write({"content_hash": "x"})

    def test_standard_is_not_written_by_anybody(self):
        sms = self.standard(op="remind", channel="sms").with_user(self.dunning_admin)
        for call in (sms.action_publish, sms.action_withdraw):
            with self.assertRaises(UserError):
                call()
        with self.assertRaises(AccessError):
            self.templates.with_user(self.dunning_admin).create(
                {"name": "x", "op": "remind", "channel": "sms", "company_id": False}
            )

    def test_only_the_administrator(self):
        draft = self.own(self.standard(op="remind", channel="sms"))
        for call in (
            draft.with_user(self.manager).action_publish,
            draft.with_user(self.manager).action_new_version,
            draft.with_user(self.manager).action_withdraw,
        ):
            with self.assertRaises(AccessError):
                call()

    def test_versions_follow_one_another(self):
        draft = self.own(self.standard(op="remind", channel="sms"), sms_text="Uno")
        draft.action_publish()
        second = self.templates.browse(draft.action_new_version()["res_id"])
        second.sms_text = "Due"
        second.action_publish()
        self.assertEqual((draft.state, second.state), ("superseded", "published"))
        self.assertEqual((draft.version, second.version), (1, 2))
        bill = self.overdue()
        self.run_on(3)
        case = self.case_of(bill)
        self.assertEqual(self.templates._for_case(case, "remind", "sms"), second)
        second.action_withdraw()
        self.assertFalse(self.templates._for_case(case, "remind", "sms").company_id)

    def test_another_company_keeps_the_standard(self):
        draft = self.own(self.standard(op="remind", channel="sms"))
        draft.action_publish()
        case = self.env["dunning.case"].new({"company_id": self.other_company.id})
        found = self.templates._for_case(case, "remind", "sms", lang="it_IT")
        self.assertFalse(found.company_id)
        stranger = self.dunning_admin.copy(
            {
                "company_id": self.other_company.id,
                "company_ids": [Command.set(self.other_company.ids)],
            }
        )
        self.assertNotIn(draft, self.templates.with_user(stranger).search([]))

    def test_form(self):
        """Made by hand in the screen, checked while it is written."""
        with Form(self.templates.with_user(self.dunning_admin)) as form:
            form.name = "Promemoria"
            form.op = "remind"
            form.channel = "sms"
            form.sms_text = "Ci contatti: {{phone}}"
        draft = form.record
        self.assertIn("GSM", draft.sms_size)
        draft.action_publish()
        self.assertEqual(draft.state, "published")


@tagged("post_install", "-at_install")
class TestMessages(TemplateCommon):
    def to_default(self, contract=None, ref="D1", **vals):
        bill = self.overdue(ref, contract, **vals)
        messages = self.messages_at((7, 15, 30), bill)
        return bill, messages.filtered(lambda m: m.action_id.op == "default")

    def test_default_notice_says_all(self):
        """What the check demands is in the letter, filled with this case's values."""
        bill, message = self.to_default()
        page = self.html(message)
        point = self.contract.supply_point_id.code
        for text in (
            "costituzione in mora",
            "D1",
            "20 giorni dalla data di invio della presente raccomandata",
            "credito@example.com",
            "CMOR",
            "30 euro",
            "20 euro",
            "bonus sociale",
            point,
        ):
            self.assertIn(text, page)
        self.assertNotIn(MISSING, page)
        self.assertNotIn("{{", page)
        self.assertEqual(message.template_id.service, "electricity")
        self.assertEqual(message.subject, "Costituzione in mora")
        self.assertEqual(bill.line_ids.dunning_case_id, message.case_id)

    def test_low_voltage_or_not(self):
        point = self.contract.supply_point_id
        for number, (level, is_told) in enumerate(
            (("low", True), (False, True), ("medium", False))
        ):
            point.voltage_level = level
            contract = self._create_contract(f"CTV{number}", self.customer, point)
            _bill, message = self.to_default(contract, f"V{number}")
            told = "riduzione della potenza al 15%" in self.html(message)
            self.assertEqual(told, is_told, level)

    def test_ceased_customer_is_not_threatened_with_a_cut(self):
        self.contract.supply_state = "ceased"
        bill = self.overdue()
        messages = self.messages_at((15, 30), bill)
        message = messages.filtered(lambda m: m.action_id.op == "default")
        self.assertEqual(message.template_id.supply_state, "ceased")
        page = self.html(message)
        self.assertIn("CMOR", page)
        self.assertNotIn("distributore", page)

    def test_old_consumption_is_told(self):
        _bill, message = self.to_default(
            consumption_from="2024-01-01", consumption_to="2026-11-30"
        )
        page = self.html(message)
        self.assertIn("prescrizione con il", page)
        self.assertIn("2 anni prima della fattura", page)

    def test_numbers_of_the_law_are_those_in_force(self):
        self.env["dunning.legal.parameter"].create(
            {
                "service": "electricity",
                "name": "indemnity_no_notice",
                "value": 33,
                "unit": "amount",
                "valid_from": "2027-02-01",
                "source": "prova",
            }
        )
        _bill, message = self.to_default()
        self.assertIn("33 euro", self.html(message))

    def test_a_notice_that_cannot_tell_all_is_not_written(self):
        """A number of the law that is not known leaves a mandatory content open."""
        reader = type(self.env["dunning.template.values"])
        known = reader._law_words

        def law_words(*args):
            told = dict(known(*args))
            told.pop("law.indemnity_no_notice")
            return told

        with patch.object(reader, "_law_words", law_words):
            bill, _message = self.to_default()
        case = self.case_of(bill)
        action = case.action_ids.filtered(lambda a: a.op == "default")
        self.assertEqual(action.state, "failed")
        self.assertIn("Automatic indemnities", action.reason)
        self.assertFalse(action.communication_ids, "nothing was made")

    def test_twelve_bills_make_one_message_gate_40(self):
        """Gate 40: twelve bills of a customer make one message that lists them all."""
        bills = [self.overdue(f"T{n:02d}", amount=10 + n) for n in range(12)]
        messages = self.messages_at((7,), *bills)
        self.assertEqual(len(messages), 1)
        body = messages.body
        for bill in bills:
            self.assertIn(bill.billing_ref or bill.name, body)
        self.assertIn("186,00", body)

    def test_three_languages_gate_40(self):
        """Gate 40: each customer is written to in his own language."""
        for code in ("it_IT", "de_DE", "sl_SI"):
            self.env["res.lang"]._activate_lang(code)
        words = {
            "de_DE": (
                "Zahlungserinnerung",
                "Sehr geehrte/r {{customer}}, offen: {{total}}",
            ),
            "sl_SI": ("Opomin", "Spoštovani {{customer}}, odprto: {{total}}"),
        }
        for lang, (subject, text) in words.items():
            draft = self.own(
                self.standard(op="remind", channel="email", supply_state=False),
                lang=lang,
                subject=subject,
                part_ids=[Command.clear(), Command.create({"text": text})],
            )
            draft.action_publish()
        bills = {}
        for number, lang in enumerate(("it_IT", "de_DE", "sl_SI")):
            customer = self._create_customer(f"L{number}", lang=lang)
            contract = self._create_contract(f"CTL{number}", customer)
            bills[lang] = self.overdue(f"L{number}", contract, amount=1234.5)
        self.messages_at((7,), *bills.values())
        for lang, subject, body in (
            ("it_IT", "promemoria", "non ancora pagate"),
            ("de_DE", "Zahlungserinnerung", "offen: 1.234,50"),
            ("sl_SI", "Opomin", "odprto: 1"),
        ):
            message = self.case_of(bills[lang]).communication_ids
            self.assertEqual(len(message), 1)
            self.assertIn(subject, message.subject)
            self.assertIn(body, message.body)

    def test_text_message_says_nothing_of_the_debt(self):
        bill = self.overdue()
        self.run_on(7)
        action = self.case_of(bill).action_ids.filtered(lambda a: a.state == "done")
        self.company.name = "Acqua & Luce"
        told = action._render_texts("sms", self.day(7))[action.id]
        self.assertIn("Acqua &amp; Luce", told["body_html"])
        self.assertIn(action.case_id.name, told["body_html"])
        self.assertNotIn("100", told["body_html"])
        template = self.standard(op="remind", channel="sms")
        self.assertEqual(told["template_id"], template.id)
        draft = self.own(template)
        draft.sms_text = "Lei deve {{total}} per la bolletta {{bill_number}}"
        with self.assertRaises(UserError) as caught:
            draft.action_publish()
        self.assertIn("{{total}}", str(caught.exception))

    def test_slip_with_the_payment_code(self):
        self.company.write({"dunning_slip_kind": "pagopa", "vat": "IT01234560157"})
        _bill, message = self.to_default(payment_code="301000000000123456")
        page = self.html(message)
        self.assertIn("3010 0000 0000 1234 56", page)
        self.assertIn("<svg", page)
        self.company.dunning_slip_kind = "none"
        _bill, message = self.to_default(
            self._create_contract("CT2", self.customer),
            "D2",
            payment_code="301000000000123456",
        )
        self.assertNotIn("<svg", self.html(message))

    def test_hostile_values_stay_text(self):
        evil = self._create_customer("C666", name="<script>alert(1)</script>{{total}}")
        contract = self._create_contract("CT666", evil)
        _bill, message = self.to_default(
            contract, payment_code="<img src=x onerror=alert(1)>"
        )
        page = self.html(message)
        self.assertNotIn("<script>", page)
        self.assertNotIn("<img", page)

    def test_sent_document_never_changes_gate_46(self):
        """Gate 46: after the bill, the customer and the text have changed, what was
        sent is the same, byte for byte."""
        bill, message = self.to_default()
        attachment = message.sudo().attachment_id
        before, digest = attachment.raw, attachment.checksum
        bill.payment_code = "301000000000999999"
        self.pay(bill, 40)
        self.customer.write({"name": "Altro Nome", "street": "Via Nuova 9"})
        draft = self.own(message.template_id)
        draft.part_ids[1].text = "Altro testo."
        draft.action_publish()
        self.run_on(31)
        self.assertEqual((attachment.raw, attachment.checksum), (before, digest))
        self.assertEqual(message.template_id.state, "published")
        self.assertNotEqual(message.template_id, draft)
        for user in (self.dunning_admin, self.env.user):
            with self.assertRaises(UserError):
                attachment.with_user(user).write({"raw": b"other"})
            with self.assertRaises(UserError):
                attachment.with_user(user).unlink()
        with self.assertRaises(UserError):
            attachment.sudo().unlink()
        self.assertEqual(attachment.raw, before)

    def test_approval_lapses_when_the_text_changes(self):
        _bill, message = self.to_default()
        action = message.action_id
        before = action._approval_facts()[action.id]["document"]
        draft = self.own(message.template_id)
        draft.part_ids[1].text = "Altro testo."
        draft.action_publish()
        self.assertNotEqual(action._approval_facts()[action.id]["document"], before)


@tagged("post_install", "-at_install")
class TestPreviewAndPrint(TemplateCommon):
    def preview(self, template, case, **vals):
        return (
            self.env["dunning.template.preview"]
            .with_user(self.operator)
            .create({"template_id": template.id, "case_id": case.id, **vals})
        )

    def test_preview_of_a_real_case(self):
        bill = self.overdue()
        self.run_on(3)
        case = self.case_of(bill)
        count = self.env["dunning.communication"].search_count([])
        letter = self.preview(self.standard(op="default", service="electricity"), case)
        self.assertIn("Cliente C001", letter.html)
        self.assertIn("100,00", letter.html)
        mail = self.preview(
            self.standard(op="remind", channel="email", supply_state=False), case
        )
        self.assertIn("Gentile", mail.html)
        self.env["dunning.channel.cost"].create(
            {"company_id": self.company.id, "channel": "sms", "cost": 0.045}
            | {"date_from": "2020-01-01"}
        )
        sms = self.preview(self.standard(op="remind", channel="sms"), case)
        self.assertIn("0.045", sms.sms_size)
        self.assertIn(case.name, sms.sms_text)
        self.assertEqual(self.env["dunning.communication"].search_count([]), count)

    def test_print_file_agrees_with_the_letters_gate_40(self):
        """Gate 40: the file for the printer holds the pages of the letters as they
        were made, in order, each once."""
        report = self.env["ir.actions.report"]
        if report.get_wkhtmltopdf_state() not in ("ok", "workers"):
            self.skipTest("wkhtmltopdf is not installed")
        bills = []
        for number, zip_code in enumerate(("39100", "00184", "20121")):
            customer = self._create_customer(
                f"Z{number}", name=f"Signor Z{number}", zip=zip_code
            )
            contract = self._create_contract(f"CTZ{number}", customer)
            bills.append(self.overdue(f"Z{number}", contract))
        self.run_on(7)
        runs = self.env["dunning.run"].sudo().with_context(force_report_rendering=True)
        runs.run_for(self.company, self.day(15))
        letters = self.env["dunning.case"].union(*map(self.case_of, bills))
        letters = letters.communication_ids.filtered("has_pdf")
        self.assertEqual(len(letters), 3)
        wizard = self.env["dunning.letter.merge"].with_user(self.operator)
        merged = wizard.create(
            {"message_ids": [Command.set(letters.ids)], "two_sided": True}
        )
        with freeze_time(self.day(15)):
            merged.action_merge()
        reader = PdfFileReader(BytesIO(base64.b64decode(merged.file)))
        texts = ["".join((p.extract_text() or "").split()) for p in reader.pages]
        names = [
            name
            for text in texts
            for name in ("Z0", "Z1", "Z2")
            if f"Signor{name}" in text
        ]
        self.assertEqual(names, ["Z1", "Z2", "Z0"], "by postal code")
        self.assertEqual(merged.page_count, len(reader.pages))
        self.assertEqual(len(reader.pages) % 2, 0)
        for letter in letters:
            own = PdfFileReader(BytesIO(letter.sudo().attachment_id.raw))
            for page in own.pages:
                self.assertIn("".join(page.extract_text().split()), texts)
