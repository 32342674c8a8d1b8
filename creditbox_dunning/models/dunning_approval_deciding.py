import logging

from markupsafe import Markup

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.misc import format_amount, format_date

from odoo.addons.utility_supply.models.bulk import update_rows
from odoo.addons.utility_supply.models.isolation import apart

from ..rules.approval import changed_facts, facts_hash
from .reason_texts import unpack

_logger = logging.getLogger(__name__)

HOOKS = {
    "approved": "_on_approved",
    "refused": "_on_refused",
    "lapsed": "_on_lapsed",
    "expired": "_on_lapsed",
}
# said by the other fields of the request, or no words for people: keys, hashes, marks
HIDDEN_FACTS = frozenset(
    {"step", "document", "record", "case", "point", "protection", "proof", "waits"}
)
DAY_FACTS = ("from", "to", "until", "last_day")


class DunningApprovalRequest(models.Model):
    """Who may answer, and what follows: one request or five hundred at once."""

    _inherit = "dunning.approval.request"

    can_decide = fields.Boolean(compute="_compute_can_decide")
    cannot_reason = fields.Char(
        string="Why you cannot decide", compute="_compute_can_decide"
    )
    sentence = fields.Char(string="Who has to act", compute="_compute_sentence")
    facts_html = fields.Html(string="Decided upon", compute="_compute_facts_html")
    law_text = fields.Char(string="Legal guard", compute="_compute_law_text")

    @api.depends("state", "required_level", "decision_ids")
    @api.depends_context("uid")
    def _compute_can_decide(self):
        authority = self.sudo()._authorities(self.env.user)
        for request in self:
            reason = authority[request.id][2]
            request.can_decide = not reason
            request.cannot_reason = reason

    @api.depends("state", "asked_level", "level_since", "decision_ids")
    def _compute_sentence(self):
        """Names, level and since when, of who has to act now."""
        pending = self.filtered(lambda request: request.state == "pending").sudo()
        approvers = self.env["res.users"]._dunning_approvers(pending.company_id)
        for request in self:
            request.sentence = ""
        for request in pending:
            self.browse(request.id).sentence = request._get_sentence(
                approvers[request.company_id]
            )

    def _get_sentence(self, approvers):
        able = [
            user.name
            for user, level in approvers.items()
            if level >= self.asked_level and user not in self.asker_ids
        ]
        since = fields.Datetime.context_timestamp(self, self.level_since)
        values = {
            "level": self.asked_level,
            "names": ", ".join(able[:5]),
            "more": len(able) - 5,
            "date": since.strftime("%d/%m/%Y"),
        }
        if not able:
            return self.env._(
                "Level %(level)s since %(date)s: nobody in this company may decide it.",
                **values,
            )
        if len(able) > 5:
            return self.env._(
                "Level %(level)s since %(date)s: %(names)s and %(more)s others.",
                **values,
            )
        return self.env._("Level %(level)s since %(date)s: %(names)s.", **values)

    @api.depends("facts")
    @api.depends_context("lang")
    def _compute_facts_html(self):
        """The facts that the answer is bound to, as a small table."""
        labels = self._fact_labels()
        for request in self:
            rows = Markup().join(
                Markup("<tr><th>%s</th><td>%s</td></tr>")
                % (
                    str(labels.get(name, name)).capitalize(),
                    request._fact_in_words(name, value),
                )
                for name, value in (request.facts or {}).items()
                if value not in ("", None, [], {}) and name not in HIDDEN_FACTS
            )
            request.facts_html = (
                Markup('<table class="table table-sm">%s</table>') % rows
            )

    def _fact_in_words(self, name, value):
        """A fact for people: "B1: 100,00 €, B2: 50,00 €"."""
        self.ensure_one()
        if name == "amount":
            return format_amount(self.env, float(value), self.currency_id)
        if name == "bills":
            return ", ".join(
                f"{key}: {self._fact_in_words('amount', item)}"
                for key, item in value.items()
            )
        if name == "channel":
            labels = self.env["dunning.communication"]._fields["channel"]
            labels = {
                **dict(labels._description_selection(self.env)),
                "file": self.env._("file"),
                "task": self.env._("work of a person"),
            }
            return " + ".join(labels.get(word, word) for word in value.split(" + "))
        if name in DAY_FACTS:
            return format_date(self.env, value)
        if name in ("scope", "op", "code") or self.res_model == "dunning.hold":
            return self._code_in_words(name, value)
        if isinstance(value, dict):
            # names come last in the canonical order: first for people
            parts = [value.get("name"), *(value[k] for k in value if k != "name")]
            return ", ".join(part for part in parts if part and isinstance(part, str))
        if isinstance(value, list):
            return ", ".join(str(item) for item in value)
        return str(value)

    def _code_in_words(self, name, value):
        """A code of the record that the answer is about, as its form shows it."""
        if name == "reason":
            reasons = self.env["dunning.hold.reason"].sudo()
            return reasons.search([("code", "=", value)], limit=1).name or str(value)
        field = self.env[self.res_model]._fields.get(name)
        if not field or field.type != "selection":
            return str(value)
        return dict(field._description_selection(self.env)).get(value, str(value))

    @api.depends("res_model", "res_id")
    @api.depends_context("lang")
    def _compute_law_text(self):
        """What the legal guard said when the step was proposed."""
        steps = self.filtered(lambda request: request.res_model == "dunning.action")
        actions = self.env["dunning.action"].sudo().browse(steps.mapped("res_id"))
        told = {action.id: action.guard_result for action in actions.exists()}
        for request in self:
            packed = told.get(request.res_id) if request in steps else None
            request.law_text = unpack(self.env, packed, request.currency_id)

    # actions

    def action_approve(self, note=""):
        """Button: approve. RPC-safe: everything is checked here.

        True when all were approved. One that the user may not approve raises
        AccessError; of many, the others go through. Who was left, and why, is in
        ``params["left"]`` of the notification returned: {id as text: reason}.
        """
        return self._decide_and_tell("approved", note)

    def action_refuse(self, note=""):
        """Button: refuse, with the reason in ``note`` (required)."""
        if not isinstance(note, str) or not note.strip():
            raise UserError(self.env._("Say why it is refused."))
        return self._decide_and_tell("refused", note)

    def action_ask_again(self, note=""):
        """Button: ask for what was refused or has expired; who asks cannot approve."""
        self.check_access("read")
        self.env["dunning.case"]._check_is_operator(self)
        for request in self.sudo():
            if request.state not in ("refused", "expired"):
                raise UserError(
                    self.env._("%(name)s was not refused.", name=request.name)
                )
            record = request._get_record()
            if not record or not hasattr(record, "_ask_again"):
                raise UserError(
                    self.env._("%(name)s cannot be asked again.", name=request.name)
                )
            record._ask_again(self.env.user, note)
        return True

    def action_open_record(self):
        """Button: what the request is about."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }

    def action_decide_many(self):
        """Button of the list: look at the sum, take rows out, decide once."""
        self.check_access("read")
        wizard = self.env["dunning.approval.wizard"]._for_requests(self)
        return wizard._reopen()

    # business

    def _get_record(self):
        self.ensure_one()
        return self.env[self.res_model].sudo().browse(self.res_id).exists()

    def _decide_and_tell(self, kind, note):
        """True, or a notification that says what was left and why.

        What lapsed is written down, so it cannot be told by an error.
        """
        left = self._decide(kind, note or "")
        if not left:
            return True
        if len(self) == 1 and self.sudo().state != "lapsed":
            raise AccessError(next(iter(left.values())))
        names = {request.id: request.name for request in self.sudo()}
        lines = [f"{names[key]}: {reason}" for key, reason in left.items()]
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "title": self.env._("%(count)s were left", count=len(left)),
                "message": "\n".join(lines[:20]),
                "left": {str(key): reason for key, reason in left.items()},
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _decide(self, kind, note=""):
        """Decide those that the current user may; {request id: why not} of the others.

        May he read them, is nobody else at it, is it for him, are the facts the same.
        """
        self.check_access("read")
        everything = self.sudo()
        mine = everything.try_lock_for_update(allow_referencing=True)
        mine.invalidate_recordset(["state", "required_level", "asker_ids"])
        busy = self.env._("Somebody else is deciding this just now.")
        left = dict.fromkeys((everything - mine).ids, busy)
        authority = mine._authorities(self.env.user)
        left.update({key: told[2] for key, told in authority.items() if told[2]})
        able = mine.filtered(lambda request: not authority[request.id][2])
        if kind == "approved":
            left.update(able._lapse_changed())
            able = able.filtered(lambda request: request.state == "pending")
        acting = {key: told[:2] for key, told in authority.items()}
        left.update(able._settle(kind, note, acting))
        return left

    def _authorities(self, user):
        """{request id: (level, user stood in for, why not)} of ``user``."""
        companies = self.company_id
        levels = self.env["res.users"]._dunning_levels(user, companies)
        stand_ins = self.env["dunning.substitution"]._standing_in(user, companies)
        return {
            request.id: request._authority(
                user, levels[request.company_id], stand_ins.get(request.company_id, {})
            )
            for request in self
        }

    def _authority(self, user, own, stand_ins):
        """(level, user stood in for, why not); the system itself never decides."""
        if self.state != "pending":
            reason = self.env._("%(name)s waits for nothing.", name=self.name)
        elif user.id == SUPERUSER_ID or not own:
            reason = self.env._("You have no level of approval in this company.")
        elif user in self.asker_ids:
            reason = self.env._("Who asks never approves: somebody else has to.")
        elif own >= self.required_level:
            return own, None, ""
        else:
            for absent, level in stand_ins.items():
                if level >= self.required_level and absent not in self.asker_ids:
                    return level, absent, ""
            reason = self.env._(
                "This needs level %(needed)s, yours is %(own)s.",
                needed=self.required_level,
                own=max([own, *stand_ins.values()]),
            )
        return 0, None, reason

    def _changed(self):
        """{request id: names of the facts that are no longer those asked for}."""
        changed = {}
        for model, requests in self.grouped("res_model").items():
            records = self.env[model].sudo().browse(requests.mapped("res_id")).exists()
            if not hasattr(records, "_approval_facts"):
                continue
            now = records._approval_facts()
            for request in requests:
                facts = now.get(request.res_id)
                if facts is None or facts_hash(facts) != request.facts_hash:
                    changed[request.id] = changed_facts(request.facts, facts)
        return changed

    def _lapse_changed(self):
        """End the requests whose facts changed; {request id: what changed}."""
        told = {}
        for request_id, names in self._changed().items():
            labels = self._fact_labels()
            what = ", ".join(str(labels.get(name, name)) for name in names)
            request = self.browse(request_id)
            reason = self.env._("Changed since it was asked: %(what)s.", what=what)
            request._end("lapsed", reason)
            request._lapse_approved(reason)
            request._call_hook("lapsed")
            told[request_id] = reason
        return told

    def _settle(self, kind, note, acting):
        """Write the decision on all, then what follows; {request id: why it failed}.

        One that cannot be carried out does not stop the others.
        """
        left = {}

        def blame(request, error):
            _logger.warning("Request %s could not be decided: %s", request.id, error)
            left[request.id] = str(error)

        apart(self, lambda some: some._write_decision(kind, note, acting), blame)
        return left

    def _write_decision(self, kind, note, acting):
        self._set_state(
            kind,
            decided_by=self.env.uid,
            decided_on=fields.Datetime.now(),
            end_note=note or False,
        )
        self._log(kind, "pending", kind, note=note, acting=acting)
        self._call_hook(kind)

    def _call_hook(self, kind):
        """Tell the records, all of a model together."""
        for model, requests in self.grouped("res_model").items():
            records = self.env[model].sudo().browse(requests.mapped("res_id"))
            if hasattr(records, HOOKS[kind]):
                getattr(records, HOOKS[kind])(requests)

    @api.model
    def _fact_labels(self):
        """Words for the names of the facts: hook for models that ask."""
        return {
            "step": self.env._("step"),
            "amount": self.env._("amount"),
            "bills": self.env._("bills"),
            "addressee": self.env._("addressee"),
            "channel": self.env._("channel"),
            "document": self.env._("document"),
            "from": self.env._("first day"),
            "to": self.env._("last day"),
            "until": self.env._("last day"),
            "last_day": self.env._("new last day"),
            "scope": self.env._("what is suspended"),
            "op": self.env._("operation"),
            "code": self.env._("term"),
            "round": self.env._("round"),
            "reason": self.env._("reason"),
        }

    def _raise_level(self, levels):
        """{request id: level}: ask for more than before, never for less."""
        rows = {
            request.id: {
                "required_level": levels[request.id],
                "asked_level": max(levels[request.id], request.asked_level),
            }
            for request in self
            if levels.get(request.id, 0) > request.required_level
        }
        update_rows(self.sudo().browse(), rows)
        self.browse(rows)._log("raised", "pending", "pending")
