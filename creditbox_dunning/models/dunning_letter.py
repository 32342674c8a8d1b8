import logging
import re
from dataclasses import dataclass
from io import BytesIO

from markupsafe import Markup

from odoo import api, models
from odoo.tools.pdf import PdfFileReader

from odoo.addons.utility_supply.models.bulk import update_rows

from ..rules.notice_text import letter_html

_logger = logging.getLogger(__name__)

# letters handed to wkhtmltopdf in one call: starting it costs more than a page
PDF_BATCH = 200
# bills that a letter of one page can surely list, with their payment slips
ONE_PAGE = 2
REPORT = "creditbox_dunning.dunning_letter_report"
DOCUMENT = "creditbox_dunning.dunning_letter_document"
PAGE = "creditbox_dunning.dunning_letter_page"
# the reference printed on the first page of each letter, blanks left out
MARKER = re.compile(r"Rif\.[^\[\]]{1,60}\[(\d+)\]")
_BODY = re.compile(r"(.*<body[^>]*>)(.*)(</body>.*)", re.DOTALL)


@dataclass(frozen=True)
class LetterFile:
    name: str
    content: bytes
    mimetype: str


class DunningLetter(models.AbstractModel):
    """Letters as files: one call for many PDFs, HTML where PDF cannot be made."""

    _name = "dunning.letter"
    _description = "Dunning letters"

    @api.model
    def _render(self, messages, today):
        """{communication id: LetterFile} dated ``today``.

        Each message is told which text it was made of, and its subject.
        """
        pages = self._pages(messages, today)
        contents = {}
        if self.env["utility.pdf"]._can_make():
            long = messages.filtered(lambda m: len(m.action_id.item_ids) > ONE_PAGE)
            # apart, so that the many of one page need not be read to be told apart
            for group in (messages - long, long):
                contents.update(self._to_pdf({m.id: pages[m.id] for m in group}))
        files = {}
        for message in messages:
            stem = re.sub(r"[^\w.-]+", "-", f"{message.case_id.name}-{message.channel}")
            if message.id in contents:
                kind, suffix = "application/pdf", "pdf"
                content = contents[message.id]
            else:
                kind, suffix = "text/html", "html"
                content = self._document([pages[message.id]]).encode()
            step = message.action_id.rule_id.seq or message.action_id.op
            name = f"{stem}-{step}.{suffix}"
            files[message.id] = LetterFile(name, content, kind)
        return files

    def _pages(self, messages, today):
        """{communication id: its letter as a piece of HTML}."""
        subjects = [
            message.action_id._text_subject(message.channel, key=message.id)
            for message in messages
        ]
        values = self.env["dunning.template.values"]._collect(subjects, today)
        update_rows(
            messages.browse(),
            {
                subject.key: {
                    "template_id": subject.template.id,
                    "subject": subject.template._subject_text(values[subject.key]),
                }
                for subject in subjects
            },
        )
        return {
            subject.key: self._page(
                subject, values[subject.key], message.address, str(message.id)
            )
            for subject, message in zip(subjects, messages, strict=True)
        }

    def _page(self, subject, values, address, reference):
        """One letter as a piece of HTML: letterhead, address, the text's parts.

        ``reference``: what stands in brackets after the case, for telling the letters
        of a batch apart.
        """
        case = subject.case
        page = {
            "channel": subject.channel,
            "address": address,
            "case": case,
            "company": case.company_id,
            "partner": case.partner_id,
            "today": values.words["today"],
            "marker": f"Rif. {case.name} [{reference}]",
            # every word and value in it is escaped there
            "body": Markup(letter_html(subject.template._as_parts(), values)),  # noqa: S704
        }
        lang = self.env["res.lang"]._get_data(code=subject.template.lang)
        qweb = self.env["ir.qweb"].sudo()
        return qweb.with_context(lang=lang.code or self.env.lang)._render(PAGE, page)

    def _document(self, pages):
        """One self-contained document: making the PDF asks no server for anything."""
        return str(self.env["ir.qweb"]._render(DOCUMENT, {"pages": pages}))

    def _to_pdf(self, pages):
        """{id: PDF bytes} for {id: page}."""
        contents = {}
        ids = list(pages)
        for start in range(0, len(ids), PDF_BATCH):
            batch = ids[start : start + PDF_BATCH]
            contents.update(self._batch_to_pdf({key: pages[key] for key in batch}))
        return contents

    def _batch_to_pdf(self, pages):
        """One call for all: the letters follow one another in one document, because
        Debian's wkhtmltopdf takes one document only. Then they are cut apart."""
        content = self._print(list(pages.values()))
        if len(pages) == 1:
            numbered = self.env["utility.pdf"]._numbered(content)
            return {next(iter(pages)): numbered}
        reader = PdfFileReader(BytesIO(content))
        starts = self._first_pages(reader, pages)
        if starts is None:
            _logger.warning("Letters could not be told apart: one call for each.")
            numbered = self.env["utility.pdf"]._numbered
            return {key: numbered(self._print([page])) for key, page in pages.items()}
        ends = [*starts[1:], len(reader.pages)]
        return {
            key: self._cut(reader, first, end)
            for key, first, end in zip(pages, starts, ends, strict=True)
        }

    def _print(self, pages):
        report = self.env["ir.actions.report"]
        return report._run_wkhtmltopdf([self._document(pages)], report_ref=REPORT)

    def _first_pages(self, reader, pages):
        """Page number on which each letter begins, or None when it cannot be told.

        Each letter begins a page: as many pages as letters means one each. Else the
        reference that each prints on its first page is looked for: they must come in
        order, each once, because a letter with another customer's pages would be worse
        than a slow batch.
        """
        if len(reader.pages) == len(pages):
            return list(range(len(pages)))
        ids = [str(key) for key in pages]
        found, told = [], []
        for number, page in enumerate(reader.pages):
            text = re.sub(r"\s+", "", page.extract_text() or "")
            match = MARKER.search(text)
            if match:
                found.append(number)
                told.append(match[1])
        return found if told == ids and found[0] == 0 else None

    def _cut(self, reader, first, end):
        return self.env["utility.pdf"]._joined(reader.pages[first:end])
