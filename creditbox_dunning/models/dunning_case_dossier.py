import hashlib

from odoo import models
from odoo.tools.misc import format_date, format_datetime, formatLang

from odoo.addons.utility_supply.formats.dossier_zip import Member, safe_name

from ..rules.dossier import BillProof, MessageProof, NoticeProof, gaps
from .dossier_texts import gap_sentence

DOCUMENT = "creditbox_dunning.dossier"
# the hours of a dossier are Italian, whoever prints it
ROME = "Europe/Rome"


class DunningCase(models.Model):
    """The evidence of a case: one document with an index, and all the originals.

    Made when it is asked for, of what the reader may read. A proof that is missing is
    named at the top.
    """

    _name = "dunning.case"
    _inherit = ["dunning.case", "utility.dossier.mixin"]

    _dossier_path = "/creditbox_dunning/dossier/"

    def _dossier_html(self):
        values = self._dossier_values(list(self._dossier_originals()))
        return str(self.env["ir.qweb"]._render(DOCUMENT, values))

    def _dossier_stem(self):
        return safe_name(f"fascicolo-{self.name}".replace("/", "-"))

    # what is in it

    def _dossier_values(self, members):
        """What the document shows; ``members``: the originals, for the index."""
        bills = self._dossier_bills()
        return {
            "case": self,
            # whoever may read the case may read whose it is
            "partner": self.sudo().partner_id,
            "point": self.sudo().contract_id.supply_point_id,
            "contract": self.sudo().contract_id,
            "today": self._today(self.company_id),
            "bills": bills,
            "notices": self._dossier_notices(),
            "messages": self.communication_ids.sorted("id"),
            "actions": self.action_ids.filtered(
                lambda a: a.state not in ("skipped", "superseded")
            ).sorted("id"),
            "timeline": self.timeline,
            "parameters": self._dossier_parameters(),
            "gaps": [gap_sentence(self.env, gap) for gap in self._dossier_gaps(bills)],
            "index": [
                (m.folder, m.name, m.what, hashlib.sha256(m.data).hexdigest())
                for m in members
            ],
            "labels": self._labels,
            "day": lambda value: format_date(self.env, value) if value else "",
            "moment": lambda value: (
                format_datetime(self.env, value, tz=ROME) if value else ""
            ),
            "money": lambda value: formatLang(
                self.env, value, currency_obj=self.currency_id
            ),
        }

    def _dossier_bills(self):
        """The bills of the case and those that its steps listed, paid or not."""
        moves = self.sudo().line_ids.move_id | self.sudo().action_ids.item_ids.move_id
        return moves.sorted(lambda m: (m.invoice_date or m.date, m.id))

    def _dossier_notices(self):
        """The notices of the contract about these bills, and those about none."""
        if not self.env["utility.notice"].has_access("read"):
            return self.env["utility.notice"]
        bills = self._dossier_bills()
        notices = self.notice_ids.filtered(
            lambda n: not n.sudo().move_ids or n.sudo().move_ids & bills
        )
        return notices.sorted(lambda n: (n.sent_date, n.id))

    def _dossier_parameters(self):
        """[(day, numbers of the law in force)] on the days of the formal notices and
        today: what every step is judged by."""
        numbers = self.env["dunning.legal.parameter"].sudo()
        rows = numbers.search(
            [("service", "in", (self.service, False))], order="name, valid_from desc"
        )
        days = {
            notice.sent_date
            for notice in self._dossier_notices()
            if notice.is_formal_notice
        }
        found = []
        for day in sorted(days) or [self._today(self.company_id)]:
            in_force = {}
            for row in rows:
                is_own = bool(row.service)
                known = in_force.get(row.name)
                if row.valid_from <= day and (
                    known is None or (is_own and not known.service)
                ):
                    in_force[row.name] = row
            found.append((day, numbers.union(*in_force.values())))
        return found

    # what is missing

    def _dossier_gaps(self, bills):
        """[rules.dossier.Gap] of this case."""
        documents = self._documents_of(bills)
        return gaps(
            self.service or "",
            [BillProof(_number(b), len(documents.get(b.id, ()))) for b in bills],
            [self._notice_proof(notice) for notice in self._dossier_notices()],
            [self._message_proof(message) for message in self.communication_ids],
        )

    def _documents_of(self, records):
        """{id: attachments} of ``records`` that the reader may see."""
        attachments = self.env["ir.attachment"].sudo()
        found = attachments.search(
            [("res_model", "=", records._name), ("res_id", "in", records.ids)]
            # without this Odoo leaves out what a field holds
            + [("id", "!=", False)],
            order="id",
        )
        return found.grouped("res_id")

    def _notice_proof(self, notice):
        files = notice.sudo().attachment_ids
        letters = self.sudo().communication_ids
        copies = files & (letters.attachment_id | letters.raw_id)
        is_ours = notice.source == "dunning"
        return NoticeProof(
            ref=notice.ref,
            kind=notice.kind,
            channel=notice.channel,
            sent=notice.sent_date,
            notified=notice.notified_date,
            # of what was sent before CreditBox one file is copy and proof alike
            copies=len(copies) if is_ours else len(files),
            proofs=len(files - copies) if is_ours else len(files),
            cmor_warning=notice.cmor_warning,
            bills=frozenset(_number(move) for move in notice.sudo().move_ids),
        )

    def _message_proof(self, message):
        told = message.sudo()
        files = {}
        if told.attachment_id:
            letter = told.attachment_id
            # Odoo's own sum, taken when the letter was made: against a slip, no seal
            now = hashlib.sha1(letter.raw or b"", usedforsecurity=False).hexdigest()
            files[letter.name] = (letter.checksum or "", now)
        if told.raw_id:
            now = hashlib.sha256(told.raw_id.raw or b"").hexdigest()
            files[told.raw_id.name] = (told.raw_sha256 or "", now)
        return MessageProof(
            name=f"{message.display_name} {message.id}",
            state=message.state,
            has_copy=bool(told.raw_id or told.attachment_id),
            files=files,
        )

    # the originals

    def _dossier_originals(self):
        """The :class:`Member` of the ZIP: bills, messages, receipts, proofs."""
        bills = self._dossier_bills()
        seen = set()
        for bill in bills:
            for file in self._documents_of(bills).get(bill.id, ()):
                yield from self._member("bollette", file, _number(bill), seen)
        for message in self.communication_ids.sorted("id"):
            yield from self._message_members(message, seen)
        for notice in self._dossier_notices():
            # whoever may read the notice may have its proofs
            for file in notice.sudo().attachment_ids:
                yield from self._member("solleciti", file, notice.ref, seen)

    def _message_members(self, message, seen):
        # whoever may read the message may have its letter and its receipts
        told, what = message.sudo(), message.display_name
        known = {told.raw_id: told.raw_sha256 or ""}
        for file in told.attachment_id | told.raw_id:
            yield from self._member("inviati", file, what, seen, known.get(file, ""))
        others = (
            self.env["ir.attachment"].sudo().browse(told._proofs().get(message.id, ()))
        )
        for file in told.event_ids.attachment_ids | others:
            yield from self._member("ricevute", file, what, seen)

    def _member(self, folder, file, what, seen, known=""):
        """The file as a member, unless it is there already."""
        if file.id in seen or not file.exists():
            return
        seen.add(file.id)
        yield Member(folder, file.name or "", file.raw or b"", what or "", known)


def _number(move):
    return move.billing_ref or move.name or ""
