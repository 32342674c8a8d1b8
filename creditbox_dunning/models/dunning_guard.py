from collections import defaultdict
from datetime import date
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.utility_supply.rules import suspendibility

from ..rules.guard import make_guard
from ..rules.guard_common import Law, allow, is_open_day
from ..rules.guard_facts import Supply
from .amounts import exact
from .dunning_facts import NOTICE_PROVED

CYCLE_MONTHS = 12
# what the statements below read: written first
READ_BY_SQL = (
    "account.move",
    "account.move.line",
    "account.partial.reconcile",
    "utility.notice",
    "dunning.prescription.act",
    "utility.contract",
    "utility.supply.point",
)
YEARS_BEHIND, YEARS_AHEAD = 6, 3


class SupplyRow(NamedTuple):
    """What is read of a supply: see ``_read_supplies``."""

    id: int
    service: str
    customer_type: str
    is_protected: bool
    deposit: float
    state_since: date | None
    voltage: str | None
    can_reduce: bool
    resident: bool
    condominium: bool
    annual_charge: float
    municipality_code: str | None
    city: str | None


class DunningGuard(models.AbstractModel):
    """The legal guard's door to the database: its facts, its numbers, its calendar.

    Everything is read with sudo and in bulk. Of a protection only its being there goes
    out: never its kind.
    """

    _name = "dunning.guard"
    _description = "Legal guard"

    @api.model
    def _guard_for(self, company, today):
        """The planner's ``guard`` for the cases of ``company`` on ``today``."""
        return make_guard(self._law_for(company, today))

    @api.model
    def _law_for(self, company, today):
        """The numbers, the holidays and the way of counting days of ``company``."""
        years = self._years(today)
        return Law(
            numbers=self.env["dunning.legal.parameter"]._parameters(),
            holidays=frozenset(company._utility_holidays(years)),
            shift=self.env["dunning.facts"]._shift_for(company, years),
        )

    @api.model
    def _years(self, today):
        return range(today.year - YEARS_BEHIND, today.year + YEARS_AHEAD)

    @api.model
    def _open_day(self, contract, day):
        """(may a supply be cut there on ``day``, the first day from it when one may).

        For the day that the technical office plans.
        """
        years = self._years(day)
        holidays = frozenset(contract.company_id._utility_holidays(years))
        closed = self._closed_of(
            contract.sudo().supply_point_id,
            self.env["dunning.local.holiday"]._closed_days(years),
        )
        return is_open_day(day, holidays, closed), allow(day, holidays, closed)

    @api.model
    def _supply_facts(self, cases, lines, today):
        """{case id: rules.guard_facts.Supply} in a fixed number of statements.

        ``lines``: {case id: [open receivables]} as read by ``dunning.facts``. Cases
        without a contract have no supply and are not in it.
        """
        # browsed again so that they are read together, wherever they come from
        cases = cases.browse(cases.ids).sudo().filtered("contract_id")
        if not cases:
            return {}
        contracts = cases.contract_id
        for name in READ_BY_SQL:
            self.env[name].flush_model()
        numbers = self.env["dunning.legal.parameter"]._parameters()
        moves = self._moves(lines)
        classes = contracts._suspendibility_facts_of(today)
        known = {
            "supplies": self._read_supplies(contracts),
            "classes": {
                contract.id: suspendibility.classify(facts)
                for contract, facts in classes.items()
            },
            "cycle": self._cycle_amounts(contracts, today),
            "moves": moves,
            "interrupted": self.env["dunning.prescription"]._acts_of(
                contracts, list(moves)
            ),
            "defaults": self._old_defaults(contracts, moves, numbers, today),
            "half": self._half_payments(contracts, numbers, today),
            "closed": self.env["dunning.local.holiday"]._closed_days(
                self._years(today)
            ),
            "waived": self.env["dunning.guard.waiver"]._waived_of(cases),
            "clock": self.env["dunning.prescription"]._clocks(numbers),
            "digits": cases.company_id.currency_id.decimal_places,
        }
        return {
            case.id: self._supply_of(
                case.id, case.contract_id.id, lines.get(case.id, ()), known, today
            )
            for case in cases
        }

    def _read_supplies(self, contracts):
        """{contract id: SupplyRow}"""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT contract.id, contract.service, contract.customer_type,
                       COALESCE(contract.is_protected, FALSE), contract.deposit,
                       contract.supply_state_date, point.voltage_level,
                       COALESCE(point.remote_reduction, FALSE),
                       COALESCE(point.water_resident, FALSE),
                       COALESCE(point.dwelling_count > 1, FALSE),
                       point.annual_facilitated_charge, point.municipality_code,
                       point.city
                  FROM utility_contract contract
                  JOIN utility_supply_point point
                    ON point.id = contract.supply_point_id
                 WHERE contract.id = ANY(%s)
                """,
                contracts.ids,
            )
        )
        return {row[0]: SupplyRow(*row) for row in rows}

    def _supply_of(self, case_id, contract_id, rows, known, today):
        row = known["supplies"][contract_id]
        digits = known["digits"]
        outcome = known["classes"][contract_id]
        cycle = known["cycle"].get(contract_id)
        return Supply(
            is_protected=row.is_protected or outcome.is_protected,
            limit_only=outcome.limit_only,
            voltage=row.voltage,
            can_reduce=row.can_reduce,
            resident=row.resident,
            condominium=row.condominium,
            deposit=exact(row.deposit, digits),
            cycle_amount=exact(cycle, digits) if cycle else None,
            annual_charge=exact(row.annual_charge, digits) or None,
            other_services=self._other_services(rows, known["moves"], digits),
            prescribed=self._prescribed(row, rows, known, today),
            half_paid_on=known["half"].get(contract_id),
            defaulted_lately=contract_id in known["defaults"] or None,
            state_since=row.state_since,
            municipality=row.municipality_code or row.city or "",
            closed_days=self._closed_of(row, known["closed"]),
            waived=known["waived"].get(case_id, frozenset()),
        )

    def _closed_of(self, point, closed):
        """The patron days where ``point`` is; ``closed``: those of all places."""
        if not closed:
            return frozenset()
        normal = self.env["dunning.local.holiday"]._normal
        return closed.get(normal(point.municipality_code), frozenset()) | closed.get(
            normal(point.city), frozenset()
        )

    # what the bills say

    def _moves(self, lines):
        """{move id: share of other services} of the open receivables."""
        ids = list({row["move"] for rows in lines.values() for row in rows})
        if not ids:
            return {}
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT id, COALESCE(other_services_amount, 0)"
                    "  FROM account_move WHERE id = ANY(%s)",
                    ids,
                )
            )
        )

    def _other_services(self, rows, moves, digits):
        """{receivable: share for other services}; what was paid went to the supply."""
        found, left = {}, {}
        for row in rows:
            rest = left.get(row["move"], moves.get(row["move"]) or 0)
            share = min(rest, max(row["residual"], 0))
            if share > 0:
                left[row["move"]] = rest - share
                found[row["id"]] = exact(share, digits)
        return found

    def _prescribed(self, supply, rows, known, today):
        """The receivables that are time-barred on ``today``: rules/prescription.py."""
        moves, whole = known["interrupted"]
        everywhere = whole.get(supply.id, frozenset())
        found = set()
        for row in rows:
            acts = moves.get(row["move"], frozenset()) | everywhere
            told = known["clock"](
                supply.service, supply.customer_type, row["due"], acts
            )
            if told and told.expires and told.expires < today:
                found.add(row["id"])
        return frozenset(found)

    def _cycle_amounts(self, contracts, today):
        """{contract id: average amount of its bills of the last year}.

        A bill names its contract itself or, over several sites, on its lines: two
        lookups, each by its own index. The lines of a bill are looked up bill by bill
        (OFFSET 0 keeps it so): joined, they cost a scan of all lines a chunk.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT contract_id, SUM(balance) / COUNT(DISTINCT move_id)
                  FROM (SELECT line.utility_contract_id AS contract_id,
                               line.move_id, line.balance
                          FROM account_move_line line
                          JOIN account_move move ON move.id = line.move_id
                         WHERE line.utility_contract_id = ANY(%(contracts)s)
                           AND line.display_type = 'payment_term'
                           AND line.parent_state = 'posted'
                           AND move.move_type = 'out_invoice'
                           AND move.invoice_date > %(start)s
                     UNION ALL
                        SELECT move.utility_contract_id, move.id, line.balance
                          FROM account_move move
                    CROSS JOIN LATERAL (
                               SELECT balance
                                 FROM account_move_line
                                WHERE move_id = move.id
                                  AND utility_contract_id IS NULL
                                  AND display_type = 'payment_term'
                                  AND parent_state = 'posted'
                               OFFSET 0) line
                         WHERE move.utility_contract_id = ANY(%(contracts)s)
                           AND move.move_type = 'out_invoice'
                           AND move.invoice_date > %(start)s) bill
              GROUP BY contract_id
                """,
                contracts=contracts.ids,
                start=fields.Date.subtract(today, months=CYCLE_MONTHS),
            )
        )
        return dict(rows)

    # what the notices say

    def _old_defaults(self, contracts, moves, numbers, today):
        """Contracts in default for other bills within the months that matter (water).

        A notice that names no bill may be the present one: it shortens no term.
        """
        months = numbers.get("water", "default_months", today)
        if months is None:
            return set()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT notice.contract_id
                  FROM utility_notice notice
                 WHERE notice.contract_id = ANY(%s)
                   AND notice.kind = 'default'
                   AND notice.is_formal_notice
                   AND notice.notified_date >= %s
                   AND %s
                   AND EXISTS (SELECT FROM utility_notice_account_move_rel rel
                                WHERE rel.notice_id = notice.id)
                   AND NOT EXISTS (SELECT FROM utility_notice_account_move_rel rel
                                    WHERE rel.notice_id = notice.id
                                      AND rel.move_id = ANY(%s))
                """,
                contracts.ids,
                fields.Date.subtract(today, months=months.count),
                NOTICE_PROVED,
                list(moves),
            )
        )
        return {contract_id for (contract_id,) in rows}

    def _half_payments(self, contracts, numbers, today):
        """{contract id: day} on which a condominium paid at least half at once.

        One payment, matched with the bills of the last notice of default between its
        sending and its term to pay (REMSI, 311/2019/R/idr).
        """
        share = numbers.get("water", "condominium_share", today)
        if share is None:
            return {}
        rows = self.env.execute_query(
            SQL(
                """
                WITH notice AS (
                    SELECT DISTINCT ON (told.contract_id) told.*
                      FROM utility_notice told
                      JOIN utility_contract contract
                        ON contract.id = told.contract_id
                      JOIN utility_supply_point point
                        ON point.id = contract.supply_point_id
                     WHERE told.contract_id = ANY(%s)
                       AND told.kind = 'default'
                       AND told.is_formal_notice
                       AND told.amount > 0
                       AND point.service = 'water'
                       AND point.dwelling_count > 1
                  ORDER BY told.contract_id, told.sent_date DESC, told.id DESC
                )
                SELECT notice.contract_id, credit.date, SUM(matched.amount),
                       notice.amount
                  FROM notice
                  JOIN utility_notice_account_move_rel rel
                    ON rel.notice_id = notice.id
                  JOIN account_move bill ON bill.id = rel.move_id
                  JOIN account_move_line debit
                    ON debit.move_id = bill.id
                   AND debit.display_type = 'payment_term'
                   AND COALESCE(debit.utility_contract_id,
                                bill.utility_contract_id) = notice.contract_id
                  JOIN account_partial_reconcile matched
                    ON matched.debit_move_id = debit.id
                  JOIN account_move_line credit
                    ON credit.id = matched.credit_move_id
                 WHERE credit.date >= notice.sent_date
                   AND credit.date <= COALESCE(notice.pay_term, credit.date)
                   AND credit.date <= %s
              GROUP BY notice.contract_id, notice.amount, credit.move_id, credit.date
                """,
                contracts.ids,
                today,
            )
        )
        found = defaultdict(list)
        for contract_id, day, paid, amount in rows:
            if float(paid) * 100 >= float(amount) * float(share.value):
                found[contract_id].append(day)
        return {contract_id: max(days) for contract_id, days in found.items()}
