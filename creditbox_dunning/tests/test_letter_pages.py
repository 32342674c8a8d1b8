"""Letters and statements of several pages: nothing is cut by the edge of a page."""

import re
from io import BytesIO

from markupsafe import Markup

from odoo.tests import tagged
from odoo.tools.pdf import PdfFileReader

from ..rules import statement as rules
from ..rules.notice_text import (
    ROWS_A_PAGE,
    ROWS_BEFORE_A_PAGE,
    Part,
    Row,
    Values,
    letter_html,
    mail_html,
)
from .common import DunningCommon

BILLS = Part("bills", "Bolletta | Del | Scadenza | Codice | Importo | Totale")
SLIP = Part("slip", "Avviso di pagamento | Codice | Importo | scaduto il | Bolletta")


def rows(count):
    return tuple(
        Row(f"2026/ACQ/{n:07d}", "10/01/2026", "30/01/2026", f"3010 {n:04d}", "1,00 €")
        for n in range(count)
    )


@tagged("post_install", "-at_install")
class TestLetterPages(DunningCommon):
    def test_a_long_table_has_its_heads_on_each_page(self):
        most = ROWS_BEFORE_A_PAGE
        for count, heads in (
            (most, 1),
            (most + 1, 2),
            (most + ROWS_A_PAGE, 2),
            (most + ROWS_A_PAGE + 1, 3),
        ):
            values = Values(words={"total": "9,00 €"}, rows=rows(count))
            page = letter_html([BILLS], values)
            self.assertEqual(page.count("<thead>"), heads)
            self.assertEqual(page.count("new-page"), heads - 1)
            self.assertEqual(page.count("Totale"), 1)
            self.assertEqual(page.count("2026/ACQ/"), count)
            self.assertEqual(mail_html([BILLS], values).count("<thead>"), 1)

    def test_statement_pages(self):
        first, other = rules.FIRST_PAGE, rules.OTHER_PAGES
        for count, pages in ((0, [0]), (first, [first]), (first + 1, [first, 1])):
            self.assertEqual([len(p) for p in rules.sheets(range(count))], pages)
        many = rules.sheets(range(first + 2 * other + 3))
        self.assertEqual([len(p) for p in many], [first, other, other, 3])
        self.assertEqual([n for page in many for n in page][-1], first + 2 * other + 2)

    def pages(self, data):
        """The text of each page, in one line."""
        reader = PdfFileReader(BytesIO(data))
        return [re.sub(r"\s+", " ", page.extract_text()) for page in reader.pages]

    def printed(self, parts, count):
        state = self.env["ir.actions.report"].get_wkhtmltopdf_state()
        if state not in ("ok", "workers"):
            self.skipTest("no wkhtmltopdf")
        values = Values(words={"total": "9,00 €"}, rows=rows(count))
        letters = self.env["dunning.letter"].with_context(force_report_rendering=True)
        page = Markup(letter_html(parts, values))  # noqa: S704
        return self.pages(letters._to_pdf({7: page})[7])

    def test_no_slip_is_cut_and_pages_are_numbered(self):
        """Each page has whole slips: as many titles as codes as due dates."""
        intro = [Part("paragraph", "Parole. " * 20) for _n in range(9)]
        pages = self.printed([*intro, SLIP], 25)
        self.assertGreater(len(pages), 1)
        for number, page in enumerate(pages, 1):
            found = [
                page.count(word)
                for word in ("Avviso di pagamento", "Bolletta", "3010", "scaduto il")
            ]
            self.assertEqual(len(set(found)), 1, page)
            self.assertIn(f"{number}/{len(pages)}", page)
        self.assertEqual(sum(page.count("3010") for page in pages), 25)
        self.assertNotIn("1/1", self.printed([SLIP], 2)[0], "one page has no number")

    def test_no_row_is_cut_and_heads_are_repeated(self):
        pages = self.printed([BILLS], 40)
        self.assertEqual(len(pages), 2)
        for page in pages:
            self.assertEqual(page.count("Scadenza"), 1)
            self.assertEqual(page.count("2026/ACQ/"), page.count("30/01/2026"))
        self.assertEqual([page.count("2026/ACQ/") for page in pages], [20, 20])

    def test_the_statement_fits_its_pages(self):
        state = self.env["ir.actions.report"].get_wkhtmltopdf_state()
        if state not in ("ok", "workers"):
            self.skipTest("no wkhtmltopdf")
        self.company.write({"phone": "0372 555111", "vat": "IT12345670017"})
        self.customer.name = "Condominio Residenza I Giardini della Colombara " * 2
        for number in range(40):
            self.overdue(f"2026/ACQ/{number:07d}", amount=123456.78)
        partner = self.customer.with_context(force_report_rendering=True)
        data, _name, kind = partner._dunning_statement_document(self.company)
        self.assertEqual(kind, "application/pdf")
        pages = self.pages(data)
        self.assertEqual([p.count("2026/ACQ/") for p in pages], [26, 14])
        for number, page in enumerate(pages, 1):
            self.assertEqual(page.count("Still open"), 1)
            self.assertIn(f"{number}/2", page)
        for told in ("12345670017", "0372 555111"):
            self.assertIn(told, pages[0])
