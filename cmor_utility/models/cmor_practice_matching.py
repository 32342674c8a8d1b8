from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.utility_supply.models.bulk import plain_values, update_changed

from ..rules import incoming_match
from .texts import choice

REASONS = [
    ("unknown_point", "No supply of ours at this point"),
    ("not_in_force", "No contract in force on the day of the notice"),
    ("holder_differs", "Another holder: transfer?"),
    ("holder_unknown", "The holder cannot be compared"),
    ("several", "Several contracts"),
]

CONTRACT_FACTS = (
    *("code", "supply_point_id", "partner_id", "date_start", "date_end", "end_reason"),
)
NOTICE_FACTS = (
    *("sector", "point_key", "told_fiscal_code", "told_vat", "notice_date"),
)
POINT_FACTS = ("service", "code", "distributor_id")
HOLDER_FACTS = ("l10n_it_codice_fiscale", "vat", "commercial_partner_id")


class CmorPractice(models.Model):
    """Finding our contract for a notice: by point, day and holder; else a person."""

    _inherit = "cmor.practice"

    match_reason = fields.Selection(
        REASONS, string="Why not matched", readonly=True, copy=False
    )
    matched_by_id = fields.Many2one(
        "res.users", string="Matched by", readonly=True, copy=False
    )
    match_note = fields.Char(string="Why matched by hand", readonly=True, copy=False)

    # --- actions ----------------------------------------------------------------

    def action_match(self):
        """Button: dialog with the contracts that may be meant."""
        self.ensure_one()
        self._check_may_operate()
        return {
            "type": "ir.actions.act_window",
            "res_model": "cmor.match.wizard",
            "view_mode": "form",
            "target": "new",
            "name": self.env._("Find the contract"),
            "context": {"default_practice_id": self.id},
        }

    def action_match_again(self):
        """Button: look for the contracts again, with today's data."""
        self._check_may_operate()
        today = fields.Date.context_today(self)
        todo = self.sudo().filtered(
            lambda p: p.side == "incoming" and p.state == "unmatched"
        )
        todo._match_contracts(today)
        todo._settle(today)

    # --- business ---------------------------------------------------------------

    def _match_contracts(self, today):
        """Match what is received or unmatched; constant number of queries.

        :param date today: stands for the day of a notice that has none
        """
        states = plain_values(self, ("state",))
        todo = self.filtered(lambda p: states[p.id].state in ("received", "unmatched"))
        found = {}
        for company, practices in todo.grouped("company_id").items():
            found.update(practices._find_matches(company, today))
        rows, matched = {}, []
        for practice, match in found.items():
            rows[practice] = {"match_reason": match.reason or False}
            if match.chosen:
                matched.append(practice.id)
                rows[practice].update(practice._prepare_match(match.chosen.key))
        update_changed(self, rows)
        matched = self.browse(matched)
        matched._move_to(
            "matched", "matched", lambda p: {"contract": p.contract_id.code}
        )
        (todo - matched).filtered(lambda p: p.state == "received")._move_to(
            "unmatched",
            "unmatched",
            lambda p: {"reason": choice(p, "match_reason")},
        )

    def _find_matches(self, company, today):
        """{practice: rules.incoming_match.Match}; practices of one company."""
        supplies = self._supplies_for(company)
        known, found = plain_values(self, NOTICE_FACTS), {}
        for practice in self:
            row = known[practice.id]
            holder = incoming_match.person_keys(row.told_fiscal_code, row.told_vat)
            near = {}
            for key in (row.point_key, *holder):
                near.update((s.key.id, s) for s in supplies[row.sector, key])
            found[practice] = incoming_match.match_contract(
                row.point_key or "-",
                holder,
                row.notice_date or today,
                list(near.values()),
            )
        return found

    def _told_holder(self):
        return incoming_match.person_keys(self.told_fiscal_code, self.told_vat)

    def _supplies_for(self, company):
        """{(service, point key or person key): [Supply]} near these practices."""
        contracts = self._contracts_near(company)
        rows = plain_values(contracts, CONTRACT_FACTS)
        points = plain_values(contracts.supply_point_id, POINT_FACTS)
        people = contracts.partner_id
        people = plain_values(people | people.commercial_partner_id, HOLDER_FACTS)
        by_key = defaultdict(list)
        for contract in contracts:
            row = rows[contract.id]
            point, partner = points[row.supply_point_id], people[row.partner_id]
            owner = people[partner.commercial_partner_id]
            holder = _holder_keys(partner)
            if owner is not partner:
                holder |= _holder_keys(owner)
            supply = incoming_match.Supply(
                contract,
                incoming_match.point_key(point.service, point.code),
                row.date_start,
                row.date_end,
                holder,
            )
            for key in {supply.point, *holder}:
                by_key[point.service, key].append(supply)
        return by_key

    def _contracts_near(self, company):
        """Contracts at the points told, or of the customers told."""
        told = plain_values(self, NOTICE_FACTS).values()
        points = {row.point_key for row in told if row.point_key}
        people = set()
        for row in told:
            people |= incoming_match.person_keys(row.told_fiscal_code, row.told_vat)
        # what two PODs share is their first 14 characters: an index stands on them
        point_ids = [
            row[0]
            for row in self.env.execute_query(
                SQL(
                    "SELECT id FROM utility_supply_point"
                    " WHERE company_id = %s AND left(code, 14) = ANY(%s)"
                    " AND service IN ('electricity', 'gas')",
                    company.id,
                    list(points),
                )
            )
        ]
        written = [*people, *(f"IT{text}" for text in people if text.isdigit())]
        partners = (
            self.env["res.partner"]
            .sudo()
            .search(
                Domain("company_id", "in", [False, company.id])
                & (
                    Domain("l10n_it_codice_fiscale", "in", written)
                    | Domain("vat", "in", written)
                )
            )
        )
        contracts = self.env["utility.contract"].sudo().with_context(active_test=False)
        found = contracts.search_fetch(
            Domain("company_id", "=", company.id)
            & Domain("service", "in", ("electricity", "gas"))
            & (
                Domain("supply_point_id", "in", point_ids)
                | Domain("partner_id", "in", partners.ids)
            ),
            CONTRACT_FACTS,
            order="date_start desc, id",
        )
        # of thousands nothing is read that is not looked at
        found.supply_point_id.fetch(POINT_FACTS)
        holders = found.partner_id
        holders.fetch(HOLDER_FACTS)
        holders.commercial_partner_id.fetch(HOLDER_FACTS)
        return found

    def _prepare_match(self, contract):
        vals = {
            "contract_id": contract.id,
            "supply_point_id": contract.supply_point_id.id,
            "partner_id": contract.partner_id.id,
            "match_reason": False,
        }
        if not self.distributor_id:
            vals["distributor_id"] = contract.supply_point_id.distributor_id.id
        return vals

    def _match_by_hand(self, contract, note):
        """A person says which contract is meant.

        :param str note: why, mandatory when point, day or holder do not agree
        :raise UserError: the practice waits for no match, or the reason is missing
        """
        self.ensure_one()
        self._check_may_operate()
        practice = self.sudo()
        if practice.side != "incoming" or practice.state != "unmatched":
            raise UserError(
                self.env._("Only a practice whose customer was not found is matched.")
            )
        contract = contract.sudo()
        if contract.company_id != practice.company_id:
            raise UserError(self.env._("The contract is of another company."))
        if contract.service != practice.sector:
            raise UserError(self.env._("The contract is of the other sector."))
        doubt = practice._match_doubt(contract)
        if doubt and not (note or "").strip():
            raise UserError(
                self.env._("%(doubt)s Write why it is right all the same.", doubt=doubt)
            )
        practice._update(
            {
                **practice._prepare_match(contract),
                "matched_by_id": self.env.uid,
                "match_note": (note or "").strip() or False,
            }
        )
        practice._move_to(
            "matched",
            "matched_by_hand",
            {"contract": contract.code, "note": (note or "").strip() or "-"},
        )
        practice._settle(fields.Date.context_today(self))

    @api.model
    def _doubt_texts(self):
        return {
            "unknown_point": self.env._("The contract is at another point."),
            "not_in_force": self.env._(
                "The contract was not in force on the day of the notice."
            ),
            "holder_differs": self.env._("The holder of the contract is another one."),
            "holder_unknown": self.env._(
                "Tax code or VAT number are missing: the holder cannot be compared."
            ),
        }

    def _match_doubt(self, contract):
        """What does not agree between the notice and ``contract``; "" for nothing."""
        supplies = self._supplies_for(self.company_id)
        near = {
            s.key.id: s
            for key in (self.point_key, *self._told_holder())
            for s in supplies[self.sector, key]
        }
        chosen = near.get(contract.id)
        match = incoming_match.match_contract(
            self.point_key or "-",
            self._told_holder(),
            self.notice_date or fields.Date.context_today(self),
            [chosen] if chosen else [],
        )
        return self._doubt_texts().get(match.reason, "")

    def action_unmatch(self):
        """Button of an operator: the contract was the wrong one."""
        self._check_may_operate()
        todo = self.sudo()
        todo._lock_for_money()
        todo = todo.filtered(
            lambda p: (
                p.side == "incoming"
                and p.state in ("matched", "to_charge")
                and not p.billed_amount
                and not p.pending_amount
            )
        )
        if not todo or todo != self:
            raise UserError(
                self.env._(
                    "Only a matched practice not charged to the customer yet is taken"
                    " apart: take the charge back first."
                )
            )
        todo._move_to("unmatched", "state")
        for practice in todo:
            practice._update(
                {
                    "contract_id": False,
                    "supply_point_id": False,
                    "partner_id": False,
                    "matched_by_id": False,
                    "match_note": False,
                }
            )
        todo._set_next()


def _holder_keys(partner):
    return incoming_match.person_keys(partner.l10n_it_codice_fiscale, partner.vat)
