from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..rules.outbox import Window, allowance, next_try

KINDS = [
    ("email", "E-mail"),
    ("sms", "Text messages"),
    ("pec", "PEC"),
    ("post", "Post"),
    ("agency", "Collection agency"),
    ("technical", "Technical office"),
    ("info", "Information provider"),
]
WEEKDAYS = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
ADMIN = "creditbox_dunning.group_dunning_admin"


class DunningServiceProvider(models.Model):
    """Who carries messages and orders for us: a mail server, a gateway, a post office,
    an agency. Of one company, or of its group, whose members share it and are charged
    for what each of them used.

    When it may send, how fast, and when it is stopped is the same for every kind; each
    kind adds how it is spoken to in a file and a page of its own.
    """

    _name = "dunning.service.provider"
    _description = "Service provider"
    _inherit = ["mail.thread", "mail.activity.mixin", "utility.guarded.mixin"]
    _order = "kind, sequence, id"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "state",
            "stopped_reason",
            "stopped_at",
            "refusals",
            "errors",
            "paused_until",
        }
    )

    name = fields.Char(required=True, tracking=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True, tracking=True)
    kind = fields.Selection(KINDS, required=True, default="email", tracking=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        help="Whose contract it is.",
    )
    group_id = fields.Many2one(
        "utility.group",
        string="Shared by the group",
        index="btree_not_null",
        help="The companies of the group use it too; the report of the costs says how"
        " much is whose.",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one(
        "res.users",
        string="Administrator",
        help="Who is told when it stops; an administrator of CreditBox when empty.",
    )
    note = fields.Text()

    state = fields.Selection(
        [("running", "In service"), ("stopped", "Out of service")],
        string="Status",
        required=True,
        default="running",
        readonly=True,
        copy=False,
        tracking=True,
    )
    stopped_reason = fields.Char(readonly=True, copy=False)
    stopped_at = fields.Datetime(readonly=True, copy=False)
    refusals = fields.Integer(
        string="Refusals in a row",
        readonly=True,
        copy=False,
        help="Messages refused one after the other; one that leaves sets it to zero.",
    )
    max_refusals = fields.Integer(
        string="Stop after refusals",
        default=20,
        required=True,
        help="That many messages refused one after the other stop it: something is"
        " wrong with the provider, not with the customers. 0 = never.",
    )
    errors = fields.Integer(string="Vain tries in a row", readonly=True, copy=False)
    paused_until = fields.Datetime(
        string="Tried again at",
        readonly=True,
        copy=False,
        help="It could not be reached: nothing is tried before.",
    )

    hour_from = fields.Float(string="From", default=0.0, required=True)
    hour_to = fields.Float(string="To", default=24.0, required=True)
    monday = fields.Boolean(default=True)
    tuesday = fields.Boolean(default=True)
    wednesday = fields.Boolean(default=True)
    thursday = fields.Boolean(default=True)
    friday = fields.Boolean(default=True)
    saturday = fields.Boolean(default=True)
    sunday = fields.Boolean(default=True)
    is_closed_on_holidays = fields.Boolean(
        string="Not on holidays", help="Nothing leaves on public holidays."
    )
    pace_per_minute = fields.Integer(
        string="Messages a minute", help="At most so many leave in a minute; 0 = all."
    )
    communication_ids = fields.One2many(
        "dunning.communication", "provider_id", readonly=True
    )
    count_waiting = fields.Integer(string="Waiting", compute="_compute_counts")
    count_gone = fields.Integer(string="Sent", compute="_compute_counts")
    count_uncertain = fields.Integer(string="Uncertain", compute="_compute_counts")
    count_failed = fields.Integer(string="Failed", compute="_compute_counts")
    alerts = fields.Text(compute="_compute_alerts")

    _hours_check = models.Constraint(
        "CHECK(hour_from >= 0 AND hour_from < hour_to AND hour_to <= 24)",
        "The hours go from 0 to 24, the first before the second.",
    )
    _numbers_check = models.Constraint(
        "CHECK(max_refusals >= 0 AND pace_per_minute >= 0)",
        "Refusals and messages a minute cannot be negative.",
    )

    @api.constrains("group_id", "company_id")
    def _check_group(self):
        for provider in self:
            group = provider.group_id
            if group and provider.company_id not in group.member_ids:
                raise ValidationError(
                    self.env._(
                        "%(company)s is no member of the group %(group)s.",
                        company=provider.company_id.name,
                        group=group.name,
                    )
                )

    @api.constrains(*WEEKDAYS)
    def _check_days(self):
        for provider in self:
            if not any(provider[day] for day in WEEKDAYS):
                raise ValidationError(self.env._("Choose at least one weekday."))

    @api.depends("communication_ids.state")
    def _compute_counts(self):
        groups = self.env["dunning.communication"]._read_group(
            [("provider_id", "in", self.ids)], ["provider_id", "state"], ["__count"]
        )
        counts = {(provider.id, state): count for provider, state, count in groups}
        for provider in self:

            def told(*states, key=provider._origin.id):
                return sum(counts.get((key, state), 0) for state in states)

            provider.count_waiting = told("to_send", "sending")
            provider.count_gone = told("sent", "accepted", "delivered")
            provider.count_uncertain = told("uncertain")
            provider.count_failed = told("failed")

    def _compute_alerts(self):
        channels = self.env["dunning.channel"]._all().values()
        for provider in self:
            texts = [
                text
                for channel in channels
                if channel._kind == provider.kind
                for text in channel._alerts(provider)
            ]
            provider.alerts = "\n".join(dict.fromkeys(texts)) or False

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if (
            self.env["dunning.communication"]
            .sudo()
            .search_count([("provider_id", "in", self.ids)], limit=1)
        ):
            raise UserError(self.env._("Messages went through it: archive it instead."))

    # buttons

    def action_stop(self):
        """Button: nothing leaves by it any more until somebody starts it again."""
        self.check_access("write")
        for provider in self.filtered(lambda p: p.state == "running"):
            provider.sudo()._stop(
                self.env._("Stopped by %(name)s.", name=self.env.user.name)
            )
        return True

    def action_restart(self):
        """Button: what made it stop was put right."""
        self.check_access("write")
        stopped = self.filtered(lambda p: p.state == "stopped" or p.paused_until)
        stopped.sudo()._guarded().write(
            {
                "state": "running",
                "stopped_reason": False,
                "stopped_at": False,
                "refusals": 0,
                "errors": 0,
                "paused_until": False,
            }
        )
        stopped.activity_feedback(
            ["creditbox_dunning.mail_activity_provider"],
            feedback=self.env._("Started again."),
        )
        self.env["dunning.outbox"]._wake()
        return True

    def action_open_messages(self):
        """Button: the messages that went or go by it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "dunning.communication",
            "view_mode": "list,form",
            "domain": [("provider_id", "=", self.id)],
            "context": {"search_default_by_state": 1},
        }

    def action_open_costs(self):
        """Button: what each company used of it, month by month: to charge it on."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Costs of %(name)s", name=self.name),
            "res_model": "dunning.communication",
            "view_mode": "pivot,list,form",
            "domain": [("provider_id", "=", self.id), ("sent_date", "!=", False)],
        }

    # business

    @api.model
    def _for(self, kind, company):
        """The provider of ``kind`` that serves ``company``: its own before the group's.

        A stopped one serves too: what it was given waits. Empty when there is none.
        """
        found = self.sudo().search(
            Domain("active", "=", True)
            & Domain("kind", "=", kind)
            & (
                Domain("company_id", "=", company.id)
                | Domain("group_id.member_ids", "in", company.ids)
            )
        )
        own = found.filtered(lambda provider: provider.company_id == company)
        return (own or found)[:1]

    def _now_there(self, now):
        """``now`` (UTC, naive) where the company is."""
        zone = ZoneInfo(self.company_id.partner_id.tz or "Europe/Rome")
        return now.replace(tzinfo=UTC).astimezone(zone)

    def _window(self, now):
        """When messages may leave, as rules/outbox.py takes it."""
        closed = frozenset()
        if self.is_closed_on_holidays:
            years = (now.year, now.year + 1)
            closed = frozenset(self.env["res.company"]._utility_holidays(years))
        weekdays = frozenset(n for n, day in enumerate(WEEKDAYS) if self[day])
        return Window(self.hour_from, self.hour_to, weekdays, closed)

    def _may_send(self, now):
        """(how many may leave now or None for all, when to look again or None)."""
        self.ensure_one()
        if self.state != "running" or not self.active:
            return 0, None
        if self.paused_until and self.paused_until > now:
            return 0, self.paused_until
        there = self._now_there(now)
        opens = self._window(there).next_open(there)
        if opens != there:
            return 0, opens and opens.astimezone(UTC).replace(tzinfo=None)
        if not self.pace_per_minute:
            return None, None
        minute = now - timedelta(minutes=1)
        left = self.env["dunning.communication"].search_count(
            [("provider_id", "=", self.id), ("tried_at", ">", minute)]
        )
        count = allowance(self.pace_per_minute, left)
        return count, now + timedelta(minutes=1)

    def _stop(self, reason):
        """Nothing leaves until an administrator starts it again; he is told."""
        self.ensure_one()
        self._guarded().write(
            {
                "state": "stopped",
                "stopped_reason": reason,
                "stopped_at": fields.Datetime.now(),
            }
        )
        self.activity_schedule(
            "creditbox_dunning.mail_activity_provider",
            summary=self.env._("%(name)s is stopped", name=self.name),
            note=reason,
            user_id=self._administrator().id,
        )

    def _administrator(self):
        self.ensure_one()
        admins = self.env.ref(ADMIN).sudo().all_user_ids
        ours = admins.filtered(
            lambda user: user.active and self.company_id in user.company_ids
        )
        return self.user_id or ours[:1] or self.env.user

    def _note_left(self):
        """A message left: what went wrong before is over."""
        if self.refusals or self.errors or self.paused_until:
            self._guarded().write({"refusals": 0, "errors": 0, "paused_until": False})

    def _note_refused(self, reason):
        """A message was refused; too many in a row stop it."""
        count = self.refusals + 1
        self._guarded().write({"refusals": count})
        if self.max_refusals and count >= self.max_refusals:
            self._stop(
                self.env._(
                    "%(count)s messages refused one after the other. The last:"
                    " %(reason)s",
                    count=count,
                    reason=reason,
                )
            )

    def _note_unreachable(self, reason, now):
        """It does not answer: nothing is tried before a while; in the end it stops."""
        again = next_try(self.errors + 1, now)
        self._guarded().write({"errors": self.errors + 1, "paused_until": again})
        if not again:
            self._stop(self.env._("It does not answer: %(reason)s", reason=reason))
