from datetime import date

from odoo import api, fields, models
from odoo.exceptions import ValidationError

LEAP_YEAR = 2024


class DunningLocalHoliday(models.Model):
    """The patron day of a municipality: a holiday there, for the legal guard."""

    _name = "dunning.local.holiday"
    _description = "Local patron day"
    _order = "municipality, month, day"

    name = fields.Char(string="Feast", required=True)
    municipality = fields.Char(help="As it stands in the address of the supply points.")
    municipality_code = fields.Char(
        help="ISTAT or cadastral code, as it stands on the supply points."
    )
    day = fields.Integer()
    month = fields.Integer()
    date = fields.Date(
        string="Only on", help="A single date; empty: every year on day and month."
    )
    active = fields.Boolean(default=True)

    _place_check = models.Constraint(
        "CHECK(COALESCE(municipality, municipality_code) IS NOT NULL)",
        "A patron day needs the name or the code of its municipality.",
    )

    @api.constrains("day", "month", "date")
    def _check_day(self):
        for holiday in self:
            if holiday.date:
                continue
            try:
                date(LEAP_YEAR, holiday.month, holiday.day)
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "%(name)s: %(day)s/%(month)s is no day of the year.",
                        name=holiday.name,
                        day=holiday.day,
                        month=holiday.month,
                    )
                ) from error

    @api.depends("name", "municipality", "municipality_code")
    def _compute_display_name(self):
        for holiday in self:
            place = holiday.municipality or holiday.municipality_code
            holiday.display_name = f"{holiday.name} ({place})"

    @api.model
    def _normal(self, place):
        """A name or a code in the form in which two spellings of it are equal."""
        return " ".join((place or "").split()).casefold()

    @api.model
    def _closed_days(self, years):
        """{normal name or code of a municipality: frozenset of its days in ``years``}.

        One statement whatever the number of supplies.
        """
        found = {}
        for holiday in self.sudo().search([("active", "=", True)]):
            days = holiday._days(years)
            for place in (holiday.municipality, holiday.municipality_code):
                if key := self._normal(place):
                    found[key] = found.get(key, frozenset()) | days
        return found

    def _days(self, years):
        self.ensure_one()
        if self.date:
            return frozenset({self.date})
        days = set()
        for year in years:
            try:
                days.add(date(year, self.month, self.day))
            except ValueError:  # 29 February in a common year
                continue
        return frozenset(days)
