import re

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.utility_supply.models.utility_contract import (
    CUSTOMER_TYPES,
    SUSPENDIBILITIES,
)
from odoo.addons.utility_supply.models.utility_supply_point import SERVICES

from ..rules.facts import MAX_WAIT, Key, Rule
from ..rules.table_edit import Row, renumber
from .amounts import exact
from .dunning_table_change import ChangeLog
from .valuation_texts import BANDS

# the states of a supply as the table counts them: reduced and limited are active
TABLE_STATES = [
    ("active", "Active"),
    ("suspended", "Suspended"),
    ("ceased", "Ceased"),
    ("to_reactivate", "To be reactivated"),
]
OPERATIONS = [
    ("remind", "Reminder"),
    ("collect", "Gather the supplies"),
    ("notice", "Friendly notice"),
    ("default", "Notice of default"),
    ("terminate", "Notice to terminate"),
    ("pre_notice", "Notice before the works"),
    ("list", "List to the technical office"),
    ("reduce", "Reduce power"),
    ("limit", "Limit"),
    ("suspend", "Suspend"),
    ("deactivate", "Deactivate"),
    ("reactivate", "Reactivate"),
    ("assign", "Assign to the agency"),
    ("writeoff", "Propose a settlement"),
    ("plan", "Payment plan"),
    ("legal", "Legal action"),
]
SET_KEYS = (
    "customer_type",
    "service",
    "supply_state",
    "suspendibility",
    "score_band",
)
AMOUNTS = ("amount_from", "amount_to", "min_threshold")
# what the log of changes tells of a row
LOGGED = (
    *SET_KEYS,
    "seq",
    "action_type_id",
    "op",
    "channel",
    "short_description",
    "description",
    "anchor",
    "day_kind",
    "wait_before",
    "wait_after",
    *AMOUNTS,
    "next_ok",
    "next_ko",
    "origin",
)
# numbers are stepped aside by this while they change places
ASIDE = 1_000_000
CHANNEL_WORDS = ("sms", "email", "pp", "ar", "pec", "task", "file", "event")


def told_keys(values):
    """The keys that the name of a set tells: the score band only where there is one."""
    return SET_KEYS if values["score_band"] not in ("", "any", False) else SET_KEYS[:-1]


class DunningActionRule(models.Model):
    """A row of an action table: for whom, what, when, for which amounts.

    The rows of one table with the same keys are a *set*: a case walks one set.
    """

    _name = "dunning.action.rule"
    _description = "Row of an action table"
    _order = (
        "table_id, customer_type, service, supply_state, suspendibility, score_band,"
        " seq, id"
    )
    _check_company_auto = True

    table_id = fields.Many2one(
        "dunning.action.table",
        required=True,
        index=True,
        ondelete="cascade",
        check_company=True,
    )
    company_id = fields.Many2one(
        related="table_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    table_state = fields.Selection(related="table_id.state")
    customer_type = fields.Selection(CUSTOMER_TYPES, help="Empty = any.")
    service = fields.Selection(SERVICES, help="Empty = any.")
    supply_state = fields.Selection(TABLE_STATES, help="Empty = any.")
    suspendibility = fields.Selection(SUSPENDIBILITIES, help="Empty = any.")
    score_band = fields.Selection(
        BANDS,
        help="Band of the customer's valuation, A the best. Empty = any; a row with a"
        " band takes nobody who is not valued yet.",
    )
    seq = fields.Integer(
        string="Sequence",
        required=True,
        default=10,
        help="Order in the set. Rows with the same tens (40, 41) are alternatives by"
        " channel; from 900 on rows are started by an event, never by waiting.",
    )
    action_type_id = fields.Many2one(
        "dunning.action.type", string="Action", required=True, index=True
    )
    op = fields.Selection(OPERATIONS, string="Operation", required=True)
    channel = fields.Char(
        required=True,
        help="sms, email, pp (ordinary mail), ar (registered letter), pec, task, file,"
        " event. a|b = the first that can be used, a+b = both.",
    )
    short_description = fields.Char(required=True)
    description = fields.Char()
    anchor = fields.Selection(
        [
            ("due", "Due date of the oldest bill"),
            ("prev_end", "End of the previous action's wait"),
            ("plan", "Date planned by the technical office"),
            ("op_done", "Operation carried out"),
            ("payment", "Payment"),
            ("event", "Event"),
        ],
        required=True,
        default="prev_end",
    )
    day_kind = fields.Selection(
        [
            ("solar", "Calendar days"),
            ("weekdays", "Weekdays (Monday to Saturday)"),
            ("working", "Working days (Monday to Friday)"),
        ],
        string="Days",
        required=True,
        default="solar",
    )
    wait_before = fields.Integer(help="Days from the anchor to the earliest start.")
    wait_after = fields.Integer(
        help="Days after it took effect before the next row is looked at."
    )
    amount_from = fields.Monetary(help="The row applies from this overdue amount on.")
    amount_to = fields.Monetary(help="And up to this one; 0 = no limit.")
    min_threshold = fields.Monetary(
        string="Minimum threshold", help="Below it the case is parked."
    )
    next_ok = fields.Integer(
        string="Next if positive", help="Sequence to go on with; 0 = the next row."
    )
    next_ko = fields.Integer(
        string="Next if negative", help="Sequence to go on with; 0 = the next row."
    )
    origin = fields.Selection(
        [
            ("group", "The group's"),
            ("changed", "Changed here"),
            ("added", "Added here"),
            ("off", "Switched off here"),
        ],
        string="Comes from",
        copy=False,
        help="In a table that follows the group's: whose row it is.",
    )

    _seq_uniq = models.UniqueIndex(
        "(table_id, COALESCE(customer_type, ''), COALESCE(service, ''),"
        " COALESCE(supply_state, ''), COALESCE(suspendibility, ''),"
        " COALESCE(score_band, ''), seq)",
        "Two rows of the same set have the same sequence.",
    )
    _amounts_check = models.Constraint(
        "CHECK(amount_from >= 0 AND amount_to >= 0 AND min_threshold >= 0"
        " AND (amount_to = 0 OR amount_to >= amount_from))",
        "Amounts cannot be negative and the upper limit cannot be below the lower.",
    )
    _waits_check = models.Constraint(
        f"CHECK(wait_before BETWEEN -{MAX_WAIT} AND {MAX_WAIT}"
        f" AND wait_after BETWEEN 0 AND {MAX_WAIT} AND seq >= 0)",
        "Waits go up to ten years; the wait after an action cannot be negative.",
    )

    @api.depends("short_description", "seq")
    def _compute_display_name(self):
        for rule in self:
            rule.display_name = f"{rule.seq} {rule.short_description or ''}".strip()

    @api.model
    def _channel_words(self):
        """What the channel of a row may be made of: ours and those that were added."""
        more = self.env["dunning.channel"]._words() - set(CHANNEL_WORDS)
        return (*CHANNEL_WORDS, *sorted(more))

    @api.constrains("channel")
    def _check_channel(self):
        words = self._channel_words()
        for rule in self:
            told = re.split(r"[|+]", rule.channel or "")
            if not all(word in words for word in told):
                raise ValidationError(
                    self.env._(
                        "Row %(row)s: channel %(channel)s is not known. Use %(words)s,"
                        " joined by | or +.",
                        row=rule.seq,
                        channel=rule.channel,
                        words=", ".join(words),
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        with self.env["dunning.table.change"]._logging() as log:
            rules = super().create(vals_list)
            rules._check_draft()
            quiet = rules.with_context(dunning_change_log=ChangeLog(silent=True))
            quiet._default_origin()
            rules._check_origin()
            if not log.silent:
                for rule in rules:
                    new = rule._in_words()
                    log.add(rule.table_id, "create", rule._label(), new=new)
        return rules

    def write(self, vals):
        self._check_draft()
        with self.env["dunning.table.change"]._logging() as log:
            before = {} if log.silent else self._snapshot()
            result = super().write(vals)
            if "table_id" in vals:
                self._check_draft()
            self._check_origin()
            self._log_changes(log, before)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_if_draft(self):
        self._check_draft()

    def unlink(self):
        with self.env["dunning.table.change"]._logging() as log:
            gone = [
                (rule.table_id, "unlink", rule._label(), "", rule._in_words())
                for rule in self
                if not log.silent
            ]
            result = super().unlink()
            for entry in gone:
                log.add(*entry)
        return result

    def web_resequence(self, specification, field_name="sequence", offset=0):
        """OVERRIDE web: rows dragged in the grid of a set are numbered by their tens.

        The rows come in their new order; see ``rules.table_edit.renumber``.
        """
        if field_name != "seq" or not self:
            return super().web_resequence(specification, field_name, offset)
        self._move_rows()
        return self.web_read(specification)

    def _check_draft(self):
        """Rows change in drafts only: cases walk the published ones."""
        frozen = self.table_id.filtered(lambda table: table.state != "draft")
        if frozen:
            raise UserError(
                self.env._(
                    "%(table)s is published: cases follow it, so it stays as it is."
                    " Make a new version and change that.",
                    table=frozen[0].display_name,
                )
            )

    def _check_origin(self):
        """Where a row comes from is said by people only in a member's own rows."""
        for rule in self:
            is_own = rule.table_id.scope == "override"
            if rule.origin and not is_own and not rule.table_id._is_built():
                raise UserError(
                    self.env._("Where a row comes from is said by the program only.")
                )

    def _set_domain(self):
        """The rows of the same set as this one, in the same table."""
        self.ensure_one()
        return [
            ("table_id", "=", self.table_id.id),
            *((name, "=", self[name]) for name in SET_KEYS),
        ]

    def _move_rows(self):
        """Number the rows of a set anew after they were dragged into this order."""
        rows = self.search(self[0]._set_domain())
        changes = renumber(
            [Row(r.id, r.seq, r.next_ok, r.next_ko) for r in rows], self.ids
        )
        self._apply_changes(changes)

    def _apply_changes(self, changes):
        """Write {row id: values} as one change: numbers may change places.

        Two rows of a set never have the same number, not even for a moment: those that
        get a new one first step aside.
        """
        rows = self.browse(changes)
        rows._check_draft()
        changes_log = self.env["dunning.table.change"]
        with changes_log._logging() as log:
            before = {} if log.silent else rows._snapshot()
            quiet = rows.with_context(dunning_change_log=ChangeLog(silent=True))
            moving = quiet.filtered(lambda r: "seq" in changes[r.id])
            for rule in moving:
                rule.write({"seq": rule.seq + ASIDE})
            moving.flush_recordset(["seq"])
            for rule in quiet:
                rule.write(changes[rule.id])
            rows.flush_recordset()
            rows._log_changes(log, before)

    # in words, for the log of changes

    def _snapshot(self):
        return {rule.id: (rule._label(), rule._words()) for rule in self}

    def _log_changes(self, log, before):
        for rule in self:
            if rule.id not in before:
                continue
            label, old = before[rule.id]
            for column, new in rule._words().items():
                if old[column] != new:
                    log.add(rule.table_id, "write", label, column, old[column], new)

    def _label(self):
        """The set and the row as people call them."""
        self.ensure_one()
        return f"{self._set_label()}: {self.display_name}"

    def _set_label(self):
        words = [self._word(name) or self.env._("Any") for name in told_keys(self)]
        return " / ".join(words)

    def _word(self, name):
        """The value of a column as a person reads it."""
        field, value = self._fields[name], self[name]
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, "")
        if field.type == "many2one":
            return value.display_name or ""
        if field.type == "monetary":
            return f"{value:.{self.currency_id.decimal_places}f}"
        return "" if value is False else str(value)

    def _words(self):
        """{label of the column: value in words} of what the log tells."""
        self.ensure_one()
        return {
            self._fields[name]._description_string(self.env): self._word(name)
            for name in LOGGED
        }

    def _in_words(self):
        return ", ".join(
            f"{column}: {value}" for column, value in self._words().items() if value
        )

    # as plain values

    def _as_rows(self):
        """These rows as the mappings that ``rules.table_diff`` compares."""
        names = [*SET_KEYS, "op", "channel", "short_description", "description"]
        return [
            {
                **{name: rule[name] or "" for name in names},
                **{name: exact(rule[name], digits) for name in AMOUNTS},
                "seq": rule.seq,
                "action": rule.action_type_id.code,
                "anchor": rule.anchor,
                "day_kind": rule.day_kind,
                "wait_before": rule.wait_before,
                "wait_after": rule.wait_after,
                "next_ok": rule.next_ok,
                "next_ko": rule.next_ko,
                "origin": rule.origin or "",
            }
            for rule in self
            for digits in (rule.currency_id.decimal_places,)
        ]

    def _as_rules(self):
        """These rows as plain values for the planner."""
        digits = {
            company: company.currency_id.decimal_places for company in self.company_id
        }
        return tuple(
            Rule(
                id=rule.id,
                key=Key(
                    rule.customer_type or "",
                    rule.service or "",
                    rule.supply_state or "",
                    rule.suspendibility or "",
                    rule.score_band or "",
                ),
                seq=rule.seq,
                action=rule.action_type_id.code,
                op=rule.op,
                channel=rule.channel,
                anchor=rule.anchor,
                day_kind=rule.day_kind,
                wait_before=rule.wait_before,
                wait_after=rule.wait_after,
                amount_from=exact(rule.amount_from, digits[rule.company_id]),
                amount_to=exact(rule.amount_to, digits[rule.company_id]),
                min_threshold=exact(rule.min_threshold, digits[rule.company_id]),
                next_ok=rule.next_ok or None,
                next_ko=rule.next_ko or None,
            )
            for rule in self
        )
