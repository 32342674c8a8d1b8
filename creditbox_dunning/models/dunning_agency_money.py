from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.utility_supply.models.bulk import update_rows, update_same

from ..rules import agency
from .amounts import exact

# how long after it was sent the money of an assignment is looked for
WATCHED_DAYS = 730


class DunningAgencyAssignment(models.Model):
    """What the agency says it collected, beside what the books have."""

    _inherit = "dunning.agency.assignment"

    _guarded_fields = frozenset(
        {
            "arrived",
            "told",
            "difference",
            "money_state",
            "money_on",
            "is_money_seen",
            "fee_percent",
            "fee_fixed",
            "fee",
        }
    )

    arrived = fields.Monetary(
        readonly=True,
        help="Payments of the books on the bills of the case, from the day on which it"
        " was sent until another agency had it.",
    )
    told = fields.Monetary(
        readonly=True,
        help="What the agency says that it collected: its payments, or its last row"
        " when that says more.",
    )
    difference = fields.Monetary(
        readonly=True, help="What arrived less what the agency told."
    )
    money_state = fields.Selection(
        [
            (agency.MATCHED, "Matched"),
            (agency.AWAITED, "Told, may still arrive"),
            (agency.MISSING, "Told, not arrived"),
            (agency.MORE, "More than told"),
        ],
        string="Money",
        readonly=True,
        index="btree_not_null",
    )
    fee_percent = fields.Float(
        string="Fee (%)",
        digits=(5, 2),
        readonly=True,
        help="By the agency's tariff, for the age and the amount of the day on which"
        " the case was sent.",
    )
    fee_fixed = fields.Monetary(string="Fixed fee", readonly=True)
    fee = fields.Monetary(
        readonly=True, help="On the payments that arrived, not on those told."
    )
    money_on = fields.Date(string="Money looked at on", readonly=True)
    is_money_seen = fields.Boolean(
        string="Cleared up",
        readonly=True,
        help="A person looked at the difference; it comes back when it changes.",
    )

    _money_idx = models.Index("(company_id, money_on) WHERE sent_on IS NOT NULL")

    @api.model
    def _check_money(self):
        """Once a day, and at once when an agency told something new: compare what was
        told with the books. Three queries a company, whatever the number."""
        model = self.sudo()
        known = model._read_group([("sent_on", "!=", False)], ["company_id"])
        for (company,) in known:
            today = self.env["dunning.case"]._today(company)
            model.search(
                [
                    ("company_id", "=", company.id),
                    ("sent_on", ">=", today - timedelta(days=WATCHED_DAYS)),
                    "|",
                    ("money_on", "=", False),
                    ("money_on", "<", today),
                ]
            )._set_money(today)

    def _set_money(self, today):
        """Write on these what arrived, what was told and what comes of it."""
        if not self:
            return
        update_rows(self, self._fee_rates())
        arrived = self._arrived()
        rows = {}
        for one in self:
            answers = [result._as_answer() for result in one.result_ids]
            debt = exact(one.amount)
            came, fee = arrived.get(one.id, (agency.ZERO, agency.ZERO))
            told = agency.told_money(answers, debt)
            days = one.provider_id.money_days
            state = agency.money_state(answers, debt, came, days, today)
            is_same = (exact(one.told), exact(one.arrived)) == (told, came)
            rows[one.id] = {
                "arrived": float(came),
                "fee": float(fee),
                "told": float(told),
                "difference": float(came - told),
                "money_state": state or False,
                "is_money_seen": one.is_money_seen and is_same,
                "money_on": today,
            }
        update_rows(self, rows)

    def _arrived(self):
        """{assignment id: (Decimal that the books have, Decimal fee on it)}"""
        self.env.flush_all()
        rows = (
            self.env["dunning.agency.arrival"]
            .sudo()
            ._read_group(
                [("assignment_id", "in", self.ids)],
                ["assignment_id"],
                ["amount:sum", "fee:sum"],
            )
        )
        return {one.id: (exact(amount), exact(fee)) for one, amount, fee in rows}

    def _fee_rates(self):
        """{assignment id: the percentage and fixed amount of its agency's tariff}; the
        one percentage of the agency where it has no tariff."""
        oldest = {
            action.id: day
            for action, day in self.env["dunning.action.item"]
            .sudo()
            ._read_group(
                [("action_id", "in", self.action_id.ids)],
                ["action_id"],
                ["date_maturity:min"],
            )
        }
        tariffs = {
            provider.id: provider.agency_fee_ids._as_facts()
            for provider in self.provider_id.sudo()
        }
        rates = {}
        for one in self:
            due = oldest.get(one.action_id.id) or one.sent_on
            # sent before it was due: no days past due
            age = max((one.sent_on - due).days, 0)
            tariff = tariffs.get(one.provider_id.id, ())
            row = agency.choose_fee(tariff, one.sent_on, age, exact(one.amount))
            percent = row.percent if row else exact(one.provider_id.fee_percent)
            rates[one.id] = {
                "fee_percent": float(percent),
                "fee_fixed": float(row.fixed if row else 0),
            }
        return rates

    def _money_told(self):
        """Something new was told of these: the next watch looks at them."""
        update_same(self.sudo(), {"money_on": False})

    # buttons

    def action_money_seen(self):
        """Button: the difference was cleared up with the agency."""
        self.check_access("read")
        self.env["dunning.case"]._check_is_operator(self)
        update_same(self.sudo(), {"is_money_seen": True})
        return True

    def action_open_arrivals(self):
        """Button: the payments of the books that count."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Arrived"),
            "res_model": "dunning.agency.arrival",
            "view_mode": "list",
            "domain": [("assignment_id", "=", self.id)],
        }
