from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..rules import amount as amount_rules
from ..rules import eligibility, lifecycle

NOTICE_FIELDS = [
    "ref",
    "contract_id",
    "is_formal_notice",
    "channel",
    "cmor_warning",
    "sent_date",
    "notified_date",
    "pay_term",
    "attachment_ids",
    "move_ids",
]
# charges that a bill may carry and that are no consumption of this seller's
COST_KINDS = ("interest", "cost")
MOVE_FIELDS = (
    "name",
    "billing_ref",
    "amount_total",
    "invoice_date",
    "consumption_from",
    "consumption_to",
    "reading_kind",
    "recalculation_kind",
    "is_closing_bill",
    "other_services_amount",
    "billing_residual",
    "billing_residual_date",
)


class MoveData(NamedTuple):
    """What the rules see of a bill, as the database has it: of four bills for each of
    thousands no records are made."""

    id: int
    name: str | None
    billing_ref: str | None
    amount_total: float | None
    invoice_date: date | None
    consumption_from: date | None
    consumption_to: date | None
    reading_kind: str | None
    recalculation_kind: str | None
    is_closing_bill: bool | None
    other_services_amount: float | None
    billing_residual: float | None
    billing_residual_date: date | None
    # those of the bill that a credit note takes back
    reversed_from: date | None
    reversed_to: date | None


# ``mine`` a practice, ``partner`` its customer: money of his that waits for a bill. By
# the index of the partner: OFFSET 0 keeps PostgreSQL from reading the whole table
OPEN_CREDITS = SQL(
    """
    SELECT line.id, line.amount_residual
      FROM account_move_line line
      JOIN account_account account ON account.id = line.account_id
      JOIN account_move move ON move.id = line.move_id
     WHERE line.partner_id = partner.commercial_partner_id
       AND line.company_id = mine.company_id
       AND line.parent_state = 'posted'
       AND line.reconciled IS NOT TRUE
       AND line.amount_residual < 0
       AND (line.utility_contract_id = mine.contract_id
            OR line.utility_contract_id IS NULL)
       AND account.account_type = 'asset_receivable'
       AND move.move_type = 'entry'
    OFFSET 0
    """
)


@dataclass(frozen=True)
class BillData:
    """A bill's share of one contract: its data and what the rules see of it."""

    move: MoveData
    bill: amount_rules.Bill
    billing_residual: Decimal | None


def _cents(value):
    """Float of a monetary field as exact cents."""
    return Decimal(f"{value or 0.0:.2f}")


class CmorPractice(models.Model):
    """Fetching of the facts, in bulk: as many queries for one practice as for all."""

    _inherit = "cmor.practice"

    def _collect_bills(self, contracts, costs_in_credit=False):
        """Posted bills and credit notes of contracts.

        The share of a contract in a bill is that of its receivable lines; a bill
        without contract on the lines belongs whole to the contract of its header.

        :param bool costs_in_credit: interest and recovery costs on a bill are credit
            like the rest of it
        :return: {contract id: [BillData, oldest consumption first]}
        """
        shares = self._bill_shares(contracts)
        moves = self._moves_data({move_id for _contract, move_id in shares})
        bills = defaultdict(list)
        charged = self._charges_on_bills(moves, () if costs_in_credit else COST_KINDS)
        for (contract_id, move_id), (total, residual) in shares.items():
            share = charged.get((contract_id, move_id), Decimal(0))
            bills[contract_id].append(
                self._bill_data(moves[move_id], total, residual, share)
            )
        for items in bills.values():
            items.sort(key=lambda i: (str(i.bill.date_from), str(i.move.invoice_date)))
        return bills

    @api.model
    def _moves_data(self, ids):
        """{id: MoveData} of these bills."""
        moves = self.env["account.move"].sudo()
        moves.flush_model([*MOVE_FIELDS, "reversed_entry_id"])
        query = SQL(
            """
            SELECT move.id, %s, reversed.consumption_from, reversed.consumption_to
              FROM account_move move
         LEFT JOIN account_move reversed ON reversed.id = move.reversed_entry_id
             WHERE move.id = ANY(%s)
            """,
            SQL(", ").join(SQL.identifier("move", name) for name in MOVE_FIELDS),
            list(ids),
        )
        return {row[0]: MoveData(*row) for row in self.env.execute_query(query)}

    def _bill_shares(self, contracts):
        """{(contract id, move id): (total, residual)}, signed, as Decimal."""
        domain = (
            Domain("display_type", "=", "payment_term")
            & Domain("parent_state", "=", "posted")
            & Domain("move_id.move_type", "in", ("out_invoice", "out_refund"))
        )
        lines = self.env["account.move.line"].sudo()
        aggregates = ["balance:sum", "amount_residual:sum"]
        shares = {}
        of_lines = lines._read_group(
            domain & Domain("utility_contract_id", "in", contracts.ids),
            ["utility_contract_id", "move_id"],
            aggregates,
        )
        for contract, move, total, residual in of_lines:
            shares[contract.id, move.id] = (_cents(total), _cents(residual))
        of_headers = lines._read_group(
            domain
            & Domain("utility_contract_id", "=", False)
            & Domain("move_id.utility_contract_id", "in", contracts.ids),
            ["move_id"],
            aggregates,
        )
        for move, total, residual in of_headers:
            key = (move.utility_contract_id.id, move.id)
            before = shares.get(key, (Decimal(0), Decimal(0)))
            shares[key] = (before[0] + _cents(total), before[1] + _cents(residual))
        return shares

    @api.model
    def _charges_on_bills(self, move_ids, kinds):
        """{(contract id, move id): Decimal}: what these bills carry that is no credit
        for energy.

        CMOR of other sellers (what is unpaid of it is the previous CMOR), and charges
        of these kinds.

        :param kinds: kinds of ``utility.charge``
        """
        rows = (
            self.env["utility.charge"]
            .sudo()
            ._read_group(
                Domain("move_id", "in", list(move_ids))
                & (
                    Domain("cmor_practice_id", "!=", False)
                    | Domain("kind", "in", kinds)
                )
                & Domain("state", "in", ("confirmed", "invoiced")),
                ["contract_id", "move_id"],
                ["amount:sum"],
            )
        )
        return {(c.id, move.id): _cents(amount) for c, move, amount in rows}

    def _bill_data(self, move, total, residual, charged=Decimal(0)):
        whole = _cents(move.amount_total)
        other = _cents(move.other_services_amount)
        if other and whole:
            # a bill over several supplies: each bears its part of the other services
            other = other * total / whole
        other += charged
        period = (move.consumption_from, move.consumption_to)
        if not move.consumption_from and (move.reversed_from or move.reversed_to):
            period = (move.reversed_from, move.reversed_to)
        told = None
        if move.billing_residual_date:
            told = _cents(move.billing_residual)
            if whole and abs(total) < abs(whole):
                # of a bill over several supplies its part
                told = amount_rules.round_cent(told * abs(total / whole))
        return BillData(
            move,
            amount_rules.Bill(
                ref=move.billing_ref or move.name,
                date_from=period[0],
                date_to=period[1],
                total=total,
                residual=residual,
                other_services=other,
                meter_fault=move.recalculation_kind == "meter_fault",
            ),
            told,
        )

    def _collect_notices(self, contracts, bills):
        """Notices of the contracts, or that name one of their bills.

        :return: {contract id: [(utility.notice, NoticeFact)]}
        """
        refs, owners = {}, defaultdict(set)
        for contract_id, items in bills.items():
            for item in items:
                refs[item.move.id] = item.bill.ref
                owners[item.move.id].add(contract_id)
        notices = (
            self.env["utility.notice"]
            .sudo()
            .search_fetch(
                Domain("contract_id", "in", contracts.ids)
                | Domain("move_ids", "in", list(refs)),
                NOTICE_FIELDS,
                order="sent_date, id",
            )
        )
        found = defaultdict(list)
        for notice in notices:
            concerned = {notice.contract_id.id}.union(
                *(owners[move.id] for move in notice.move_ids if move.id in owners)
            )
            fact = self._notice_fact(notice, refs)
            for contract_id in concerned & set(contracts.ids):
                found[contract_id].append((notice, fact))
        return found

    def _notice_fact(self, notice, refs):
        return eligibility.NoticeFact(
            ref=notice.ref,
            formal=notice.is_formal_notice,
            channel=notice.channel,
            warning=notice.cmor_warning,
            sent=notice.sent_date or None,
            notified=notice.notified_date or None,
            pay_term=notice.pay_term or None,
            has_proof=bool(notice.attachment_ids),
            # bills of other contracts still tell that the notice names its bills
            bills=frozenset(
                refs.get(move.id, f"#{move.id}") for move in notice.move_ids
            ),
        )

    def _collect_transfers(self):
        """{practice id: code of a later contract of another customer on the point}."""
        contracts = self.env["utility.contract"].sudo().with_context(active_test=False)
        later = contracts.search_fetch(
            Domain("supply_point_id", "in", self.supply_point_id.ids)
            & Domain("end_reason", "!=", False)
            | Domain("supply_point_id", "in", self.supply_point_id.ids)
            & Domain("date_end", "=", False),
            ["supply_point_id", "date_start", "partner_id", "code"],
            order="date_start, id",
        ).grouped("supply_point_id")
        found = {}
        for practice in self:
            for contract in later.get(practice.supply_point_id, contracts):
                if (
                    contract.date_start > practice.date_end
                    and contract.partner_id != practice.partner_id
                ):
                    found[practice.id] = contract.code
                    break
        return found

    def _collect_twins(self):
        """{practice id: reference of another live practice for the same supply}."""
        candidates = self.sudo().search_fetch(
            Domain("side", "=", "outgoing")
            & Domain("supply_point_id", "in", self.supply_point_id.ids)
            & Domain("state", "not in", lifecycle.DEAD_STATES),
            ["name", "supply_point_id", "partner_id", "date_end"],
        )
        by_supply = defaultdict(list)
        for practice in candidates:
            by_supply[practice._supply_key()].append(practice)
        found = {}
        for practice in self:
            others = [p for p in by_supply[practice._supply_key()] if p != practice]
            if others:
                found[practice.id] = others[0].name
        return found

    def _collect_credits(self):
        """{practice id: Decimal}: payments of the customer that no bill takes, of the
        contract or of none. One query."""
        self.env["account.move.line"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT mine.id, -SUM(item.amount_residual)
                  FROM cmor_practice mine
                  JOIN res_partner partner ON partner.id = mine.partner_id
                 CROSS JOIN LATERAL (%s) item
                 WHERE mine.id = ANY(%s)
                 GROUP BY mine.id
                """,
                OPEN_CREDITS,
                list(self.ids),
            )
        )
        return {practice_id: _cents(amount) for practice_id, amount in rows}

    def _collect_told(self, bills):
        """What the customers have told us: {practice id: {name of
        ``eligibility.PracticeFacts``: [what and when]}}.

        :param dict bills: {practice id: ids of its open bills}
        """
        found = defaultdict(lambda: defaultdict(list))
        for practice in self:
            if practice.complaint_on:
                name = "answered" if practice.complaint_answered_on else "complaints"
                found[practice.id][name].append(f"{practice.complaint_on:%d/%m/%Y}")
        return found

    def _supply_key(self):
        return (self.supply_point_id.id, self.partner_id.id, self.date_end)
