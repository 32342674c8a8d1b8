from decimal import Decimal, InvalidOperation

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import ormcache

from odoo.addons.utility_supply.rules import workdays

from ..rules.reckoning import Calendar, Term, TermRow, TermTable, reckon
from ..rules.terms import DEAREST, EXCLUDE, MEAN, PRO_RATA, WHOLE, Terms

CHOICES = {
    "cap_method": (MEAN, DEAREST),
    "straddle_rule": (PRO_RATA, WHOLE, EXCLUDE),
}
FLAGS = {"1": True, "0": False}


class CmorParameter(models.Model):
    """A number of the law (or of our reading of it), in force from a date.

    Shipped values are shared by all companies; a company may have a value of its own,
    which wins from its date on. A value is never edited away: a new rule is a new row
    with a later date, so that the practices of the past can still be explained.
    """

    _name = "cmor.parameter"
    _description = "CMOR parameter"
    _inherit = "utility.kept.mixin"
    _order = "key, date_from desc, id"

    company_id = fields.Many2one(
        "res.company", index=True, help="Empty: the value holds for all companies."
    )
    key = fields.Char(required=True, index=True, help="The name the rules know it by.")
    name = fields.Char(string="Meaning", required=True, translate=True)
    value = fields.Char(required=True)
    unit = fields.Selection(
        [
            ("months", "Months"),
            ("days", "Days"),
            ("years", "Years"),
            ("eur", "Euro"),
            ("smc", "Smc a year"),
            ("flag", "Yes (1) or no (0)"),
            ("choice", "Choice"),
            ("list", "List"),
            ("text", "Text"),
        ],
        required=True,
    )
    day_kind = fields.Selection(
        [
            ("working", "Working days"),
            ("solar", "Calendar days"),
        ],
        help="Which days are counted, for a term in days.",
    )
    date_from = fields.Date(required=True, string="In force from")
    mark = fields.Selection(
        [
            ("S", "Seen in a source"),
            ("K", "Known, not seen"),
            ("A", "Assumed: to be checked"),
        ],
        string="Certainty",
        required=True,
        default="A",
    )
    source = fields.Char(
        translate=True, help="Article, act or document the value comes from."
    )
    checked_on = fields.Date(help="Day on which somebody last read the source.")
    note = fields.Char(translate=True)

    _key_date_uniq = models.UniqueIndex(
        "(key, date_from, COALESCE(company_id, 0))",
        "This parameter has a value from that date already.",
    )

    @api.depends("key", "value")
    def _compute_display_name(self):
        for parameter in self:
            parameter.display_name = f"{parameter.key or ''} = {parameter.value or ''}"

    @api.constrains("key", "value", "unit")
    def _check_value(self):
        for parameter in self:
            try:
                parameter._typed_value()
            except (ValueError, InvalidOperation) as error:
                raise ValidationError(
                    self.env._(
                        "%(value)s is no value for %(key)s (%(unit)s).",
                        value=parameter.value,
                        key=parameter.key,
                        unit=parameter.unit,
                    )
                ) from error

    def _typed_value(self):
        """The value as the rules want it; ValueError when it is not one."""
        self.ensure_one()
        text = (self.value or "").strip()
        if self.unit in ("months", "days", "years"):
            number = int(text)
            if number < 0:
                raise ValueError(text)
            return number
        if self.unit in ("eur", "smc"):
            amount = Decimal(text)
            if not amount.is_finite() or amount < 0:
                raise ValueError(text)
            return amount
        if self.unit == "flag":
            if text not in FLAGS:
                raise ValueError(text)
            return FLAGS[text]
        if self.unit == "list":
            return tuple(item.strip() for item in text.split(",") if item.strip())
        if self.unit == "choice" and text not in CHOICES.get(self.key, (text,)):
            raise ValueError(text)
        return text

    @api.model
    def _values(self, company, day):
        """{key: typed value} in force for ``company`` on ``day``."""
        # asked for each of thousands of practices, a day at a time
        return dict(self._kept_values(company.id, fields.Date.to_date(day)))

    @ormcache("company_id", "day")
    def _kept_values(self, company_id, day):
        found = self.sudo().search(
            Domain("date_from", "<=", day)
            & Domain("company_id", "in", [False, company_id]),
            order="date_from, id",
        )
        shared = found.filtered(lambda parameter: not parameter.company_id)
        values = {}
        for parameter in shared + (found - shared):
            values[parameter.key] = parameter._typed_value()
        return values

    @api.model
    def _terms(self, company, day):
        """The rules' ``Terms`` in force for ``company`` on ``day``."""
        return Terms.from_values(self._values(company, day))

    @api.model
    def _term_table(self, company):
        """Every value that terms ever had for ``company``, as the rules want it."""
        return self._kept_term_table(company.id)

    @ormcache("company_id")
    def _kept_term_table(self, company_id):
        found = self.sudo().search(
            Domain("company_id", "in", [False, company_id])
            & Domain("unit", "in", ("days", "months", "years"))
        )
        return TermTable(
            TermRow(
                parameter.key,
                parameter.date_from,
                Term(
                    parameter._typed_value(),
                    parameter.unit,
                    parameter.day_kind == "working",
                ),
                bool(parameter.company_id),
            )
            for parameter in found
        )

    @api.model
    def _last_day(self, company, key, start):
        """Last day of the term ``key`` that runs from ``start``, working or calendar
        days as its value says.

        :param str key: of a term in days, months or years
        :param date start: day of the event
        :return: date, or False when the term is not set
        """
        term = self._term_table(company).at(key, start)
        if term is None:
            return False
        calendar = self._calendar(company, {start.year, start.year + 1})
        return reckon(start, term, calendar)[0]

    @api.model
    def _calendar(self, company, years):
        """How working days are counted, with the holidays of ``years``."""
        return Calendar(
            frozenset(company._utility_holidays(years)),
            workdays.add_working_days,
            workdays.next_working_day,
        )
