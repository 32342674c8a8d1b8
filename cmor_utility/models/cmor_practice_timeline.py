from datetime import datetime
from urllib.parse import quote

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools.misc import format_amount, format_date

from ..rules import timeline
from .cmor_practice_terms import ROME, UTC

ICONS = {
    "start": "fa-plug",
    "notice": "fa-envelope-o",
    "complaint": "fa-comment-o",
    "request": "fa-question",
    "flow": "fa-exchange",
    "event": "fa-circle-o",
    "amount": "fa-eur",
    "entry": "fa-book",
    "deadline": "fa-hourglass-half",
}
TONES = {
    "sent": "success",
    "applied": "success",
    "accepted": "success",
    "met": "success",
    "missed": "danger",
    "refused": "danger",
    "rejected": "danger",
    "waiting": "warning",
    "to_export": "warning",
    "written": "warning",
    "exported": "warning",
}


class CmorPractice(models.Model):
    """Everything that happened to a practice on one page, both sides.

    Flows with the original files, events, requests, money, entries and terms. Made
    when it is read, so that there is nothing to keep in step; what the reader may not
    read is not in it.
    """

    _inherit = "cmor.practice"

    timeline = fields.Json(compute="_compute_timeline")

    def _compute_timeline(self):
        entries = self._timeline_entries()
        for practice in self:
            found = timeline.order(map(_in_italy, entries[practice.id]))
            practice.timeline = [
                _shown(self.env, entry, practice.currency_id)
                for entry in reversed(found)
            ]

    def _timeline_entries(self):
        """{practice id: [entries]}; an entry has at least when, kind and title.

        A fixed number of queries for all of them. Other parts add a source by
        overriding ``_timeline_sources``.
        """
        self.check_access("read")
        entries = {practice.id: [] for practice in self}
        for source in self._timeline_sources():
            for practice_id, entry in source():
                entries[practice_id].append(entry)
        return entries

    def _timeline_sources(self):
        """Methods that yield (practice id, entry)."""
        return [
            self._timeline_start,
            self._timeline_notices,
            self._timeline_requests,
            self._timeline_flows,
            self._timeline_events,
            self._timeline_receipts,
            self._timeline_returns,
            self._timeline_network,
            self._timeline_books,
            self._timeline_deadlines,
        ]

    def _readable(self, model, domain=None, order="id"):
        """Records of a model that belong to these practices, if the reader may."""
        records = self.env[model]
        if not records.has_access("read"):
            return records
        return records.search(domain or [("practice_id", "in", self.ids)], order=order)

    def _timeline_start(self):
        for practice in self:
            marks = (
                (practice.date_end, "start", self.env._("End of supply")),
                (
                    practice.complaint_on,
                    "complaint",
                    self.env._("Complaint of the customer"),
                ),
                (
                    practice.complaint_answered_on,
                    "complaint",
                    self.env._("Complaint answered"),
                ),
            )
            for day, kind, title in marks:
                if day:
                    yield practice.id, {"when": day, "kind": kind, "title": title}

    def _timeline_notices(self):
        if not self.env["utility.notice"].has_access("read"):
            return
        kinds = self._selection_labels("utility.notice", "kind")
        channels = self._selection_labels("utility.notice", "channel")
        for practice in self:
            for notice in practice.notice_ids:
                yield (
                    practice.id,
                    {
                        "when": notice.sent_date,
                        "kind": "notice",
                        "title": kinds.get(notice.kind),
                        "text": f"{channels.get(notice.channel)} · {notice.ref}",
                        "model": notice._name,
                        "id": notice.id,
                        "files": [
                            {
                                "name": attachment.name,
                                "url": f"/web/content/{attachment.id}?download=true",
                            }
                            for attachment in notice.attachment_ids
                        ],
                    },
                )

    def _timeline_requests(self):
        states = self._selection_labels("cmor.practice.request", "state")
        for request in self._readable("cmor.practice.request"):
            yield (
                request.practice_id.id,
                {
                    "when": request.requested_on or request.create_date,
                    "kind": "request",
                    "title": request.type_id.name,
                    "text": " · ".join(
                        text
                        for text in (request.code, request.reason, request.answer)
                        if text
                    ),
                    "badge": states.get(request.state),
                    "tone": TONES.get(request.state),
                    "amount": request.amount,
                    "id": request.id,
                },
            )

    def _timeline_flows(self):
        """Files sent and received, with their original bytes."""
        states = self._selection_labels("cmor.flow.record", "state")
        for record in self._readable("cmor.flow.record"):
            file = record.file_id
            flow = file.type_id
            is_in = file.direction == "in"
            texts = (record.code, record.issue_text)
            yield (
                record.practice_id.id,
                {
                    "when": file.exported_on or file.create_date,
                    "kind": "flow",
                    "icon": "fa-arrow-down" if is_in else "fa-arrow-up",
                    "title": f"{flow.code} {flow.name}",
                    "text": " · ".join(text for text in texts if text),
                    "badge": states.get(record.state),
                    "tone": TONES.get(record.state),
                    "amount": record.amount,
                    "model": file._name,
                    "id": file.id,
                    "files": [_original(file)] if file.attachment_id else [],
                    "minor": record.state == "discarded",
                },
            )

    def _timeline_events(self):
        kinds = self._selection_labels("cmor.practice.event", "kind")
        for event in self._readable("cmor.practice.event"):
            yield (
                event.practice_id.id,
                {
                    "when": event.date,
                    "kind": "event",
                    "title": kinds.get(event.kind),
                    "text": event.text,
                    "badge": event.user_id.sudo().name
                    if not event.user_id._is_superuser()
                    else "",
                    "event_id": event.id,
                    "minor": event.kind == "evaluated",
                },
            )

    def _timeline_receipts(self):
        states = self._selection_labels("cmor.receipt", "state")
        for receipt in self._readable("cmor.receipt"):
            yield (
                receipt.practice_id.id,
                {
                    "when": receipt.date,
                    "kind": "amount",
                    "title": self.env._("Paid by CSEA"),
                    "text": receipt.ref,
                    "badge": states.get(receipt.state),
                    "amount": receipt.amount,
                    "model": receipt._name,
                    "id": receipt.id,
                },
            )

    def _timeline_returns(self):
        states = self._selection_labels("cmor.practice.return", "state")
        for made in self._readable("cmor.practice.return"):
            yield (
                made.practice_id.id,
                {
                    "when": made.date or made.create_date,
                    "kind": "amount",
                    "title": self.env._("Paid on to the seller")
                    if made.kind == "seller"
                    else self.env._("Returned to the customer"),
                    "text": made.ref or "",
                    "badge": states.get(made.state),
                    "amount": made.amount,
                    "minor": made.state == "cancelled",
                },
            )

    def _timeline_network(self):
        """Incoming: what the network charged, and the charges to the customer."""
        states = self._selection_labels("cmor.network.charge", "state")
        for line in self._readable("cmor.network.charge"):
            yield (
                line.practice_id.id,
                {
                    "when": line.date,
                    "kind": "amount",
                    "title": self.env._("Charged by the network"),
                    "text": line.ref,
                    "badge": states.get(line.state),
                    "amount": line.amount,
                },
            )

    def _timeline_books(self):
        """Entries in the books that the practice made."""
        if not self.env["account.move"].has_access("read"):
            return
        for practice in self:
            for move in practice._timeline_moves():
                yield (
                    practice.id,
                    {
                        "when": move.date,
                        "kind": "entry",
                        "title": move.name or self.env._("Draft entry"),
                        "text": move.ref or "",
                        "amount": move.amount_total_signed and abs(move.amount_total),
                        "model": move._name,
                        "id": move.id,
                    },
                )

    def _timeline_moves(self):
        """Entries of one practice; other parts add theirs."""
        receipts, returns = self.receipt_ids, self.return_ids
        moves = receipts.move_id | receipts.reversal_id | self.refund_move_id
        moves |= self.customer_bill_id | self.network_charge_ids.move_id
        return moves | returns.move_id | returns.payment_id.move_id

    def _timeline_deadlines(self):
        names = self._selection_labels("cmor.deadline", "key")
        states = self._selection_labels("cmor.deadline", "state")
        found = self._readable(
            "cmor.deadline",
            Domain("practice_id", "in", self.ids) & Domain("state", "!=", "dropped"),
        )
        for deadline in found:
            yield (
                deadline.practice_id.id,
                {
                    "when": deadline.date_due,
                    "kind": "deadline",
                    "title": names.get(deadline.key),
                    "text": deadline.explanation,
                    "badge": self.env._("Kept late")
                    if deadline.state == "met" and deadline.days_late
                    else states.get(deadline.state),
                    "tone": TONES.get(deadline.state, "info"),
                    "model": deadline._name,
                    "id": deadline.id,
                    "minor": deadline.state == "met" or deadline.kind == "from_then",
                },
            )

    def _selection_labels(self, model, name):
        return dict(self.env[model]._fields[name]._description_selection(self.env))


def _original(file):
    """Where the bytes of a file are, as they came or left."""
    url = f"/web/content/cmor.flow.file/{file.id}/content?download=true"
    return {
        "name": file.name,
        "url": f"{url}&filename={quote(file.name or '')}",
        "hash": file.sha256 or "",
    }


def _in_italy(entry):
    """A stored moment (UTC) is put beside days: both are of the Italian calendar."""
    when = entry["when"]
    if isinstance(when, datetime):
        when = when.replace(tzinfo=UTC).astimezone(ROME).replace(tzinfo=None)
    return {**entry, "when": when}


def _shown(env, entry, currency):
    """``entry`` with its moment and amount as text, ready for the browser."""
    when, amount = entry["when"], entry.get("amount")
    day = fields.Date.to_date(when)
    shown = format_date(env, day)
    if isinstance(when, datetime):
        shown = f"{shown} {when:%H:%M}"
    return {
        **entry,
        "icon": entry.get("icon") or ICONS[entry["kind"]],
        "when": when.isoformat(),
        "day": shown,
        "amount": format_amount(env, amount, currency) if amount else "",
    }
