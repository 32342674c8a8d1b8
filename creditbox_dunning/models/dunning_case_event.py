from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..rules.events import RELEASE, possible
from ..rules.facts import Event
from .dunning_action_rule import OPERATIONS

LIVE = ("requested", "active")


class DunningCaseEvent(models.Model):
    """Something that may happen to a case at any time and starts a row of its table.

    A payment plan or a settlement asked for, the supply given back before it is paid
    for. Nobody writes or deletes one: it is recorded from its case, withdrawn when it
    was a mistake, and stays. Giving back early is approved first, by the matrix.
    """

    _name = "dunning.case.event"
    _description = "Event of a case"
    _inherit = "utility.guarded.mixin"
    _order = "date desc, id desc"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "case_id",
            "company_id",
            "rule_id",
            "kind",
            "round",
            "date",
            "amount",
            "note",
            "state",
            "request_id",
        }
    )

    case_id = fields.Many2one(
        "dunning.case", required=True, index=True, readonly=True, check_company=True
    )
    company_id = fields.Many2one(
        related="case_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    rule_id = fields.Many2one(
        "dunning.action.rule",
        string="Row",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The row of the table that it starts.",
    )
    kind = fields.Selection(OPERATIONS, string="Event", required=True, readonly=True)
    round = fields.Integer(required=True, default=1, readonly=True)
    date = fields.Date(required=True, readonly=True)
    amount = fields.Monetary(
        readonly=True, help="What the customer offers, or pays first."
    )
    note = fields.Text(readonly=True)
    state = fields.Selection(
        [
            ("requested", "Waits for approval"),
            ("active", "Recorded"),
            ("refused", "Refused"),
            ("withdrawn", "Withdrawn"),
        ],
        string="Status",
        required=True,
        default="active",
        readonly=True,
    )
    request_id = fields.Many2one(
        "dunning.approval.request", readonly=True, index="btree_not_null"
    )

    _one_live = models.UniqueIndex(
        "(case_id, round, kind, date) WHERE state IN ('requested', 'active')",
        "This event is recorded already.",
    )

    @api.depends("kind", "case_id")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for event in self:
            event.display_name = f"{event.case_id.name}: {kinds.get(event.kind, '')}"

    @api.model_create_multi
    def create(self, vals_list):
        # even an empty default of a guarded field is a decision here
        if not self._is_guard_open():
            raise AccessError(self.env._("An event is recorded from its case."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("An event is history: withdraw it instead."))

    # recording

    @api.model
    def _possible_rows(self, case, today):
        """The rows of the case's table that an event may start on ``today``."""
        case = case.sudo()
        if case.state == "closed" or not case.table_id:
            return self.env["dunning.action.rule"]
        facts = self.env["dunning.facts"].sudo()._collect(case, today)[case.id]
        rules = possible(facts, case.table_id.rule_ids._as_rules(), today)
        asked = self.sudo().search(
            [
                ("case_id", "=", case.id),
                ("round", "=", case.round),
                ("state", "=", "requested"),
            ]
        )
        kinds = set(asked.mapped("kind"))
        return self.env["dunning.action.rule"].browse(
            rule.id for rule in rules if rule.op not in kinds
        )

    @api.model
    def record_event(self, case_id, rule_id, date, amount=0, note=""):
        """Record that what starts the row ``rule_id`` happened on ``date``; its id.

        For operators. A release before payment waits for its approval.
        """
        case = self.env["dunning.case"].browse(case_id).exists()
        case.ensure_one()._check_is_operator()
        case.check_access("write")
        today = case._today(case.company_id)
        day = fields.Date.to_date(date)
        if not day or day > today:
            raise UserError(self.env._("What is recorded cannot lie in the future."))
        rule = self._possible_rows(case, today).filtered(lambda r: r.id == rule_id)
        if not rule:
            raise UserError(
                self.env._("The table of this case has no such event, or no more.")
            )
        if rule.op == RELEASE and not (note or "").strip():
            raise UserError(self.env._("Say why the supply comes back unpaid."))
        if not 0 <= (amount or 0) <= case.sudo().amount_due:
            raise UserError(self.env._("The amount lies between 0 and what is owed."))
        event = self._record(case, rule, day, amount, note)
        if rule.op == RELEASE:
            event._ask_release()
        else:
            event._take_effect(today)
        return event.id

    @api.model
    def _record(self, case, rule, day, amount=0, note="", kind=None):
        """Write an event down; ``kind`` for one without a row. Private: no checks."""
        event = (
            self.sudo()
            ._guarded()
            .create(
                {
                    "case_id": case.id,
                    "rule_id": rule.id,
                    "kind": kind or rule.op,
                    "round": case.sudo().round,
                    "date": day,
                    "amount": amount or 0,
                    "note": note or False,
                }
            )
        )
        text = self.env._("Event recorded: %(event)s.", event=event._get_kind())
        case.sudo()._message_log(body=f"{text} {note or ''}".strip())
        return event

    def _get_kind(self):
        self.ensure_one()
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        return self.rule_id.sudo().short_description or kinds[self.kind]

    def _take_effect(self, today):
        """Tell the case at once what comes next; the run carries it out."""
        self.env["dunning.hold"].sudo()._replan(self.case_id, today)

    def action_withdraw(self):
        """Button: it was recorded by mistake. Not when its step is taken already."""
        self.check_access("read")
        for event in self.filtered(lambda event: event.state in LIVE):
            case = event.case_id
            case._check_is_operator()
            case.check_access("write")
            taken = case.sudo().action_ids.filtered(
                lambda a, e=event: (
                    a.op == e.kind
                    and a.round == e.round
                    and a.state not in ("skipped", "superseded")
                    and a.create_date >= e.create_date
                )
            )
            if taken:
                raise UserError(
                    self.env._("Its step was taken: record the outcome of that step.")
                )
            request = event.sudo().request_id
            request.filtered(lambda r: r.state == "pending")._end(
                "cancelled", self.env._("The event was withdrawn.")
            )
            event._settle("withdrawn", LIVE)
        return True

    # approval of a release

    def _ask_release(self):
        self.ensure_one()
        case = self.case_id
        self._guarded().write({"state": "requested"})
        request = self.env["dunning.approval.request"]._ask(
            self,
            "release",
            case.sudo().amount_due,
            facts=self._approval_facts()[self.id],
            note=self.note or "",
            case=case,
            op=self.kind,
        )
        self._guarded().write({"request_id": request.id})

    def _approval_facts(self):
        """{id: what the answer is about}: when it changes the request lapses."""
        return {
            event.id: {
                "case": event.case_id.id,
                "round": event.round,
                "op": event.kind,
                "amount": str(event.case_id.amount_due),
                "reason": event.note,
            }
            for event in self.sudo()
        }

    def _on_approved(self, requests):
        self._settle("active")

    def _on_refused(self, requests):
        self._settle("refused")

    def _on_lapsed(self, requests):
        self._settle("withdrawn")

    def _settle(self, state, sources=("requested",)):
        waiting = self.sudo().filtered(lambda event: event.state in sources)
        waiting._guarded().write({"state": state})
        states = dict(self._fields["state"]._description_selection(self.env))
        for event in waiting:
            event.case_id._message_log(body=f"{event._get_kind()}: {states[state]}")
        for company, events in waiting.grouped("company_id").items():
            events._take_effect(self.env["dunning.case"]._today(company))

    # the planner's door

    @api.model
    def _of_cases(self, cases, today):
        """{case id: (rules.facts.Event, ...)} of the present rounds, one statement."""
        found = defaultdict(tuple)
        for event in self.sudo().search_fetch(
            [
                ("case_id", "in", cases.ids),
                ("state", "=", "active"),
                ("date", "<=", today),
            ],
            ["case_id", "kind", "date", "round"],
            order="date, id",
        ):
            if event.round == event.case_id.round:
                found[event.case_id.id] += (Event(event.kind, event.date),)
        return dict(found)


class DunningApprovalRequest(models.Model):
    _inherit = "dunning.approval.request"

    @api.model
    def _approvable_models(self):
        # EXTENDS dunning.approval.request
        return super()._approvable_models() | {"dunning.case.event"}


class DunningCase(models.Model):
    _inherit = "dunning.case"

    event_ids = fields.One2many("dunning.case.event", "case_id", readonly=True)
    can_record_event = fields.Boolean(compute="_compute_can_record_event")

    @api.depends("state", "table_id")
    @api.depends_context("uid")
    def _compute_can_record_event(self):
        is_operator = self.env.user.has_group(
            "creditbox_dunning.group_dunning_operator"
        )
        for case in self:
            live = case.state != "closed" and case.table_id
            case.can_record_event = bool(is_operator and live)

    def action_record_event(self):
        """Button: something happened that starts a row of the table."""
        self.ensure_one()
        self._check_is_operator()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Record an event"),
            "res_model": "dunning.case.event.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_case_id": self.id},
        }

    def _timeline_sources(self):
        # EXTENDS dunning.case
        return [*super()._timeline_sources(), self._timeline_events]

    def _timeline_events(self):
        labels = self._labels("dunning.case.event", "state")
        tones = {"active": "info", "requested": "warning", "refused": "danger"}
        for event in self.event_ids:
            yield (
                event.case_id.id,
                {
                    "date": event.date,
                    "kind": "event",
                    "icon": "fa-bookmark-o",
                    "title": event._get_kind(),
                    "text": event.note or "",
                    "badge": labels.get(event.state),
                    "tone": tones.get(event.state, "muted"),
                    "amount": (event.amount, event.currency_id),
                    "minor": event.state == "withdrawn",
                },
            )
