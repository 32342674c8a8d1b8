from collections import defaultdict

from odoo import models
from odoo.tools import SQL

from ..rules.facts import Hold
from ..rules.holds import ONE_DAY
from .amounts import exact
from .dunning_moratorium import CUSTOMER_FIELDS, SERVICE_FIELDS


class StandIns(tuple):
    """Cases that never were, for a reader that wants a recordset of them.

    Only what the legal guard's reader asks: nothing can be written through it.
    """

    __slots__ = ()

    def sudo(self):
        return self

    def browse(self, _ids):
        return self

    def filtered(self, name):
        return StandIns(case for case in self if getattr(case, name))

    @property
    def ids(self):
        return [case.id for case in self]

    @property
    def contract_id(self):
        contracts = [case.contract_id for case in self]
        return contracts[0].union(*contracts) if contracts else contracts

    @property
    def company_id(self):
        companies = [case.company_id for case in self]
        return companies[0].union(*companies) if companies else companies


class DunningSimulationReader(models.AbstractModel):
    """The suspensions of the time, and what the law may know of the supplies."""

    _inherit = "dunning.simulation.reader"

    def _read_supplies(self, simulation, groups):
        """{-group number: rules.guard_facts.Supply} at the beginning of the period.

        The master data are today's (what they were then is not kept); bills, notices
        and payments count as of the first day of the period.
        """
        lines = {
            -group.number: [
                {
                    "id": line["id"],
                    "due": line["due"],
                    "residual": exact(line["balance"]),
                    "move": line["move"],
                    "excluded": False,
                }
                for line in group.lines
            ]
            for group in groups
        }
        supplies = {}
        by_company = defaultdict(list)
        for group in groups:
            if group.contract:
                by_company[group.company].append(group.stand_in)
        for company, cases in by_company.items():
            guard = self.env["dunning.guard"].with_company(company)
            supplies |= guard._supply_facts(
                StandIns(cases), lines, simulation.date_from
            )
        return supplies

    def _read_holds(self, simulation, groups):
        """{group number: [Hold]} of the suspensions and moratoria of the period."""
        found = defaultdict(list)
        places = self._places(groups)
        for row in self.env.execute_query(self._holds_sql(simulation, groups)):
            company, contract, partner, move, code, start, resume, stops, clock = row
            hold = {
                "reason": code,
                "start": start,
                "until": resume and resume - ONE_DAY,
                "stops": stops,
                "clock": clock,
            }
            reached = (
                *places.get(("contract", company, contract), ()),
                *places.get(("partner", company, partner), ()),
            )
            for number, lines in reached:
                found[number].append(Hold(**hold, lines=lines))
            for number, lines in places.get(("move", company, move), ()):
                found[number].append(Hold(**hold, lines=lines))
        for number, hold in self._moratoria(simulation, groups):
            found[number].append(hold)
        return found

    def _places(self, groups):
        """{(kind, company, id): [(group number, receivables or None)]}.

        A suspension of one bill names its receivables; one of a supply or customer
        holds the whole case.
        """
        places = defaultdict(list)
        for group in groups:
            company = group.company.id
            places["partner", company, group.partner.id].append((group.number, None))
            if group.contract:
                place = "contract", company, group.contract.id
                places[place].append((group.number, None))
            of_move = defaultdict(set)
            for line in group.lines:
                of_move[line["move"]].add(line["id"])
            for move, ids in of_move.items():
                places["move", company, move].append((group.number, frozenset(ids)))
        return places

    def _holds_sql(self, simulation, groups):
        """Suspensions that touch the period; one of a case is that of its supply, one
        of a payment plan that of its bills."""
        return SQL(
            """
            SELECT hold.company_id,
                   CASE WHEN hold.plan_id IS NULL
                        THEN COALESCE(hold.contract_id, kase.contract_id) END,
                   CASE WHEN hold.plan_id IS NULL
                        THEN COALESCE(hold.partner_id,
                                      CASE WHEN kase.contract_id IS NULL
                                           THEN kase.partner_id END) END,
                   COALESCE(hold.move_id, planned.move_id), reason.code,
                   hold.date_from, hold.resume_date, hold.stops, hold.clock
              FROM dunning_hold hold
              JOIN dunning_hold_reason reason ON reason.id = hold.reason_id
         LEFT JOIN dunning_case kase ON kase.id = hold.case_id
         LEFT JOIN LATERAL (
                   SELECT DISTINCT line.move_id
                     FROM dunning_payment_plan_line_rel rel
                     JOIN account_move_line line ON line.id = rel.line_id
                    WHERE rel.plan_id = hold.plan_id) planned ON TRUE
             WHERE hold.company_id = ANY(%(companies)s)
               AND hold.customer_id = ANY(%(partners)s)
               AND hold.is_cancelled IS NOT TRUE
               AND hold.stops != 'nothing'
               AND hold.date_from <= %(end)s
               AND (hold.resume_date IS NULL OR hold.resume_date > hold.date_from)
               AND (hold.resume_date IS NULL OR hold.resume_date > %(start)s
                    OR hold.clock = 'stop')
          ORDER BY hold.date_from, hold.id
            """,
            companies=simulation.company_ids.ids,
            partners=list({group.partner.id for group in groups}),
            start=simulation.date_from,
            end=simulation.date_to,
        )

    def _moratoria(self, simulation, groups):
        """(group number, Hold) of the moratoria that touched the period.

        By the place of the supply, or of the customer where that is not known.
        """
        moratoria = self.env["dunning.moratorium"].search(
            [
                ("date_from", "<=", simulation.date_to),
                "|",
                "|",
                ("date_to", "=", False),
                ("date_to", ">=", simulation.date_from),
                ("clock", "=", "stop"),
            ],
            order="id",
        )
        for moratorium in moratoria:
            hold = Hold(
                reason="moratorium",
                label=moratorium.name,
                start=moratorium.date_from,
                until=moratorium.date_to or None,
                stops=moratorium.stops,
                clock=moratorium.clock,
            )
            companies = moratorium._companies()
            for group in groups:
                line = group.company.sudo().parent_ids
                if line & companies and self._is_in_area(moratorium, group):
                    yield group.number, hold

    def _is_in_area(self, moratorium, group):
        key = group.key
        if key.service in SERVICE_FIELDS and not moratorium[key.service]:
            return False
        if key.customer_type in CUSTOMER_FIELDS and not moratorium[key.customer_type]:
            return False
        if moratorium.everywhere:
            return True
        partner = group.partner
        point = group.contract.supply_point_id if group.contract else None
        code = (point and point.municipality_code or "").upper()
        city = (point and point.city or partner.city or "").lower()
        state = point and point.state_id or partner.state_id
        return any(
            (area.code or "").upper() == code
            if area.code
            else (not area.city or area.city.lower() == city)
            and (not area.state_id or area.state_id == state)
            for area in moratorium.area_ids
        )
