"""Texts, mandatory contents, choice, SMS length, payment slips: pure rules."""

import re
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests.common import BaseCase, tagged
from odoo.tools.misc import file_open

from odoo.addons.creditbox_dunning.formats import qr, template_text
from odoo.addons.creditbox_dunning.rules import (
    notice_contents,
    notice_dates,
    notice_format,
    notice_text,
    payment_slip,
    sms,
    template_choice,
)
from odoo.addons.creditbox_dunning.rules.guard_common import Law
from odoo.addons.creditbox_dunning.rules.legal_parameters import shipped_parameters
from odoo.addons.creditbox_dunning.rules.notice_text import Part, Row, Values, lacking

from .guard_common import shift

STANDARD = "creditbox_dunning/tables/templates_it.txt"


def standard():
    with file_open(STANDARD, "r") as file:
        return template_text.read(file.read())


def parts_of(told):
    return [Part(**part) for part in told["parts"]]


def lacks(told, parts=None):
    return notice_contents.missing(
        parts_of(told) if parts is None else parts,
        told["op"],
        told["channel"],
        told.get("service", ""),
        told.get("customer_type", ""),
        told.get("supply_state", ""),
    )


@tagged("post_install", "-at_install")
class TestContents(BaseCase):
    def test_shipped_texts_have_all_that_they_need(self):
        laws = {name for _service, name in shipped_parameters()._rows}
        for told in standard():
            with self.subTest(told["name"]):
                self.assertFalse(lacks(told))
                texts = [part["text"] for part in told["parts"]]
                texts += [told.get(key, "") for key in ("subject", "sms", "cover")]
                for text in texts:
                    self.assertFalse(notice_text.wrong_places(text, laws))

    def test_each_content_is_missed(self):
        """A formal notice that lacks one of its contents is told so, each of them."""
        checked = set()
        for told in standard():
            parts = parts_of(told)
            needs = notice_contents.required(
                told["op"],
                told["channel"],
                told.get("service", ""),
                told.get("customer_type", ""),
                told.get("supply_state", ""),
            )
            for content, service in needs:
                left = [p for p in parts if not notice_contents._names(content, p)]
                found = {(m.content, m.service) for m in lacks(told, left)}
                self.assertIn((content.code, service), found, told["name"])
                checked.add(content.code)
        self.assertEqual(checked, {c.code for c in notice_contents.CONTENTS})

    def test_every_mandatory_part_spoiled_is_told(self):
        """The claim taken away, the values taken away, a condition put on it."""
        for told in standard():
            parts = parts_of(told)
            for place, part in enumerate(parts):
                if not part.content:
                    continue
                bare = re.sub(r"\{\{.*?\}\}", "x", part.text)
                for spoiled in (
                    replace(part, content=""),
                    replace(part, condition="condominium"),
                    replace(part, text=bare) if bare != part.text else None,
                ):
                    if spoiled:
                        others = [*parts[:place], spoiled, *parts[place + 1 :]]
                        self.assertTrue(lacks(told, others), (told["name"], spoiled))

    def test_a_part_that_says_nothing_is_no_content(self):
        for changed, why in (
            (Part("paragraph", "Si affretti a pagare.", content="term"), "values"),
            (Part("paragraph", "Avviso.", content="cmor"), "words"),
            (
                Part("paragraph", "Avviso CMOR", content="cmor", condition="business"),
                "condition",
            ),
        ):
            (told,) = (t for t in standard() if t.get("service") == "gas")
            parts = [p for p in parts_of(told) if p.content != changed.content]
            (lack,) = lacks(told, [*parts, changed])
            self.assertEqual((lack.content, lack.why), (changed.content, why))

    def test_cmor_only_for_energy(self):
        """The CMOR notice is asked of electricity and gas, of no other service."""
        for service in notice_contents.SERVICES:
            needs = notice_contents.required("default", "letter", service)
            codes = {content.code for content, _service in needs}
            self.assertEqual("cmor" in codes, service in ("electricity", "gas"))

    def test_an_email_puts_nobody_in_default(self):
        self.assertEqual(notice_contents.required("default", "email"), [])


@tagged("post_install", "-at_install")
class TestText(BaseCase):
    def test_values_and_marks_are_escaped(self):
        parts = [Part("paragraph", "**{{customer}}** & {{total}}\nfine")]
        values = Values(words={"customer": "<b>A & B</b>", "total": "1 €"})
        self.assertEqual(
            notice_text.letter_html(parts, values),
            "<p><strong>&lt;b&gt;A &amp; B&lt;/b&gt;</strong> &amp; 1 €<br/>fine</p>",
        )

    def test_a_part_without_its_value_is_left_out(self):
        values = Values(words={"point": ""})
        told = Part("paragraph", "Fornitura {{point}}")
        self.assertEqual(notice_text.letter_html([told], values), "")
        must = Part("paragraph", "Entro {{term_days}} giorni", content="term")
        self.assertIn(notice_text.MISSING, notice_text.letter_html([must], values))

    def test_conditions_and_services(self):
        parts = [
            Part("paragraph", "gas", service="gas"),
            Part("paragraph", "cut", condition="can_cut"),
            Part("paragraph", "always"),
        ]
        for values, wanted in (
            (Values(), "<p>always</p>"),
            (Values(service="gas"), "<p>gas</p><p>always</p>"),
            (Values(flags=frozenset({"can_cut"})), "<p>cut</p><p>always</p>"),
        ):
            self.assertEqual(notice_text.letter_html(parts, values), wanted)

    def test_a_value_is_not_filled_again(self):
        """What a customer is called is no placeholder."""
        words = {"customer": "{{company}}", "company": "X"}
        self.assertEqual(notice_text.fill("{{customer}}", words), "{{company}}")

    def test_the_word_goes_with_its_number(self):
        text = "entro {{n}} {{ n|giorno feriale| giorni feriali }}"
        for number, wanted in (
            ("1", "entro 1 giorno feriale"),
            ("0", "entro 0 giorni feriali"),
            ("21", "entro 21 giorni feriali"),
            ("", "entro _____ giorni feriali"),
        ):
            told = notice_text.fill(text, {"n": number}, must=True)
            self.assertEqual(told, wanted)
        self.assertIsNone(notice_text.fill("{{n|a|b}}", {}), "its number is missing")
        self.assertEqual(notice_text.placeholders(text), ["n", "n"])
        for wrong in ("{{n|a|b}}", "{{term_days|a}}", "{{term_days|a|b|c}}"):
            self.assertEqual(notice_text.wrong_places(wrong), [wrong])
        self.assertFalse(notice_text.wrong_places("{{term_days|a|b}}"))

    def test_no_shipped_text_counts_without_its_word(self):
        """A number is followed by the word that goes with it, or by none."""
        plural = re.compile(r"\}\}\**\s+(giorn|mes|ann|rat|litr|or|settiman)[a-z]+\b")
        for told in standard():
            for part in told["parts"]:
                self.assertIsNone(plural.search(part["text"]), part["text"])

    @given(st.text(max_size=80), st.text(max_size=40))
    def test_any_text_any_value(self, text, name):
        values = Values(words={"customer": name, "total": name}, rows=(Row(name),))
        parts = [Part(kind, text + "{{customer}}") for kind in notice_text.PART_KINDS]
        for made in (
            notice_text.letter_html(parts, values),
            notice_text.mail_html(parts, values),
        ):
            self.assertNotIn("<script", made)

    def test_the_file_is_strict(self):
        for text in (
            "op: notice\n",
            "=== A\nwhat: 1\n",
            "=== A\n--- poem\n",
            "=== A\n--- title colour=red\n",
        ):
            with self.assertRaises(template_text.TemplateTextError):
                template_text.read(text)

    def test_formats(self):
        amount = notice_format.ITALIAN.amount(1234.5)
        self.assertEqual(amount, "1.234,50\xa0€")
        english = notice_format.Formats("%m/%d/%Y", ".", ",")
        self.assertEqual(english.amount(-1234.5, "$", before=True), "-$\xa01,234.50")
        self.assertEqual(english.date(date(2027, 1, 20)), "01/20/2027")
        self.assertEqual(notice_format.ITALIAN.number("7.50"), "7,50")


@tagged("post_install", "-at_install")
class TestChoice(BaseCase):
    def candidate(self, id_, **keys):
        told = {"company": 0, "language": "it_IT", "op": "default", "channel": "letter"}
        return template_choice.Candidate(id=id_, **{**told, **keys})

    def choose(self, *candidates, languages=("it_IT",), fallback="", **keys):
        told = {
            "company": 1,
            "language": "it_IT",
            "op": "default",
            "channel": "ar",
            "service": "gas",
            "customer_type": "domestic",
            "supply_state": "active",
        }
        wanted = template_choice.Wanted(**{**told, **keys})
        return template_choice.choose(candidates, wanted, languages, fallback)

    def test_the_most_particular_one(self):
        general = self.candidate(1)
        gas = self.candidate(2, service="gas")
        water = self.candidate(3, service="water")
        own = self.candidate(4, company=1)
        other = self.candidate(5, company=2, service="gas")
        letter = self.candidate(6, channel="ar")
        self.assertEqual(self.choose(general), 1)
        self.assertEqual(self.choose(general, gas, water), 2)
        self.assertEqual(self.choose(general, gas, own, other), 4)
        self.assertEqual(self.choose(general, letter), 6)
        self.assertEqual(self.choose(general, letter, channel="pec"), 1)
        self.assertIsNone(self.choose(general, channel="email"))

    def test_language_comes_first(self):
        italian = self.candidate(1, company=1, service="gas")
        german = self.candidate(2, language="de_DE")
        self.assertEqual(self.choose(italian, german, language="de_DE"), 2)
        self.assertEqual(self.choose(italian, german, language="fr_FR"), 1)

    def test_fallback(self):
        notice = self.candidate(1, op="notice")
        self.assertIsNone(self.choose(notice))
        self.assertEqual(self.choose(notice, fallback="notice"), 1)


@tagged("post_install", "-at_install")
class TestSms(BaseCase):
    def test_lengths(self):
        """160 and 153 characters of the GSM alphabet, 70 and 67 of any other."""
        for text, encoding, places, parts, left in (
            ("", "gsm7", 0, 0, 160),
            ("a" * 160, "gsm7", 160, 1, 0),
            ("a" * 161, "gsm7", 161, 2, 145),
            ("a" * 306, "gsm7", 306, 2, 0),
            ("a" * 307, "gsm7", 307, 3, 152),
            ("€" * 80, "gsm7", 160, 1, 0),
            # an escape is not cut from its character: the 153rd place stays empty
            ("€" * 81, "gsm7", 162, 2, 143),
            ("è" * 160, "gsm7", 160, 1, 0),
            ("ê" * 70, "ucs2", 70, 1, 0),
            ("ê" * 71, "ucs2", 71, 2, 63),
            ("\U0001f600" * 35, "ucs2", 70, 1, 0),
            ("\U0001f600" * 36, "ucs2", 72, 2, 61),
        ):
            with self.subTest(text=text[:1], count=len(text)):
                size = sms.size(text)
                told = (size.encoding, size.places, size.parts, size.left)
                self.assertEqual(told, (encoding, places, parts, left))

    def test_the_strange_character_is_named(self):
        self.assertEqual(sms.size("perché no?’").strange, "’")
        self.assertEqual(sms.size(sms.plain("perché no?’")).encoding, "gsm7")

    @given(st.text(max_size=700))
    def test_parts_hold_the_text(self, text):
        size = sms.size(text)
        one, many = sms.ROOM[size.encoding]
        if size.parts == 1:
            self.assertEqual(size.places + size.left, one)
        elif size.parts:
            room = size.parts * many - size.left
            # at most one place is lost at the end of each part
            self.assertLessEqual(room - size.places, size.parts - 1)
            self.assertGreaterEqual(room, size.places)


@tagged("post_install", "-at_install")
class TestSlip(BaseCase):
    NOTICE = "301000000000123456"

    def postal(self, sixteen="1234567890123456"):
        return f"{sixteen}{int(sixteen) % 93:02d}"

    def test_pagopa(self):
        creditor = payment_slip.Creditor("pagopa", tax_code="IT01234567890")
        self.assertEqual(
            payment_slip.qr_text(creditor, "3010 0000 0000 1234 56", "123.45"),
            f"PAGOPA|002|{self.NOTICE}|01234567890|12345",
        )
        for code in ("", "12345", "9" + self.NOTICE[1:], "RF18000"):
            self.assertEqual(payment_slip.qr_text(creditor, code, "1"), "")
        self.assertEqual(payment_slip.qr_text(creditor, self.NOTICE, "0"), "")
        nameless = payment_slip.Creditor("pagopa", tax_code="RSSMRA80A01F205X")
        self.assertEqual(payment_slip.qr_text(nameless, self.NOTICE, "1"), "")

    def test_postal(self):
        creditor = payment_slip.Creditor("postal", account="123456")
        code = self.postal()
        self.assertEqual(
            payment_slip.qr_text(creditor, code, "123.45"),
            f"18{code}12000000123456100000012345" + "3896",
        )
        wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
        self.assertEqual(payment_slip.qr_text(creditor, wrong, "1"), "")

    def test_transfer(self):
        creditor = payment_slip.Creditor(
            "transfer", iban="IT60 X054 2811 1010 0000 0123 456", name="Acqua S.p.A."
        )
        lines = payment_slip.qr_text(creditor, "", "10", "B1").split("\n")
        self.assertEqual(lines[:4], ["BCD", "002", "1", "SCT"])
        self.assertEqual(
            lines[5:8], ["Acqua S.p.A.", "IT60X0542811101000000123456", "EUR10.00"]
        )
        self.assertEqual(lines[-1], "B1")

    @given(st.text(max_size=30), st.decimals(-10, 10**12, places=2))
    def test_any_code_any_amount(self, code, amount):
        for kind in payment_slip.KINDS:
            creditor = payment_slip.Creditor(kind, "01234567890", "1", "IT60", "X")
            text = payment_slip.qr_text(creditor, code, amount, code)
            self.assertIn(text[:2], ("", "PA", "18", "BC"))

    def test_qr_is_a_code(self):
        """Finder patterns in three corners, a white margin, the same text twice."""
        text = f"PAGOPA|002|{self.NOTICE}|01234567890|12345"
        rows = qr.modules(text)
        self.assertEqual(len(rows), len(rows[0]))
        self.assertEqual((len(rows) - 17) % 4, 0)
        for corner in (rows[0][:7], rows[0][-7:], rows[-1][:7]):
            self.assertTrue(all(corner))
        self.assertFalse(all(rows[-1][-7:]))
        drawn = qr.svg(text)
        dark = sum(map(sum, rows))
        widths = map(int, re.findall(r"h(\d+)v1", drawn))
        self.assertEqual(sum(widths), dark)
        self.assertEqual(drawn, qr.svg(text))
        self.assertEqual(qr.svg(""), "")


@tagged("post_install", "-at_install")
class TestDates(BaseCase):
    """The dates printed: never before those that the guard will allow."""

    def law(self):
        return Law(shipped_parameters(), frozenset(), shift)

    def test_first_work_day(self):
        written = date(2027, 2, 19)
        for service, term, reducible, wanted in (
            # 40 full days from the writing: 1 April, a Thursday
            ("gas", date(2027, 3, 11), False, date(2027, 4, 1)),
            # 25 full days, 3 working days after the term
            ("electricity", date(2027, 3, 11), True, date(2027, 3, 17)),
            ("telephone", None, False, date(2027, 4, 1)),
            # first working day after the term
            ("water", date(2027, 3, 20), False, date(2027, 3, 22)),
        ):
            with self.subTest(service):
                day = notice_dates.first_work_day(
                    self.law(), service, term, written, reducible
                )
                self.assertEqual(day, wanted)

    def test_first_default_day(self):
        due, written = date(2027, 1, 20), date(2027, 2, 1)
        day = notice_dates.first_default_day(self.law(), "water", due, written)
        self.assertEqual(day, due + timedelta(days=26))
        late = date(2027, 6, 1)
        day = notice_dates.first_default_day(self.law(), "water", due, late)
        self.assertEqual(day, date(2027, 6, 2))

    def test_old_consumption(self):
        billed = date(2027, 3, 1)
        self.assertFalse(notice_dates.is_old(date(2025, 3, 1), billed, 2))
        self.assertTrue(notice_dates.is_old(date(2025, 2, 28), billed, 2))
        self.assertFalse(notice_dates.is_old(None, billed, 2))

    def test_lacking_names_the_mandatory_contents_left_open(self):
        parts = (
            Part("paragraph", "Dear {{customer}}, {{due}}"),
            Part("paragraph", "Within {{term_days}} days", content="term"),
            Part(
                "paragraph", "Indemnity {{law.x}}", service="gas", content="indemnity"
            ),
            Part("paragraph", "{{prescribable}}", "", "prescribable", "prescription"),
        )
        told = Values("electricity", {"term_days": "20"})
        self.assertEqual(lacking(parts, told), ())
        self.assertEqual(
            lacking(parts, Values("electricity", {"term_days": ""})), ("term",)
        )
        self.assertEqual(
            lacking(parts, Values("gas", {"term_days": "20"})), ("indemnity",)
        )
        flagged = Values("gas", {}, frozenset({"prescribable"}))
        self.assertEqual(lacking(parts, flagged), ("term", "indemnity", "prescription"))
