from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.utility_supply.models.utility_contract import CUSTOMER_TYPES
from odoo.addons.utility_supply.models.utility_supply_point import SERVICES

from ..rules.simulation import step_cost
from .dunning_action_rule import OPERATIONS
from .reason_texts import pack, unpack

# figures of one result row, in the order in which they are added up
FIGURES = (
    "count_simulated",
    "count_failed",
    "amount_simulated",
    "cost_simulated",
    "count_done",
    "amount_done",
    "cost_done",
    "collected",
    "collected_days",
)


class DunningSimulationResult(models.Model):
    """What a simulation did, and what was really done, by month and action.

    Written by SQL in chunks that are added up; nobody edits it.
    """

    _name = "dunning.simulation.result"
    _description = "Result of a simulation"
    _order = "simulation_id desc, month, action_type_id"
    _check_company_auto = True

    simulation_id = fields.Many2one(
        "dunning.simulation", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    month = fields.Date(required=True, help="First day of the month.")
    action_type_id = fields.Many2one(
        "dunning.action.type",
        string="Action",
        index=True,
        help="Empty: money that came before any step.",
    )
    op = fields.Selection(OPERATIONS, string="Operation")
    service = fields.Selection(SERVICES)
    customer_type = fields.Selection(CUSTOMER_TYPES)
    count_simulated = fields.Integer(string="Simulated")
    count_failed = fields.Integer(string="Of these come back")
    count_done = fields.Integer(string="Really done")
    count_difference = fields.Integer(string="Difference")
    amount_simulated = fields.Monetary(string="Amount asked, simulated")
    amount_done = fields.Monetary(string="Amount asked, really")
    cost_simulated = fields.Monetary(string="Cost, simulated")
    cost_done = fields.Monetary(string="Cost, really")
    cost_difference = fields.Monetary(string="Difference of cost")
    collected = fields.Monetary(
        string="Collected after it",
        help="Payments that came after this step and before the next one.",
    )
    collected_days = fields.Monetary(
        string="Amount by days", help="Amount collected times days since it was due."
    )
    collection_days = fields.Float(
        string="Days to collection", compute="_compute_collection_days"
    )

    _once = models.UniqueIndex(
        "(simulation_id, company_id, month, COALESCE(action_type_id, 0),"
        " COALESCE(op, ''), COALESCE(service, ''), COALESCE(customer_type, ''))",
        "This result is there already.",
    )

    @api.depends("collected", "collected_days")
    def _compute_collection_days(self):
        for row in self:
            row.collection_days = (
                row.collected_days / row.collected if row.collected else 0
            )

    # actions

    def action_open_cases(self):
        """Button of a row: the sample cases that took this action in this month."""
        self.ensure_one()
        self.check_access("read")
        steps = self.env["dunning.simulation.step"].search(
            [
                ("simulation_id", "=", self.simulation_id.id),
                ("company_id", "=", self.company_id.id),
                ("action_type_id", "=", self.action_type_id.id),
                ("op", "=", self.op),
                ("date", ">=", self.month),
                ("date", "<", fields.Date.add(self.month, months=1)),
            ]
        )
        action = self.env["ir.actions.actions"]._for_xml_id(
            "creditbox_dunning.dunning_simulation_case_action"
        )
        return {**action, "domain": [("id", "in", steps.sim_case_id.ids)]}

    # filling

    @api.model
    def _add_replays(self, simulation, replays, setup):
        """Add up the steps and payments of a chunk of replays."""
        totals = defaultdict(lambda: [0] * len(FIGURES))
        for item in replays:
            prices = setup.prices.get(item.company_id, {})
            for step in item.replay.steps:
                if step.state == "skipped":
                    continue
                row = totals[self._key_of(item, step.date, step.rule)]
                row[0] += 1
                row[1] += step.state == "failed"
                row[2] += step.amount
                row[3] += step_cost(prices, step.channels, step.date)
            for when, amount, rule, due in item.replay.collected:
                row = totals[self._key_of(item, when, rule)]
                row[7] += amount
                row[8] += amount * (when - due).days
        self._add_up(simulation, totals, setup)

    def _key_of(self, item, day, rule):
        return (
            item.company_id,
            day.replace(day=1),
            rule.action if rule else None,
            rule.op if rule else None,
            item.service or None,
            item.customer_type or None,
        )

    @api.model
    def _add_done(self, simulation, setup):
        """What was really done in the period, counted in the same way."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT action.company_id, action.executed_date, kind.code, action.op,
                       kase.service, kase.customer_type, action.channels,
                       COUNT(*), COALESCE(SUM(action.amount), 0)
                  FROM dunning_action action
                  JOIN dunning_case kase ON kase.id = action.case_id
                  JOIN dunning_action_type kind ON kind.id = action.action_type_id
                 WHERE action.company_id = ANY(%(companies)s)
                   AND action.executed_date BETWEEN %(start)s AND %(end)s
                   AND action.state IN ('done', 'executing', 'failed')
                   AND (%(service)s IS NULL OR kase.service = %(service)s)
                   AND (%(kind)s IS NULL OR kase.customer_type = %(kind)s)
              GROUP BY 1, 2, 3, 4, 5, 6, 7
                """,
                companies=simulation.company_ids.ids,
                start=simulation.date_from,
                end=simulation.date_to,
                service=simulation.service or None,
                kind=simulation.customer_type or None,
            )
        )
        totals = defaultdict(lambda: [0] * len(FIGURES))
        for company, day, code, op, service, kind, channels, count, amount in rows:
            used = [part.strip() for part in (channels or "").split("+")]
            cost = step_cost(setup.prices.get(company, {}), used, day)
            row = totals[company, day.replace(day=1), code, op, service, kind]
            row[4] += count
            row[5] += amount
            row[6] += cost * count
        self._add_up(simulation, totals, setup)

    def _add_up(self, simulation, totals, setup):
        """One statement: new rows are made, figures of known ones are added."""
        if not totals:
            return
        rows = [
            (company, month, setup.types.get(code), op, service, kind, *figures)
            for (company, month, code, op, service, kind), figures in sorted(
                totals.items(), key=lambda item: tuple(map(str, item[0]))
            )
        ]
        columns = zip(*rows, strict=True)
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO dunning_simulation_result AS known (
                       simulation_id, company_id, month, action_type_id, op, service,
                       customer_type, count_simulated, count_failed, amount_simulated,
                       cost_simulated, count_done, amount_done, cost_done, collected,
                       collected_days, count_difference, cost_difference)
                SELECT %(simulation)s, told.*, n - n_done, cost - cost_done
                  FROM unnest(%(company)s::int[], %(month)s::date[], %(type)s::int[],
                              %(op)s::text[], %(service)s::text[], %(kind)s::text[],
                              %(n)s::int[], %(failed)s::int[], %(amount)s::numeric[],
                              %(cost)s::numeric[], %(n_done)s::int[],
                              %(amount_done)s::numeric[], %(cost_done)s::numeric[],
                              %(collected)s::numeric[], %(days)s::numeric[])
                    AS told(company, month, type, op, service, kind, n, failed, amount,
                            cost, n_done, amount_done, cost_done, collected, days)
                ON CONFLICT (simulation_id, company_id, month,
                             COALESCE(action_type_id, 0), COALESCE(op, ''),
                             COALESCE(service, ''), COALESCE(customer_type, ''))
                DO UPDATE SET
                   count_simulated = known.count_simulated + EXCLUDED.count_simulated,
                   count_failed = known.count_failed + EXCLUDED.count_failed,
                   amount_simulated = known.amount_simulated
                                    + EXCLUDED.amount_simulated,
                   cost_simulated = known.cost_simulated + EXCLUDED.cost_simulated,
                   count_done = known.count_done + EXCLUDED.count_done,
                   amount_done = known.amount_done + EXCLUDED.amount_done,
                   cost_done = known.cost_done + EXCLUDED.cost_done,
                   collected = known.collected + EXCLUDED.collected,
                   collected_days = known.collected_days + EXCLUDED.collected_days,
                   count_difference = known.count_difference
                                    + EXCLUDED.count_difference,
                   cost_difference = known.cost_difference
                                   + EXCLUDED.cost_difference
                """,
                simulation=simulation.id,
                **dict(zip(COLUMN_NAMES, map(list, columns), strict=True)),
            )
        )
        self.invalidate_model()


COLUMN_NAMES = (
    "company",
    "month",
    "type",
    "op",
    "service",
    "kind",
    "n",
    "failed",
    "amount",
    "cost",
    "n_done",
    "amount_done",
    "cost_done",
    "collected",
    "days",
)


class DunningSimulationCase(models.Model):
    """One replayed case kept as a sample, with all its steps."""

    _name = "dunning.simulation.case"
    _description = "Case replayed by a simulation"
    _order = "simulation_id desc, amount desc, id"
    _check_company_auto = True

    simulation_id = fields.Many2one(
        "dunning.simulation", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", index="btree_not_null", ondelete="set null"
    )
    contract_id = fields.Many2one(
        "utility.contract",
        string="Supply contract",
        index="btree_not_null",
        ondelete="set null",
    )
    service = fields.Selection(SERVICES)
    customer_type = fields.Selection(CUSTOMER_TYPES)
    amount = fields.Monetary(string="Highest amount asked")
    opened_on = fields.Date()
    closed_on = fields.Date()
    count_simulated = fields.Integer(string="Simulated steps")
    count_done = fields.Integer(string="Steps really done")
    cost = fields.Monetary()
    reasons = fields.Json()
    reason = fields.Char(string="How it ended", compute="_compute_reason")
    step_ids = fields.One2many("dunning.simulation.step", "sim_case_id")

    @api.depends("partner_id", "contract_id")
    def _compute_display_name(self):
        for case in self:
            parts = (case.contract_id.code, case.partner_id.name)
            case.display_name = " - ".join(filter(None, parts)) or str(case.id)

    @api.depends("reasons")
    @api.depends_context("lang")
    def _compute_reason(self):
        for case in self:
            case.reason = unpack(self.env, case.reasons, case.currency_id)

    def action_open_cases(self):
        """Button: the real cases of the same supply."""
        self.ensure_one()
        self.check_access("read")
        domain = [("company_id", "=", self.company_id.id)]
        if self.contract_id:
            domain.append(("contract_id", "=", self.contract_id.id))
        else:
            domain += [
                ("partner_id", "=", self.partner_id.id),
                ("contract_id", "=", False),
            ]
        cases = self.env["dunning.case"].search(domain)
        return cases._open_action(self.env._("Recovery cases"))

    @api.model
    def _add_replays(self, simulation, replays, setup):
        """Keep the replays chosen as a sample: cases first, then all their steps."""
        chosen = [item for item in replays if item.is_sample and item.replay.steps]
        if not chosen:
            return
        real = self._count_real(simulation, chosen)
        values = [self._prepare_values(simulation, item, setup) for item in chosen]
        for vals, item in zip(values, chosen, strict=True):
            place = (item.company_id, item.contract_id, item.partner_id)
            if item.contract_id:
                place = (item.company_id, item.contract_id, None)
            vals["count_done"] = real.get(place, 0)
        self.create(values)

    def _count_real(self, simulation, chosen):
        """{(company, contract, None or customer if no contract): really done}."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT kase.company_id, kase.contract_id, kase.partner_id, COUNT(*)
                  FROM dunning_action action
                  JOIN dunning_case kase ON kase.id = action.case_id
                 WHERE action.executed_date BETWEEN %(start)s AND %(end)s
                   AND action.state IN ('done', 'executing', 'failed')
                   AND (kase.contract_id = ANY(%(contracts)s)
                        OR kase.contract_id IS NULL
                           AND kase.partner_id = ANY(%(partners)s))
              GROUP BY 1, 2, 3
                """,
                start=simulation.date_from,
                end=simulation.date_to,
                contracts=[i.contract_id for i in chosen if i.contract_id],
                partners=[i.partner_id for i in chosen if not i.contract_id],
            )
        )
        found = defaultdict(int)
        for company, contract, partner, count in rows:
            found[company, contract, None if contract else partner] += count
        return found

    def _prepare_values(self, simulation, item, setup):
        prices = setup.prices.get(item.company_id, {})
        steps = item.replay.steps
        decision = item.replay.decision
        reasons = pack(decision.reasons) if decision else [PAID]
        return {
            "simulation_id": simulation.id,
            "company_id": item.company_id,
            "partner_id": item.partner_id,
            "contract_id": item.contract_id,
            "service": item.service,
            "customer_type": item.customer_type,
            "amount": float(max((step.amount for step in steps), default=0)),
            "opened_on": item.replay.opened,
            "closed_on": item.replay.closed,
            "count_simulated": sum(1 for step in steps if step.state != "skipped"),
            "cost": float(sum(step_cost(prices, s.channels, s.date) for s in steps)),
            "reasons": reasons,
            "step_ids": [
                fields.Command.create(
                    {
                        "simulation_id": simulation.id,
                        "company_id": item.company_id,
                        "date": step.date,
                        "effective_date": step.effective,
                        "rule_id": step.rule.id,
                        "name": f"{step.rule.seq} {setup.names.get(step.rule.id, '')}",
                        "action_type_id": setup.types.get(step.rule.action),
                        "op": step.rule.op,
                        "state": step.state,
                        "channels": " + ".join(step.channels),
                        "amount": float(step.amount),
                        "cost": float(step_cost(prices, step.channels, step.date)),
                        "reasons": pack(step.reasons),
                    }
                )
                for step in steps
            ],
        }


PAID = {"code": "paid", "params": {}}


class DunningSimulationStep(models.Model):
    """One step of a case kept as a sample: simulated, never carried out."""

    _name = "dunning.simulation.step"
    _description = "Step of a simulated case"
    _order = "date, id"
    _check_company_auto = True

    simulation_id = fields.Many2one(
        "dunning.simulation", required=True, index=True, ondelete="cascade"
    )
    sim_case_id = fields.Many2one(
        "dunning.simulation.case",
        string="Case",
        required=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(required=True)
    effective_date = fields.Date(string="In effect since")
    rule_id = fields.Many2one(
        "dunning.action.rule",
        string="Row",
        index="btree_not_null",
        ondelete="set null",
    )
    name = fields.Char(string="Step")
    action_type_id = fields.Many2one("dunning.action.type", string="Action", index=True)
    op = fields.Selection(OPERATIONS, string="Operation")
    state = fields.Selection(
        [("done", "Done"), ("failed", "Came back"), ("skipped", "Left out")],
        string="Status",
        required=True,
    )
    channels = fields.Char()
    amount = fields.Monetary()
    cost = fields.Monetary()
    reasons = fields.Json()
    reason = fields.Char(string="Why", compute="_compute_reason")

    @api.depends("reasons")
    @api.depends_context("lang")
    def _compute_reason(self):
        for step in self:
            step.reason = unpack(self.env, step.reasons, step.currency_id)
