import logging
import re
from dataclasses import dataclass
from io import BytesIO

from odoo import api, models, modules
from odoo.tools.pdf import PdfFileReader, PdfFileWriter

_logger = logging.getLogger(__name__)

# letters handed to wkhtmltopdf in one call: starting it costs more than a page
PDF_BATCH = 200
REPORT = "creditbox_dunning.dunning_letter_report"
DOCUMENT = "creditbox_dunning.dunning_letter_document"
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
        """{communication id: LetterFile} dated ``today``."""
        pages = {message.id: self._html(message, today) for message in messages}
        contents = self._to_pdf(pages) if self._can_pdf() else {}
        files = {}
        for message in messages:
            stem = re.sub(r"[^\w.-]+", "-", f"{message.case_id.name}-{message.channel}")
            if message.id in contents:
                kind, suffix = "application/pdf", "pdf"
                content = contents[message.id]
            else:
                kind, suffix = "text/html", "html"
                content = pages[message.id].encode()
            name = f"{stem}-{message.action_id.rule_id.seq}.{suffix}"
            files[message.id] = LetterFile(name, content, kind)
        return files

    def _can_pdf(self):
        """PDF needs wkhtmltopdf; tests ask for it expressly, as in Odoo's reports."""
        forced = self.env.context.get("force_report_rendering")
        if modules.module.current_test and not forced:
            return False
        state = self.env["ir.actions.report"].get_wkhtmltopdf_state()
        if state not in ("ok", "workers"):
            _logger.info("wkhtmltopdf is missing: letters are made as HTML.")
            return False
        return True

    def _html(self, message, today):
        """The whole page, self-contained: making a PDF asks no server for anything."""
        lang = message.partner_id.lang or self.env.lang or "it_IT"
        action = message.action_id.with_context(lang=lang)
        return str(
            self.env["ir.qweb"]
            .with_context(lang=lang)
            ._render(
                DOCUMENT,
                {
                    "message": message.with_context(lang=lang),
                    "action": action,
                    "case": action.case_id,
                    "company": action.company_id,
                    "partner": action.partner_id,
                    "items": action.item_ids.sorted("date_maturity"),
                    "today": today,
                    "marker": self._marker(message),
                    "term_days": message._get_term_days(today),
                },
            )
        )

    def _marker(self, message):
        """Printed on the first page; tells the letters apart in a batch's PDF."""
        return f"Rif. {message.case_id.name}/{message.id}"

    def _to_pdf(self, pages):
        """{id: PDF bytes} for {id: HTML}; leaves out what could not be made."""
        contents = {}
        ids = list(pages)
        for start in range(0, len(ids), PDF_BATCH):
            batch = ids[start : start + PDF_BATCH]
            contents.update(self._batch_to_pdf({key: pages[key] for key in batch}))
        return contents

    def _batch_to_pdf(self, pages):
        report = self.env["ir.actions.report"]
        content = report._run_wkhtmltopdf([self._join(pages)], report_ref=REPORT)
        reader = PdfFileReader(BytesIO(content))
        if len(pages) == 1:
            return {next(iter(pages)): content}
        starts = self._first_pages(reader, pages)
        if starts is None:
            # a letter of several pages whose text cannot be read: one call each
            return {
                key: report._run_wkhtmltopdf([html], report_ref=REPORT)
                for key, html in pages.items()
            }
        ends = [*starts[1:], len(reader.pages)]
        return {
            key: self._cut(reader, first, end)
            for key, first, end in zip(pages, starts, ends, strict=True)
        }

    def _join(self, pages):
        """One HTML document for all letters, each on a page of its own.

        Debian's wkhtmltopdf (unpatched Qt) refuses several documents in one call.
        """
        parts = [_BODY.fullmatch(html).groups() for html in pages.values()]
        head, _body, tail = parts[0]
        breaks = '<div style="page-break-before: always"></div>'
        return head + breaks.join(body for _head, body, _tail in parts) + tail

    def _first_pages(self, reader, pages):
        """Page number on which each letter begins, or None when it cannot be told."""
        if len(reader.pages) == len(pages):
            return list(range(len(pages)))
        ids = [str(key) for key in pages]
        found = []
        for number, page in enumerate(reader.pages):
            text = re.sub(r"\s+", "", page.extract_text() or "")
            if len(found) < len(ids) and re.search(
                rf"Rif\.\S*?/{ids[len(found)]}(?!\d)", text
            ):
                found.append(number)
        return found if len(found) == len(ids) and found[0] == 0 else None

    def _cut(self, reader, first, end):
        writer = PdfFileWriter()
        for number in range(first, end):
            writer.add_page(reader.pages[number])
        stream = BytesIO()
        writer.write(stream)
        return stream.getvalue()
