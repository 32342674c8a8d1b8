from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

# shorter texts are in no trigram: only the case's own number is looked at
MIN_LENGTH = 3
# who types "ros" gets the first so many customers, not a query that reads them all
MAX_FOUND = 2000
# a failure is still work to do for so long; a date so long past is a question
RECENT_DAYS = 30
LATE_DAYS = 7


def trigram(column):
    """Definition of a trigram index on ``column``, as Odoo would make it."""

    def definition(registry):
        if not registry.has_trigram:
            return ""
        return f"USING gin ({registry.unaccent(column)} gin_trgm_ops)"

    return definition


class DunningCase(models.Model):
    """Search by what a customer says on the phone.

    Each key is looked up first in the table where it lives, by that table's own index,
    and only then the cases are read by customer, contract or number: one condition
    over five joined tables would read all of them.
    """

    _inherit = "dunning.case"
    _rec_names_search = ("name",)

    search_customer = fields.Char(
        string="Name of the customer", store=False, search="_search_by_customer"
    )
    search_point = fields.Char(
        string="Code of the point", store=False, search="_search_by_point"
    )
    search_tax_code = fields.Char(
        string="Tax code or VAT", store=False, search="_search_by_tax_code"
    )
    search_bill = fields.Char(
        string="Bill number", store=False, search="_search_by_bill"
    )
    search_phone = fields.Char(
        string="Telephone", store=False, search="_search_by_phone"
    )

    waits_for_person = fields.Boolean(
        compute="_compute_waits", search="_search_waits_for_person"
    )
    is_stuck = fields.Boolean(compute="_compute_waits", search="_search_is_stuck")

    # the list's order, in one company or in all
    _order_idx = models.Index("(next_date, id DESC)")
    # the board by next action, the figures of the first page and of the group
    _node_idx = models.Index(
        "(company_id, next_action_type_id, state) INCLUDE (amount_due, due_date)"
        " WHERE state != 'closed'"
    )
    _service_idx = models.Index("(service, next_date, id DESC)")
    _reopened_idx = models.Index("(next_date, id DESC) WHERE reopened_on IS NOT NULL")
    # few of many: what nothing but a person moves on
    _stop_idx = models.Index(
        "(company_id) WHERE state != 'closed' AND next_kind = 'stop'"
    )

    def _compute_waits(self):
        for name in ("waits_for_person", "is_stuck"):
            found = self.search([("id", "in", self.ids), (name, "=", True)])
            for case in self:
                case[name] = case in found

    @api.model
    def _search_display_name(self, operator, value):
        # EXTENDS base: also by customer, contract, point, codes, bill and phone
        domain = Domain(super()._search_display_name(operator, value))
        if operator != "ilike" or not isinstance(value, str):
            return domain
        text = value.strip()
        if len(text) < MIN_LENGTH:
            return domain
        for search in (
            self._search_by_customer,
            self._search_by_contract,
            self._search_by_point,
            self._search_by_tax_code,
            self._search_by_bill,
        ):
            domain |= Domain(search("ilike", text))
        if sum(letter.isdigit() for letter in text) >= MIN_LENGTH and not any(
            letter.isalpha() for letter in text
        ):
            domain |= Domain(self._search_by_phone("ilike", text))
        return domain

    def _search_by_customer(self, operator, value):
        return self._by_partner(Domain("name", operator, value), operator, value)

    def _search_by_tax_code(self, operator, value):
        """Tax code or VAT number, with or without the country's letters."""
        found = Domain.OR(
            Domain(name, operator, value)
            for name in ("l10n_it_codice_fiscale", "vat", "billing_code")
        )
        return self._by_partner(found, operator, value)

    def _search_by_phone(self, operator, value):
        if not _is_searchable(operator, value):
            return NotImplemented
        return self._by_partner(
            Domain("phone_mobile_search", "ilike", value), operator, value
        )

    def _search_by_contract(self, operator, value):
        return self._by_contract(Domain("code", operator, value), operator, value)

    def _search_by_point(self, operator, value):
        if not _is_searchable(operator, value):
            return NotImplemented
        points = self._found("utility.supply.point", Domain("code", operator, value))
        return self._by_contract(
            Domain("supply_point_id", "in", points), operator, value
        )

    def _search_by_bill(self, operator, value):
        """The number of a bill of the case, paid or not."""
        if not _is_searchable(operator, value):
            return NotImplemented
        companies = Domain("company_id", "in", self.env.companies.ids)
        moves = {
            *self._found("account.move", Domain("name", operator, value)),
            *self._found("account.move", companies & Domain("billing_ref", "=", value)),
        }
        lines = self.env["account.move.line"].search(
            [
                ("move_id", "in", list(moves)),
                ("dunning_case_id", "!=", False),
            ]
        )
        return Domain("id", "in", lines.dunning_case_id.ids)

    def _search_waits_for_person(self, operator, value):
        """The table stops, or one of its actions waits for somebody."""
        if operator != "in":
            return NotImplemented
        waiting = Domain("state", "in", ("waiting_approval", "executing"))
        return self._stopped_or(self._of_actions(waiting), value)

    def _search_is_stuck(self, operator, value):
        """Nothing moves by itself: stopped, a day long past, a step that failed."""
        if operator != "in":
            return NotImplemented
        today = fields.Date.context_today(self)
        since = fields.Date.to_string(today - timedelta(days=RECENT_DAYS))
        late = fields.Date.to_string(today - timedelta(days=LATE_DAYS))
        failed = Domain([("state", "=", "failed"), ("planned_date", ">=", since)])
        return self._stopped_or(
            self._of_actions(failed) | Domain("next_date", "<", late), value
        )

    def _of_actions(self, domain):
        """The cases of the actions in ``domain``: looked up first, by their index."""
        rows = self.env["dunning.action"]._read_group(
            domain & Domain("company_id", "in", self.env.companies.ids),
            ["case_id"],
        )
        return Domain("id", "in", [case.id for (case,) in rows])

    def _stopped_or(self, domain, value):
        live = Domain("state", "!=", "closed")
        found = live & (Domain("next_kind", "=", "stop") | domain)
        return found if True in value else ~found

    def _by_partner(self, domain, operator, value):
        if not _is_searchable(operator, value):
            return NotImplemented
        return Domain("partner_id", "in", self._found("res.partner", domain))

    def _by_contract(self, domain, operator, value):
        if not _is_searchable(operator, value):
            return NotImplemented
        return Domain("contract_id", "in", self._found("utility.contract", domain))

    def _found(self, model, domain):
        """Ids of the records of ``model`` that match, archived ones too."""
        records = self.env[model].with_context(active_test=False)
        return list(records._search(domain, limit=MAX_FOUND))


def _is_searchable(operator, value):
    return operator in ("ilike", "=ilike", "like") and bool(value)


class ResPartner(models.Model):
    _inherit = "res.partner"

    _dunning_name_idx = models.Index(trigram("name"))
    _dunning_tax_code_idx = models.Index(trigram("l10n_it_codice_fiscale"))
    _dunning_vat_idx = models.Index(trigram("vat"))


class DunningAction(models.Model):
    _inherit = "dunning.action"

    # the list's order
    _day_idx = models.Index("(planned_date DESC, id DESC)")


class UtilityContract(models.Model):
    _inherit = "utility.contract"

    _dunning_ceased_idx = models.Index("(id) WHERE supply_state = 'ceased'")
