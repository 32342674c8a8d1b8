from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import ormcache
from odoo.tools.misc import format_date

from odoo.addons.utility_supply.models.utility_supply_point import SERVICES

from ..rules.legal import COURT_DAYS as COURT
from ..rules.legal_parameters import Parameter, Parameters
from .legal_parameter_names import COURT_TERMS, DAY_KINDS, NAMES, UNITS


class DunningLegalParameter(models.Model):
    """A number of the law: its value from a day on, and where it stands.

    The same for every company. A number in force is never rewritten: what changes is
    a new row with its own first day, so that an old decision can still be explained.
    """

    _name = "dunning.legal.parameter"
    _description = "Legal number"
    _inherit = ["dunning.checked.mixin", "utility.kept.mixin"]
    _order = "service, name, valid_from desc"
    _rec_name = "name"

    # what a row says; fixed once the row is in force
    _content_fields = frozenset(
        {"service", "name", "value", "unit", "day_kind", "valid_from", "source"}
    )

    service = fields.Selection(SERVICES, help="Empty: every service.", tracking=True)
    name = fields.Selection(NAMES, string="Number", required=True, tracking=True)
    value = fields.Float(digits=(12, 2), required=True, tracking=True, aggregator=None)
    unit = fields.Selection(UNITS, required=True, default="days", tracking=True)
    day_kind = fields.Selection(
        DAY_KINDS, string="Counted in", help="How its days are counted.", tracking=True
    )
    valid_from = fields.Date(
        string="Valid from",
        required=True,
        tracking=True,
        help="First day on which this value holds; it holds until a later row.",
    )
    source = fields.Char(
        required=True, tracking=True, help="Law, decision or contract and its article."
    )
    is_checked = fields.Boolean(
        string="Checked by a person",
        compute="_compute_is_checked",
        search="_search_is_checked",
    )
    is_current = fields.Boolean(
        string="In force",
        compute="_compute_is_current",
        search="_search_is_current",
    )
    note = fields.Text()

    _row_uniq = models.UniqueIndex(
        "((COALESCE(service, '')), name, valid_from)",
        "This number has a value from that day already.",
    )
    _value_check = models.Constraint(
        "CHECK(value >= 0)", "A number of the law is not negative."
    )

    @api.constrains("name", "day_kind")
    def _check_day_kind(self):
        if any(p.day_kind == COURT and p.name not in COURT_TERMS for p in self):
            raise ValidationError(
                self.env._("Only the terms before the court leave out its pause.")
            )

    @api.depends("checked_on")
    def _compute_is_checked(self):
        for parameter in self:
            parameter.is_checked = bool(parameter.checked_on)

    def _search_is_checked(self, operator, value):
        if operator != "in":
            return NotImplemented
        both = {True, False} <= set(value)
        wanted = fields.Domain("checked_on", "!=" if True in value else "=", False)
        return fields.Domain.TRUE if both else wanted

    @api.depends("valid_from", "service", "name")
    def _compute_is_current(self):
        current = self._current_ids(fields.Date.context_today(self))
        for parameter in self:
            parameter.is_current = parameter.id in current

    def _search_is_current(self, operator, value):
        if operator != "in":
            return NotImplemented
        both = {True, False} <= set(value)
        current = self._current_ids(fields.Date.context_today(self))
        wanted = fields.Domain("id", "in" if True in value else "not in", current)
        return fields.Domain.TRUE if both else wanted

    @api.model
    def _current_ids(self, day):
        """Ids of the rows in force on ``day``: the latest of each service and name."""
        rows = self.sudo().search_fetch(
            [("valid_from", "<=", day)], ["service", "name"], order="valid_from"
        )
        return list({(row.service, row.name): row.id for row in rows}.values())

    @api.depends("service", "name", "valid_from")
    def _compute_display_name(self):
        names = dict(self._fields["name"]._description_selection(self.env))
        services = dict(self._fields["service"]._description_selection(self.env))
        for parameter in self:
            parts = (services.get(parameter.service), names.get(parameter.name))
            parameter.display_name = ": ".join(filter(None, parts))

    @api.model_create_multi
    def create(self, vals_list):
        parameters = super().create(vals_list)
        if not self.env.su:
            parameters._check_not_past()
            for parameter in parameters:
                parameter._tell_what_it_replaces()
        return parameters

    def write(self, vals):
        changed = self._content_fields & set(vals)
        if changed and not self.env.su:
            self._check_not_in_force()
        result = super().write(vals)
        if changed and not self.env.su:
            self._check_not_past()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_in_force(self):
        if not self.env.su:
            self._check_not_in_force()

    def _check_not_in_force(self):
        today = fields.Date.context_today(self)
        for parameter in self:
            if parameter.valid_from <= today:
                raise UserError(
                    self.env._(
                        "%(name)s holds since %(date)s and explains what was decided"
                        " by it: enter a new row with its own first day.",
                        name=parameter.display_name,
                        date=format_date(self.env, parameter.valid_from),
                    )
                )

    def _check_not_past(self):
        """A new value holds from today at the earliest: the past is not rewritten."""
        today = fields.Date.context_today(self)
        if any(parameter.valid_from < today for parameter in self):
            raise UserError(
                self.env._("A new value cannot hold from a day that is over.")
            )

    def _tell_what_it_replaces(self):
        """Old and new value in the history of the new row."""
        self.ensure_one()
        old = self.search(
            [
                ("service", "=", self.service),
                ("name", "=", self.name),
                ("valid_from", "<", self.valid_from),
            ],
            order="valid_from desc",
            limit=1,
        )
        if not old:
            return
        body = self.env._(
            "Replaces %(old)s (since %(since)s, %(law)s) by %(new)s.",
            old=old.value,
            since=format_date(self.env, old.valid_from),
            law=old.source,
            new=self.value,
        )
        self._message_log(body=body)
        old.sudo()._message_log(
            body=self.env._(
                "Replaced by %(new)s from %(date)s.",
                new=self.value,
                date=format_date(self.env, self.valid_from),
            )
        )

    @api.model
    @ormcache()
    def _parameters(self):
        """All rows as :class:`rules.legal_parameters.Parameters`: read once, kept in
        memory until a row changes."""
        rows = self.sudo().search_fetch([], sorted(self._content_fields))
        return Parameters([row._as_parameter() for row in rows])

    def _as_parameter(self):
        self.ensure_one()
        return Parameter(
            service=self.service or "",
            name=self.name,
            value=Decimal(str(round(self.value, 2))),
            unit=self.unit,
            valid_from=self.valid_from,
            source=self.source,
            day_kind=self.day_kind or "solar",
            checked=self.checked_on or None,
        )
