import hashlib
from collections import Counter
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from ..rules.approval import Ask, level_for
from ..rules.facts import Reason
from .amounts import exact
from .dunning_approval_request import STATES
from .reason_texts import pack, unpack

UNDECIDED = ("waiting_approval", "approved")
BEFORE = ("planned", *UNDECIDED)
FIRST_TECHNICAL = 7
# letters and e-mails that an approval sends while the person waits for the answer
AT_ONCE = 20


class DunningAction(models.Model):
    """May this step be done? Asked, answered, and read again when it is done."""

    _inherit = "dunning.action"

    approval_request_id = fields.Many2one(
        "dunning.approval.request", compute="_compute_approval", string="Request"
    )
    approval_state = fields.Selection(
        STATES,
        string="Approval",
        compute="_compute_approval",
        search="_search_approval_state",
    )

    @api.depends("state")
    def _compute_approval(self):
        """The last request about this step: another machine, only shown here."""
        requests = (
            self.env["dunning.approval.request"]
            .sudo()
            .search(
                [("res_model", "=", self._name), ("res_id", "in", self.ids)],
                order="id",
            )
        )
        last = {request.res_id: request for request in requests}
        for action in self:
            request = last.get(action.id)
            action.approval_request_id = request
            action.approval_state = request and request.state

    def _search_approval_state(self, operator, value):
        """By the state of the last request about the step."""
        if operator != "in":
            return NotImplemented
        self.env["dunning.approval.request"].flush_model(["state"])
        last = SQL(
            """(
            SELECT request.res_id
              FROM dunning_approval_request request
             WHERE request.res_model = %s
               AND request.state = ANY(%s)
               AND NOT EXISTS (
                   SELECT 1
                     FROM dunning_approval_request later
                    WHERE later.res_model = request.res_model
                      AND later.res_id = request.res_id
                      AND later.id > request.id)
            )""",
            self._name,
            [state for state in value if state],
        )
        return [("id", "in", last)]

    def _takes_outcome(self):
        # EXTENDS dunning.action: nothing can have come of what nobody approved
        return self.state not in BEFORE and super()._takes_outcome()

    # asking

    def _needing_approval(self):
        """Those that somebody has to approve, by the matrix: read once for all."""
        matrix = self.env["dunning.approval.rule"]._rows_of(self.company_id)
        return self.filtered(lambda a: level_for(matrix[a.company_id], a._as_ask()))

    def _as_ask(self):
        self.ensure_one()
        amount = Decimal(str(self.amount or 0))
        return Ask("action", self.action_type_id.code, self.op or "", amount)

    def _ask_approval(self, asker=None, note=""):
        """A request for each; ``asker``: who asks, the run itself when empty.

        What the run proposes comes from the table and not from a person, so everybody
        of the level may approve it.
        """
        if not self:
            return self.env["dunning.approval.request"]
        facts = self._approval_facts()
        system = self.env.ref("base.user_root")
        requests = self.env["dunning.approval.request"]._ask_many(
            "action",
            [
                {
                    "record": action,
                    "amount": action.amount,
                    "facts": facts[action.id],
                    "case": action.case_id,
                    "action_type": action.action_type_id,
                    "op": action.op,
                    "asker": asker or system,
                    "note": note,
                }
                for action in self
            ],
        )
        levels = {r.res_id: r.required_level for r in requests.sudo()}
        for level in sorted(set(levels.values())):
            waiting = self.filtered(lambda a, n=level: levels.get(a.id) == n)
            reason = Reason.of("needs_approval", level=level)
            waiting._set_state("waiting_approval", reason)
        return requests

    def _ask_again(self, user, note=""):
        """``user`` asks again for what was refused or had no answer."""
        waiting = self.filtered(lambda action: action.state == "waiting_approval")
        reason = Reason.of("asked_again_by", name=user.name, note=note or "")
        waiting._set_state("waiting_approval", reason)
        return waiting._ask_approval(user, note)

    def _approval_facts(self):
        """{id: what an approval is bound to} as it is now, in a fixed number of reads.

        Step, what is still open on the bills it lists, addressee, channel, document.
        """
        open_now = self._open_now()
        facts = {}
        # the same facts whoever looks: names and texts are translated
        for action in self.with_context(lang=None):
            bills = open_now.get(action.id, {})
            facts[action.id] = {
                "step": {
                    "row": action.rule_id.id,
                    "action": action.action_type_id.code,
                    "op": action.op or "",
                    "round": action.round,
                },
                "amount": exact(sum(bills.values()) if bills else action.amount),
                "bills": {number: exact(value) for number, value in bills.items()},
                "addressee": action._addressee(),
                "channel": action.channels or "",
                "document": action._document_hash(),
            }
        return facts

    def _open_now(self):
        """{action id: {bill number: what is open on it now}}."""
        self.item_ids.flush_recordset()
        self.env["account.move.line"].flush_model(["amount_residual"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT item.action_id, COALESCE(item.bill_number, item.id::text),
                       SUM(COALESCE(line.amount_residual, 0))
                  FROM dunning_action_item item
             LEFT JOIN account_move_line line ON line.id = item.move_line_id
                 WHERE item.action_id = ANY(%s)
              GROUP BY 1, 2
              ORDER BY 1, 2
                """,
                self.ids,
            )
        )
        found = {}
        for action_id, number, residual in rows:
            found.setdefault(action_id, {})[number] = residual
        return found

    def _addressee(self):
        """Who and where: what the step would be sent to, or the supply it touches."""
        self.ensure_one()
        channels = self._channel_set()
        told = {"name": self.partner_id.name or "", "id": self.partner_id.id}
        for word, channel in self.env["dunning.channel"]._all().items():
            if word in channels:
                told[word] = channel._get_address(self)
        for channel in sorted(channels & {"pp", "ar", "pec"} - set(told)):
            told[channel] = self._get_address(channel)
        if self.action_type_id.code == FIRST_TECHNICAL:
            told["point"] = self.case_id.point_code or ""
        return told

    def _document_hash(self):
        """Hash of the texts that would be sent; empty when the step sends nothing."""
        self.ensure_one()
        texts = self._text_hashes()
        return hashlib.sha256("\n".join(texts).encode()).hexdigest() if texts else ""

    # answered

    def _on_approved(self, requests):
        """Approved: done at once if that takes seconds, else by the queue."""
        approved = self.filtered(lambda action: action.state == "waiting_approval")
        note = requests[:1].end_note or ""
        approved._set_state(
            "approved",
            Reason.of("approved_by", name=self.env.user.name, note=note),
            decided_by=self.env.uid,
            decided_on=fields.Datetime.now(),
        )
        sending = approved.filtered(lambda action: action._sends())
        if len(sending) > self._get_at_once():
            sending._set_state("approved", Reason.of("in_the_queue"))
            approved -= sending
            self.env.ref("creditbox_dunning.ir_cron_dunning_approved")._trigger()
        for company, actions in approved.grouped("company_id").items():
            actions._do_approved(self.env["dunning.case"]._today(company))

    def _get_at_once(self):
        """How many letters and e-mails an approval makes by itself: hook."""
        return AT_ONCE

    def _on_refused(self, requests):
        """Refused: the case waits for a person, who may ask again or do otherwise."""
        note = requests[:1].end_note or ""
        reason = Reason.of("refused_by", name=self.env.user.name, note=note)
        self.filtered(lambda a: a.state in UNDECIDED)._set_state(
            "waiting_approval", reason
        )

    def _on_lapsed(self, requests):
        """The facts changed or nobody answered: the next run decides anew."""
        what = requests[:1].end_note or ""
        self.filtered(lambda a: a.state in UNDECIDED)._set_state(
            "superseded", Reason.of("approval_lapsed", what=what)
        )

    def _do_approved(self, today):
        """Carry out those that are approved; their cases say at once what comes next.

        All of one company; returns a Counter for the run.
        """
        approved = self.filtered(lambda action: action.state == "approved")
        if not approved:
            return Counter()
        counts = approved._execute_approved(today)
        engine = self.env["dunning.engine"].sudo().with_company(approved.company_id)
        live = approved.case_id.filtered(lambda case: case.state != "closed")
        decisions, facts, _rounds, _outdated = engine._decide(live, today)
        engine._update_cases(
            engine._prepare_case_values(case, decision, facts[case.id], today)
            for case, decision in decisions.items()
            if decision.kind != "close"
        )
        return counts

    # at the moment of doing it

    @api.model
    def _review_approvals(self, cases, today):
        """Before ``cases`` are planned on ``today``: what waits is read again.

        What is paid, suspended or no longer what was asked for goes back.
        """
        waiting = self.sudo().search(
            [("case_id", "in", cases.ids), ("state", "in", UNDECIDED)]
        )
        if not waiting:
            return waiting
        paid = waiting._filter_paid()
        paid._set_state("superseded", Reason.of("bills_paid"))
        waiting -= paid
        waiting -= waiting._drop_held(today)
        return waiting - waiting._drop_changed()

    def _execute_approved(self, today):
        """Carry out what was approved, if everything is still as it was; a Counter."""
        approved = self.filtered(lambda action: action.state == "approved")
        paid = approved._filter_paid()
        paid._set_state("superseded", Reason.of("paid_before_sending"))
        ready = approved - paid
        ready -= ready._drop_held(today)
        ready -= ready._drop_changed()
        ready -= ready._ask_guard(today)
        return ready._recheck()._carry_out(today)

    def _drop_changed(self):
        """Take back those whose facts are no longer those of the request."""
        if not self:
            return self
        requests = (
            self.env["dunning.approval.request"]
            .sudo()
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "in", self.ids),
                    ("state", "in", ("pending", "approved")),
                ],
                order="id",
            )
        )
        last = {request.res_id: request for request in requests}
        current = requests.browse(request.id for request in last.values())
        told = current._lapse_changed()
        return self.browse(current.filtered(lambda r: r.id in told).mapped("res_id"))

    def _drop_held(self, today):
        """Take back those that a recorded reason stops today."""
        if not self:
            return self
        holds = {}
        for actions in self.grouped("company_id").values():
            cases = actions.case_id
            holds.update(self.env["dunning.hold"].sudo()._for_cases(cases, today))
        held = self.browse()
        for action in self:
            hold = next(
                (
                    h
                    for h in holds.get(action.case_id.id, ())
                    if action._stops(h, today)
                ),
                None,
            )
            if hold:
                held |= action
                action._set_state(
                    "superseded",
                    Reason.of("held_meanwhile", reason=hold.label or hold.reason),
                )
        return held

    def _stops(self, hold, today):
        """Whether ``hold`` (rules.facts.Hold) stops this step on ``today``."""
        self.ensure_one()
        if self.op == "reactivate":
            return False  # nothing stops a supply that is paid from coming back
        if hold.start and hold.start > today or hold.until and hold.until < today:
            return False
        if hold.stops == "technical" and self.action_type_id.code < FIRST_TECHNICAL:
            return False
        if hold.lines is None:
            return True
        return bool(set(self.item_ids.move_line_id.ids) & set(hold.lines))

    def _ask_guard(self, today):
        """Those that the law does not allow on ``today``: postponed or taken back."""
        stopped = self.browse()
        for company, actions in self.grouped("company_id").items():
            guard = self.env["dunning.guard"].sudo()._guard_for(company, today)
            facts = self.env["dunning.facts"].sudo()._collect(actions.case_id, today)
            rules = {rule.id: rule for rule in actions.rule_id.sudo()._as_rules()}
            for action in actions:
                verdict = guard(
                    rules[action.rule_id.id], facts[action.case_id.id], today
                )
                if verdict.blocked:
                    stopped |= action
                    action._take_back(verdict)
                elif verdict.earliest and verdict.earliest > today:
                    stopped |= action
                    action._postpone(verdict.earliest)
        return stopped

    def _take_back(self, verdict):
        """The law forbids it now: the approval is void."""
        refusal = Reason.of("guard_refuses_now")
        text = unpack(self.env, pack(verdict.reasons), self.currency_id)
        request = self.approval_request_id.sudo()
        self._set_state("superseded", refusal, *verdict.reasons)
        request._lapse_approved(text)

    def _postpone(self, day):
        """It stays approved: the run of ``day`` does it."""
        reason = Reason.of("guard_postpones", date=day)
        if pack([reason])[0] not in (self.reasons or []):
            self._set_state("approved", reason)

    @api.model
    def _cron_execute_approved(self, today=None, limit=200):
        """Scheduled action: send what was approved in large numbers."""
        domain = [("state", "=", "approved")]
        tried = self.browse()
        while True:
            actions = self.sudo().search(
                [*domain, ("id", "not in", tried.ids)], limit=limit, order="id"
            )
            if not actions:
                return
            tried |= actions
            for company, own in actions.grouped("company_id").items():
                day = fields.Date.to_date(today)
                day = day or self.env["dunning.case"]._today(company)
                own = own.with_company(company).try_lock_for_update(
                    allow_referencing=True
                )
                own._do_approved(day)
            left = self.sudo().search_count([*domain, ("id", "not in", tried.ids)])
            if not self._commit_batch(len(actions), left):
                return

    def _commit_batch(self, done, left):
        """Commit inside a scheduled action; the seconds that it has left."""
        if not self.env.context.get("ir_cron_progress_id"):
            return float("inf")
        return self.env["ir.cron"]._commit_progress(done, remaining=left)

    # one door for every change of state

    def _set_state(self, state, *reasons, **vals):
        # EXTENDS dunning.action: a step that no longer waits asks nobody any more
        left = self.browse()
        if state in ("superseded", "skipped", "failed"):
            left = self.filtered(lambda action: action.state in UNDECIDED)
        result = super()._set_state(state, *reasons, **vals)
        if left:
            left._cancel_requests(reasons)
        return result

    def _cancel_requests(self, reasons):
        pending = (
            self.env["dunning.approval.request"]
            .sudo()
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "in", self.ids),
                    ("state", "=", "pending"),
                ]
            )
        )
        if pending:
            text = unpack(self.env, pack(reasons), pending[0].currency_id)
            pending._end("cancelled", text)
