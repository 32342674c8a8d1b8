from datetime import datetime, time

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.utility_supply.rules.workdays import add_working_days

from .cmor_practice_terms import ROME, UTC
from .texts_terms import NEED_TEXTS


class CmorAttentionMixin(models.AbstractModel):
    """Records that may need a person, told apart by domains alone.

    ``_attention_domains`` gives the levels from the most urgent; the same domains are
    searched, counted and shown, so that a list and its number never disagree.
    """

    _name = "cmor.attention.mixin"
    _description = "What needs a person"

    attention = fields.Selection(
        [
            ("late", "Late"),
            ("action", "Needs an action"),
            ("check", "Needs checking"),
        ],
        compute="_compute_attention",
        search="_search_attention",
    )
    attention_text = fields.Char(string="What to do", compute="_compute_attention")

    @api.model
    def _attention_domains(self):
        """[(level, key of NEED_TEXTS, domain)], the most urgent first."""
        return []

    @api.depends_context("lang")
    def _compute_attention(self):
        self.attention = self.attention_text = False
        left = self._origin
        for level, reason, domain in self._attention_domains():
            found = left.search(Domain("id", "in", left.ids) & domain)
            found.attention = level
            found.attention_text = self.env._(NEED_TEXTS[reason])
            left -= found

    def _search_attention(self, operator, value):
        if operator != "in":
            return NotImplemented
        before, found = Domain.FALSE, Domain.FALSE
        for level, _reason, domain in self._attention_domains():
            if level in value:
                found |= domain & ~before
            before |= domain
        return found | ~before if False in value else found

    @api.model
    def _sii_is_late(self, field):
        """Domain: the moment ``field`` is older than the SII's term for an answer."""
        today = fields.Date.context_today(self)
        table = self.env["cmor.parameter"]
        late = Domain.FALSE
        for company in self.env.companies:
            days = table._values(company, today).get("sii_check_days", 0)
            holidays = company._utility_holidays({today.year - 1, today.year})
            # sent on the day before this one: its term ended yesterday
            first = add_working_days(today, -days, holidays)
            start = datetime.combine(first, time.min, ROME).astimezone(UTC)
            late |= Domain("company_id", "=", company.id) & Domain(
                field, "<", start.replace(tzinfo=None)
            )
        return late
