from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_date

from odoo.addons.utility_supply.models.utility_supply_point import SERVICES

from ..rules.interest import ANY, kinds_without_rate
from .dunning_dated_rule import DEBTORS

# a rate that goes on until the next one: somebody has to look at it now and then
LOOK_AGAIN_DAYS = 183
ADMIN = "creditbox_dunning.group_dunning_admin"


class DunningInterestRate(models.Model):
    """Which rates are missing today: what is not known is not charged, but told."""

    _inherit = "dunning.interest.rate"

    @api.model
    def _warnings_of(self, company, today):
        """In words: the rates that the rules of ``company`` ask for and that nobody
        entered for ``today``, and those that nobody looked at for half a year."""
        rules = self.env["dunning.interest.rule"]._rules_of(company)
        services = [ANY, *(service for service, _name in SERVICES)]
        debtors = dict(self.env["dunning.interest.rule"]._fields["debtor"].selection)
        missing = kinds_without_rate(
            rules, self._bases_of(company), today, services, list(debtors)
        )
        told = [self._tell_missing(kind, who) for kind, who in missing.items()]
        if any(rule.base == "ecb" for rule in rules) and "ecb" not in missing:
            told += self._tell_old("ecb", today)
        return told

    def _tell_missing(self, kind, who):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        rule = self.env["dunning.interest.rule"]
        debtors = dict(rule._fields["debtor"]._description_selection(self.env))
        concerned = {debtor for _service, debtor in who}
        last = self.sudo().search([("kind", "=", kind)], limit=1)
        return self.env._(
            "%(rate)s: no value for today, the last one begins on %(since)s. Until it"
            " is entered (Configuration, Interest and costs, Interest rates) these bear"
            " no interest: %(who)s.",
            rate=kinds[kind],
            since=format_date(self.env, last.date_from) if last else "-",
            who=", ".join(debtors[key] for key, _name in DEBTORS if key in concerned),
        )

    def _tell_old(self, kind, today):
        """A rate without an end that nobody compared with its source for long."""
        row = self.sudo().search(
            [("kind", "=", kind), ("date_from", "<=", today)], limit=1
        )
        seen = max(filter(None, (row.date_from, row.checked_on)))
        if row.date_to or seen >= today - timedelta(days=LOOK_AGAIN_DAYS):
            return []
        names = dict(self._fields["kind"]._description_selection(self.env))
        return [
            self.env._(
                "%(rate)s: the value of %(since)s still holds and nobody looked at it"
                " for half a year. See whether it changed, then mark it as checked.",
                rate=names[kind],
                since=format_date(self.env, row.date_from),
            )
        ]


class DunningWorklist(models.AbstractModel):
    """Proposed charges that wait, and rates that are missing."""

    _inherit = "dunning.worklist"

    @api.model
    def get_today(self):
        # EXTENDS
        return {**super().get_today(), "warnings": self._rate_warnings()}

    def _rate_warnings(self):
        """[{text, action}] of the rates missing in the companies at work."""
        rates = self.env["dunning.interest.rate"]
        if not rates.has_access("read"):
            return []
        today = fields.Date.context_today(self)
        told = {}
        for company in self.env.companies:
            for text in rates._warnings_of(company, today):
                told.setdefault(text, []).append(company.name)
        several = len(self.env.companies) > 1
        return [
            {
                "text": f"{', '.join(names)}: {text}" if several else text,
                "action": "creditbox_dunning.dunning_interest_rate_action",
                "can_act": self.env.user.has_group(ADMIN),
            }
            for text, names in told.items()
        ]

    def _lists_of_decisions(self, today):
        # EXTENDS
        charges = self.env["utility.charge"]
        may = charges._may_decide()
        told = (
            self.env._("Interest, costs and indemnities proposed: confirm or cancel.")
            if may
            else charges._who_confirms_in_words(self.env.companies)
        )
        return [
            *super()._lists_of_decisions(today),
            {
                "key": "charges",
                "title": self.env._("Charges to confirm"),
                "help": told,
                "icon": "fa-percent",
                "tone": "primary" if may else "info",
                "model": "utility.charge",
                "domain": [
                    ("state", "=", "draft"),
                    ("dunning_case_id", "!=", False),
                    ("waiver_state", "!=", "requested"),
                ],
                "view": "creditbox_dunning.dunning_charge_view_list",
            },
        ]
