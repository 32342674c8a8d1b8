from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import format_amount, format_date

# state of the record -> colour of its badge
TONES = {
    "done": "success",
    "sent": "success",
    "delivered": "success",
    "failed": "danger",
    "uncertain": "warning",
    "waiting_approval": "warning",
    "executing": "warning",
    "to_send": "info",
    "planned": "info",
    "approved": "info",
    "skipped": "muted",
    "superseded": "muted",
    "cancelled": "muted",
}
# order of what happened on the same day, the last thing first
KIND_ORDER = (
    "opened",
    "notice",
    "event",
    "action",
    "message",
    "hold",
    "payment",
    "closed",
)


class DunningCase(models.Model):
    """Everything that happened to a case in one list: actions, messages, notices sent
    by others, holds, payments, opening and closing; the next step on top.

    Made when it is read, so that there is nothing to keep in step.
    """

    _inherit = "dunning.case"

    timeline = fields.Json(compute="_compute_timeline")

    def _compute_timeline(self):
        entries = self._timeline_entries()
        for case in self:
            found = sorted(entries[case.id], key=_order, reverse=True)
            case.timeline = [_shown(self.env, entry) for entry in found]

    def _timeline_entries(self):
        """{case id: [entries]}; an entry has at least date, kind, icon and title.

        Others add theirs by overriding ``_timeline_sources``.
        """
        self.check_access("read")
        entries = {case.id: [] for case in self}
        for source in self._timeline_sources():
            for case_id, entry in source():
                entries[case_id].append(entry)
        return entries

    def _timeline_sources(self):
        """Methods that yield (case id, entry); an entry needs date, kind and title."""
        return [
            self._timeline_life,
            self._timeline_actions,
            self._timeline_messages,
            self._timeline_notices,
            self._timeline_holds,
            self._timeline_payments,
        ]

    def _timeline_life(self):
        for case in self:
            marks = (
                (case.opened_on, "opened", "fa-folder-open-o", self.env._("Opened")),
                (case.reopened_on, "opened", "fa-undo", self.env._("Opened again")),
                (case.closed_on, "closed", "fa-check", self.env._("Closed")),
            )
            for day, kind, icon, title in marks:
                if day:
                    yield (
                        case.id,
                        {
                            "date": day,
                            "kind": kind,
                            "icon": icon,
                            "title": title,
                        },
                    )
            if case.state != "closed" and case.next_date and case.next_rule_id:
                yield (
                    case.id,
                    {
                        "date": case.next_date,
                        "kind": "next",
                        "icon": case.next_action_type_id.icon or "fa-hourglass-half",
                        "title": case.next_rule_id.short_description,
                        "text": case.next_reason,
                        "badge": self.env._("Next, not before this day"),
                        "tone": "info",
                    },
                )

    def _timeline_actions(self):
        labels = self._labels("dunning.action", "state")
        for action in self.action_ids:
            yield (
                action.case_id.id,
                {
                    "date": action.executed_date or action.planned_date,
                    "kind": "action",
                    "icon": action.icon or "fa-bolt",
                    "title": action._step_words(),
                    "text": action.reason,
                    "badge": labels.get(action.state),
                    "tone": TONES.get(action.state),
                    "amount": (action.amount, action.currency_id),
                    "model": action._name,
                    "id": action.id,
                    "minor": action.state in ("skipped", "superseded"),
                },
            )

    def _timeline_messages(self):
        states = self._labels("dunning.communication", "state")
        channels = self._labels("dunning.communication", "channel")
        for message in self.communication_ids:
            day = message.notified_date or message.sent_date
            day = day or message.action_id.executed_date
            day = day or message.action_id.planned_date
            yield (
                message.case_id.id,
                {
                    "date": day,
                    "kind": "message",
                    "icon": "fa-paper-plane-o",
                    "title": channels.get(message.channel),
                    "text": message.failure_text or message.address or "",
                    "badge": states.get(message.state),
                    "tone": TONES.get(message.state),
                    "model": message._name,
                    "id": message.id,
                    "minor": message.state == "cancelled",
                },
            )

    def _timeline_notices(self):
        if not self.env["utility.notice"].has_access("read"):
            return
        kinds = self._labels("utility.notice", "kind")
        channels = self._labels("utility.notice", "channel")
        for case in self:
            for notice in case.notice_ids:
                if notice.source == "dunning":
                    continue  # its action and message are there
                yield (
                    case.id,
                    {
                        "date": notice.sent_date,
                        "kind": "notice",
                        "icon": "fa-history",
                        "title": kinds.get(notice.kind),
                        "text": self.env._(
                            "%(channel)s, sent before CreditBox (%(ref)s)",
                            channel=channels.get(notice.channel),
                            ref=notice.ref,
                        ),
                        "model": notice._name,
                        "id": notice.id,
                    },
                )

    def _timeline_holds(self):
        """The suspensions of the cases, of their bills, contracts and customers."""
        holds = self.env["dunning.hold"]
        if not holds.has_access("read"):
            return
        scopes = {
            "case_id": {case: case for case in self},
            "contract_id": self.grouped("contract_id"),
            "partner_id": self.grouped("partner_id"),
        }
        found = holds.search(
            Domain.OR(
                Domain(name, "in", [record.id for record in cases if record])
                for name, cases in scopes.items()
            )
            | Domain("move_id.line_ids.dunning_case_id", "in", self.ids)
        )
        for hold in found:
            for case in self & self.browse(hold._timeline_cases(scopes)):
                yield case.id, hold._timeline_entry()

    def _timeline_payments(self):
        """What was paid or credited on the bills of the cases, by day and document."""
        self.env["account.partial.reconcile"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.dunning_case_id, partial.max_date, credit.move_id,
                       move.move_type, SUM(partial.amount)
                  FROM account_move_line line
                  JOIN account_partial_reconcile partial
                    ON partial.debit_move_id = line.id
                  JOIN account_move_line credit ON credit.id = partial.credit_move_id
                  JOIN account_move move ON move.id = credit.move_id
                 WHERE line.dunning_case_id = ANY(%s)
              GROUP BY line.dunning_case_id, partial.max_date, credit.move_id,
                       move.move_type
                """,
                self.ids,
            )
        )
        currency = {case.id: case.currency_id for case in self}
        is_reader = self.env["account.move"].has_access("read")
        for case_id, day, move_id, move_type, amount in rows:
            is_credit = move_type == "out_refund"
            entry = {
                "date": day,
                "kind": "payment",
                "icon": "fa-eur",
                "title": self.env._("Credit note") if is_credit else self.env._("Paid"),
                "tone": "success",
                "amount": (float(amount), currency[case_id]),
            }
            if is_reader:
                entry.update(model="account.move", id=move_id)
            yield case_id, entry

    def _labels(self, model, name):
        return dict(self.env[model]._fields[name]._description_selection(self.env))


class ResPartner(models.Model):
    _inherit = "res.partner"

    dunning_timeline = fields.Json(
        compute="_compute_dunning_timeline",
        groups="creditbox_dunning.group_dunning_operator",
    )

    def _compute_dunning_timeline(self):
        """One timeline for the customer: those of all the cases, each thing once."""
        for partner in self:
            cases = self.env["dunning.case"].search(
                [("partner_id", "child_of", partner.ids)]
            )
            once = {}
            for case_id, entries in cases._timeline_entries().items():
                for entry in entries:
                    key = entry.get("model"), entry.get("id")
                    key = key if key[1] else (case_id, entry["kind"], entry["date"])
                    once[key] = {"case": cases.browse(case_id).name, **entry}
            found = sorted(once.values(), key=_order, reverse=True)
            partner.dunning_timeline = [_shown(self.env, entry) for entry in found]


def _order(entry):
    rank = KIND_ORDER.index(entry["kind"]) if entry["kind"] in KIND_ORDER else 99
    return fields.Date.to_date(entry["date"]), rank, entry.get("id") or 0


def _shown(env, entry):
    """``entry`` with its day and amount as text, ready for the browser."""
    amount, currency = entry.get("amount") or (0, None)
    day = fields.Date.to_date(entry["date"])
    return {
        **entry,
        "date": day.isoformat(),
        "day": format_date(env, day),
        "amount": format_amount(env, amount, currency) if amount else "",
    }
