from datetime import datetime, time

from odoo import api, fields, models
from odoo.fields import Domain

from ..rules.deadlines import CHECKS
from ..rules.reckoning import first_running
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
    def _sii_is_late(self, field, parameter="sii_check_days"):
        """Domain: the term ``parameter`` that ran from the moment ``field`` is over.

        Reckoned as the deadlines are: by the value in force on that day, in its kind of
        days.
        """
        today = fields.Date.context_today(self)
        parameters = self.env["cmor.parameter"]
        late = Domain.FALSE
        for company in self.env.companies:
            calendar = parameters._calendar(
                company, range(today.year - 1, today.year + 2)
            )
            for start, end, term in parameters._term_table(company).spells(parameter):
                last = first_running(today, term, calendar)
                last = min(last, end) if end else last
                late |= (
                    Domain("company_id", "=", company.id)
                    & Domain(field, ">=", _midnight(start))
                    & Domain(field, "<", _midnight(last))
                )
        return late

    @api.model
    def _requests_late(self, field, path=""):
        """Domain: a request of ours waits beyond the term of its kind.

        :param str field: moment it was sent, on this model
        :param str path: field of the requests on this model; empty: it is the request
        """
        waiting = Domain("state", "in", ("sent", "admitted"))
        terms = {key: parameter for key, (_term, parameter) in CHECKS.items()}
        chosen = {parameter: Domain.FALSE for parameter in terms.values()}
        chosen["sii_check_days"] = Domain("key", "not in", list(terms))
        for key, parameter in terms.items():
            chosen[parameter] |= Domain("key", "=", key)
        late = Domain.FALSE
        for parameter, kinds in chosen.items():
            found = waiting & kinds
            if path:
                found = Domain(path, "any", found)
            late |= found & self._sii_is_late(field, parameter)
        return late


def _midnight(day):
    """The stored (UTC) moment at which ``day`` begins in Italy."""
    return datetime.combine(day, time.min, ROME).astimezone(UTC).replace(tzinfo=None)
