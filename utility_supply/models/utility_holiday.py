from datetime import date

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import ormcache


class UtilityHoliday(models.Model):
    """A holiday of one company beside those of the whole country.

    Only what is a holiday by law where the company has its seat (art. 155 c.p.c. knows
    no other): the patron's day is one in Rome (d.P.R. 792/1985), elsewhere mostly not.
    A term in working days that runs over it ends later.
    """

    _name = "utility.holiday"
    _description = "Holiday of a company"
    _inherit = "utility.kept.mixin"
    _order = "date_from desc, id"
    _check_company_auto = True

    name = fields.Char(string="Holiday", required=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    date_from = fields.Date(
        string="Day", required=True, help="The day; the first of them when yearly."
    )
    every_year = fields.Boolean(
        help="On the same day of each year, from this one to the last."
    )
    date_to = fields.Date(
        string="Last day", help="It is a holiday up to this day; empty: still."
    )
    source = fields.Char(help="The act that makes it a holiday.")
    active = fields.Boolean(default=True)

    @api.constrains("date_from", "date_to")
    def _check_days(self):
        for holiday in self:
            if holiday.date_to and holiday.date_to < holiday.date_from:
                raise ValidationError(
                    self.env._("%(name)s ends before it begins.", name=holiday.name)
                )

    @api.model
    def _days(self, company, years):
        """Set of the days of ``company`` in ``years`` (an iterable of int)."""
        days = set()
        for first, last, every_year in self._kept(company.id):
            for year in years if every_year else (first.year,):
                day = _day_of(first, year)
                if day and first <= day <= (last or day):
                    days.add(day)
        return days

    @api.model
    @ormcache("company_id")
    def _kept(self, company_id):
        # asked for each of thousands of practices
        found = self.sudo().search([("company_id", "=", company_id)])
        return tuple((h.date_from, h.date_to or None, h.every_year) for h in found)


def _day_of(first, year):
    """The day and month of ``first`` in ``year``; None when there is none."""
    try:
        return date(year, first.month, first.day)
    except ValueError:  # 29 February in a common year
        return None
