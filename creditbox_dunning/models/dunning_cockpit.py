from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import format_date

from .dunning_action import OPEN_STATES
from .dunning_communication import CHANNELS

OPERATOR = "creditbox_dunning.group_dunning_operator"
MANAGER = "creditbox_dunning.group_dunning_manager"
# an action of these states is behind: the sentence of the case begins with the last
BEHIND_STATES = ("done", "failed")
# a reason of the legal guard among those of the case, as jsonb writes it; the percent
# signs are doubled for the database driver
GUARD_PATTERN = """'%%"code": "guard~_%%' ESCAPE '~'"""


class DunningCase(models.Model):
    """The case as a cockpit: one sentence, one date, what may be done now."""

    _inherit = "dunning.case"

    sentence = fields.Char(compute="_compute_sentence")
    key_date = fields.Date(
        string="Date",
        compute="_compute_key_date",
        help="Day of the next step; when nobody knows it, since when the case waits.",
    )
    days_overdue = fields.Integer(compute="_compute_days_overdue")
    has_open_action = fields.Boolean(compute="_compute_has_open_action")
    needs_attention = fields.Boolean(compute="_compute_needs_attention")
    is_guard_blocked = fields.Boolean(
        string="Stopped by the law",
        compute="_compute_is_guard_blocked",
        search="_search_is_guard_blocked",
        help="The legal guard forbids the next step and no day is known.",
    )
    can_plan_now = fields.Boolean(compute="_compute_can")
    can_record_outcome = fields.Boolean(compute="_compute_can")
    can_print_letters = fields.Boolean(compute="_compute_can")
    can_take_over = fields.Boolean(compute="_compute_can")

    _guard_idx = models.Index(
        "(company_id) WHERE state != 'closed' AND next_date IS NULL"
        f" AND next_reasons::text LIKE {GUARD_PATTERN.replace('%%', '%')}"
    )

    @api.depends("due_date")
    def _compute_days_overdue(self):
        today = fields.Date.context_today(self)
        for case in self:
            case.days_overdue = case.due_date and max(0, (today - case.due_date).days)

    @api.depends("action_ids.state")
    def _compute_has_open_action(self):
        for case in self:
            states = case.action_ids.mapped("state")
            case.has_open_action = any(state in OPEN_STATES for state in states)

    @api.depends("next_kind", "next_date", "state")
    def _compute_needs_attention(self):
        """Nothing will happen by itself: the calendar alone does not move it on."""
        for case in self:
            case.needs_attention = case.state != "closed" and not (
                case.next_kind in ("wait", "execute") and case.next_date
            )

    @api.depends("next_date", "next_since", "opened_on", "closed_on", "state")
    def _compute_key_date(self):
        for case in self:
            if case.state == "closed":
                case.key_date = case.closed_on
            else:
                case.key_date = case.next_date or case.next_since or case.opened_on

    @api.depends("state", "next_date", "next_reasons")
    def _compute_is_guard_blocked(self):
        for case in self:
            codes = [item.get("code") or "" for item in case.next_reasons or ()]
            case.is_guard_blocked = (
                case.state != "closed"
                and not case.next_date
                and any(code.startswith("guard_") for code in codes)
            )

    @api.model
    def _search_is_guard_blocked(self, operator, value):
        """Read by the partial index ``_guard_idx``: written as it is declared."""
        if operator != "in":
            return NotImplemented

        def to_sql(model, alias, query):
            return SQL(
                "(%(state)s != 'closed' AND %(date)s IS NULL"
                " AND (%(reasons)s)::text LIKE %(pattern)s)",
                state=SQL.identifier(alias, "state"),
                date=SQL.identifier(alias, "next_date"),
                reasons=SQL.identifier(alias, "next_reasons"),
                # a literal: a parameter would never match the index's condition
                pattern=SQL(GUARD_PATTERN),
            )

        found = Domain.custom(
            to_sql=to_sql, predicate=lambda case: case.is_guard_blocked
        )
        return found if True in value else ~found

    @api.depends("state", "user_id", "action_ids.state")
    @api.depends_context("uid")
    def _compute_can(self):
        """What the user may do now: the buttons of the form. Each button's method
        checks again."""
        is_operator = self.env.user.has_group(OPERATOR)
        is_manager = self.env.user.has_group(MANAGER)
        for case in self:
            live = case.state != "closed"
            case.can_plan_now = is_manager and live
            case.can_record_outcome = is_operator and case.has_open_action
            case.can_print_letters = bool(case._letters_to_send())
            case.can_take_over = is_operator and live and case.user_id != self.env.user

    def _letters_to_send(self):
        """Messages of the case that lie ready as files to be sent by a person."""
        return self.communication_ids.filtered(
            lambda message: message.state == "to_send" and message.attachment_id
        )

    # the sentence

    @api.depends(
        "next_kind",
        "next_date",
        "next_since",
        "next_rule_id",
        "state",
        "action_ids.state",
        "action_ids.effective_date",
    )
    @api.depends_context("lang")
    def _compute_sentence(self):
        """What happened last, what comes next and not before when (peers: cockpit)."""
        for case in self:
            parts = (case._get_last_sentence(), case._get_next_sentence())
            case.sentence = " ".join(filter(None, parts))

    def _get_last_sentence(self):
        """What was done last, or what the history proves; empty when nothing was."""
        self.ensure_one()
        # a list and not `filtered`: it would forget the other cases of the page, and
        # read each step alone
        behind = [one for one in self.action_ids if one.state in BEHIND_STATES]
        if behind:
            return max(
                behind, key=lambda a: (a.executed_date or a.planned_date, a.id)
            )._get_past_sentence()
        past = self.notice_ids.filtered(lambda notice: notice.source != "dunning")
        past = past.sorted("sent_date")[-1:]
        if not past or (self.due_date and past.sent_date < self.due_date):
            return ""
        kinds = dict(past._fields["kind"]._description_selection(self.env))
        return self.env._(
            "%(notice)s sent on %(date)s, before CreditBox.",
            notice=kinds.get(past.kind, past.kind),
            date=format_date(self.env, past.sent_date),
        )

    def _get_next_sentence(self):
        self.ensure_one()
        step = self.next_rule_id.short_description or ""
        date = self.next_date and format_date(self.env, self.next_date)
        since = self.next_since or self.opened_on
        since = since and format_date(self.env, since)
        if self.state == "closed":
            closed = self.closed_on and format_date(self.env, self.closed_on)
            return self.env._("Closed on %(date)s.", date=closed or "")
        if not self.next_kind:
            return self.env._("The next run will tell.")
        if self.next_kind == "park":
            return self.env._("Parked since %(date)s.", date=since)
        if self.next_kind == "stop":
            return self.env._("A person has to decide, since %(date)s.", date=since)
        if step and date:
            return self.env._(
                "Next: %(step)s, not before %(date)s.", step=step, date=date
            )
        if step:
            return self.env._(
                "%(step)s is waiting since %(date)s.", step=step, date=since
            )
        if date:
            return self.env._("Looked at again on %(date)s.", date=date)
        return self.env._("Waiting since %(date)s.", date=since)

    # buttons

    def action_take_over(self):
        """Button: from now on the user follows these cases."""
        self._check_is_operator()
        self.check_access("write")
        self.write({"user_id": self.env.uid})
        return True

    def action_open_letters(self):
        """Button: the letters of the case that lie ready to be sent."""
        self.ensure_one()
        self.check_access("read")
        letters = self._letters_to_send()
        if len(letters) == 1:
            return letters.action_open_letter()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Letters"),
            "res_model": "dunning.communication",
            "view_mode": "list,form",
            "domain": [("id", "in", letters.ids)],
        }


class DunningAction(models.Model):
    _inherit = "dunning.action"

    def _get_past_sentence(self):
        """What this action was, in words: for the sentence of its case."""
        self.ensure_one()
        words = {
            "step": self.rule_id.short_description or self.action_type_id.name,
            "date": format_date(self.env, self.executed_date or self.planned_date),
            "channel": self._get_channel_words(),
        }
        if self.state == "failed":
            return self.env._("%(step)s: failed on %(date)s.", **words)
        if not words["channel"]:
            return self.env._("%(step)s: done on %(date)s.", **words)
        if self.effective_date and self.effective_date != self.executed_date:
            return self.env._(
                "%(step)s: sent by %(channel)s on %(date)s, received on %(received)s.",
                received=format_date(self.env, self.effective_date),
                **words,
            )
        return self.env._("%(step)s: sent by %(channel)s on %(date)s.", **words)

    def _get_channel_words(self):
        """ "registered letter and e-mail"; empty for what is no message."""
        self.ensure_one()
        labels = dict(
            self.env["dunning.communication"]
            ._fields["channel"]
            ._description_selection(self.env)
        )
        known = {code for code, _label in CHANNELS}
        parts = [p.strip() for p in (self.channels or "").split("+")]
        return ", ".join(labels[part] for part in parts if part in known)
