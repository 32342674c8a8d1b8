from odoo import Command, api, models
from odoo.exceptions import UserError

from odoo.addons.utility_supply.models.bulk import insert_rows

from ..rules import agency_fees as rules
from .amounts import exact
from .dunning_agency_statement import DRAFT, FROZEN

ROWS = 5000


class DunningAgencyStatement(models.Model):
    """How the fees of a period become frozen lines, and what they consist of."""

    _inherit = "dunning.agency.statement"

    def action_freeze(self):
        """Button: freeze the fees of the period as they are today.

        :raise UserError: the period is not over, or a later one is frozen already
        """
        self._check_clerk()
        for one in self:
            one._check_state(DRAFT)
            one._check_is_last()
            today = self.env["dunning.case"]._today(one.company_id)
            if one.date_to >= today:
                raise UserError(
                    self.env._("The period is not over: money still arrives in it.")
                )
            one.sudo()._freeze(today)
        return True

    def _freeze(self, today):
        self._watch_money(today)
        lines = rules.statement(
            self._arrivals(), self._frozen(), self.date_from, self.date_to
        )
        known = self.env["dunning.agency.assignment"].browse(
            {assignment for assignment, _partial in (line.key for line in lines)}
        )
        bills = self._bills(lines)
        rows = [
            {
                "statement_id": self.id,
                "company_id": self.company_id.id,
                "provider_id": self.provider_id.id,
                "kind": line.kind,
                "assignment_id": line.key[0],
                "partner_id": known.browse(line.key[0]).partner_id.id,
                "move_id": bills.get(line.key),
                "matching": line.key[1],
                "turn": line.turn,
                "date": line.day,
                "amount": float(line.amount),
                "fee": float(line.fee),
            }
            for line in lines
        ]
        model = self.env["dunning.agency.statement.line"].sudo()._guarded()
        for start in range(0, len(rows), ROWS):
            insert_rows(model, rows[start : start + ROWS])
        self.invalidate_recordset(["line_ids"])
        authors = self.provider_id.sudo()._tariff_authors(self.date_to)
        self._guarded().write(
            {
                "state": FROZEN,
                "frozen_on": today,
                "frozen_by": self.env.uid,
                "tariff_author_ids": [Command.set(authors.ids)],
            }
        )

    def _watch_money(self, today):
        """Reckon the fees of the agency as of now, not of last night."""
        self.env["dunning.agency.assignment"].search(
            [
                ("provider_id", "=", self.provider_id.id),
                ("company_id", "=", self.company_id.id),
                ("sent_on", "!=", False),
            ]
        )._set_money(today)

    def _arrivals(self):
        """What the list of fees has today of the agency: one query."""
        self.env.flush_all()
        rows = self.env["dunning.agency.arrival"].search_fetch(
            [
                ("provider_id", "=", self.provider_id.id),
                ("company_id", "=", self.company_id.id),
            ],
            ["assignment_id", "date", "amount", "fee"],
            order="id",
        )
        return [
            rules.Arrival(
                (row.assignment_id.id, row.id),
                row.date,
                exact(row.amount),
                exact(row.fee),
            )
            for row in rows
        ]

    def _frozen(self):
        """{key: rules.Frozen} of all statements of the agency that count."""
        rows = self.env["dunning.agency.statement.line"]._read_group(
            [
                ("provider_id", "=", self.provider_id.id),
                ("company_id", "=", self.company_id.id),
                ("is_void", "=", False),
            ],
            ["assignment_id", "matching"],
            ["date:max", "amount:sum", "fee:sum", "__count"],
        )
        return {
            (one.id, matching): rules.Frozen(day, exact(amount), exact(fee), count)
            for one, matching, day, amount, fee, count in rows
        }

    def _bills(self, lines):
        """{key: id of the bill}, of payments that are gone by an earlier line."""
        keys = [line.key[1] for line in lines]
        earlier = self.env["dunning.agency.statement.line"].search_fetch(
            [("matching", "in", keys), ("provider_id", "=", self.provider_id.id)],
            ["assignment_id", "matching", "move_id"],
        )
        arrivals = self.env["dunning.agency.arrival"].browse(keys)
        arrivals = arrivals.search_fetch(
            [("id", "in", keys)], ["assignment_id", "move_id"]
        )
        return {
            **{(row.assignment_id.id, row.matching): row.move_id.id for row in earlier},
            **{(row.assignment_id.id, row.id): row.move_id.id for row in arrivals},
        }

    # the difference in words

    @api.depends("line_ids", "state", "provider_id", "date_from", "date_to")
    @api.depends_context("lang")
    def _compute_hint(self):
        for one in self:
            one.hint = "\n".join(one._hints()) if one.state != DRAFT else False

    def _hints(self):
        """What the fees consist of, and what the agency told that is no fee yet."""
        self.ensure_one()
        money, found = self.currency_id.format, self._fees_by_kind()
        hints = []
        if rules.FEE in found:
            count, fee = found[rules.FEE]
            hints.append(
                self.env._(
                    "Payments of the period: %(count)s, fees %(fee)s",
                    count=count,
                    fee=money(fee),
                )
            )
        if rules.LATE in found:
            count, fee = found[rules.LATE]
            hints.append(
                self.env._(
                    "Payments of before, recorded since: %(count)s, fees %(fee)s",
                    count=count,
                    fee=money(fee),
                )
            )
        if rules.CORRECTION in found:
            count, fee = found[rules.CORRECTION]
            hints.append(
                self.env._(
                    "Corrections of earlier statements: %(count)s, fees %(fee)s",
                    count=count,
                    fee=money(fee),
                )
            )
        missing = self.sudo()._told_missing()
        if missing:
            hints.append(
                self.env._(
                    "Told by the agency and not in the books today: %(amount)s, no fee"
                    " until it arrives",
                    amount=money(missing),
                )
            )
        return hints

    def _fees_by_kind(self):
        """{kind: (how many lines, their fees)}"""
        rows = (
            self.env["dunning.agency.statement.line"]
            .sudo()
            ._read_group(
                [("statement_id", "=", self.id)], ["kind"], ["__count", "fee:sum"]
            )
        )
        return {kind: (count, fee) for kind, count, fee in rows}

    def _told_missing(self):
        """What the agency told of the period's end and the books do not have."""
        [(total,)] = self.env["dunning.agency.assignment"]._read_group(
            [
                ("provider_id", "=", self.provider_id.id),
                ("company_id", "=", self.company_id.id),
                ("sent_on", "<=", self.date_to),
                ("difference", "<", 0),
                ("is_money_seen", "=", False),
            ],
            [],
            ["difference:sum"],
        )
        return -(total or 0)
