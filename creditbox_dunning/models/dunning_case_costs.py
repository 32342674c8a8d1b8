from odoo import api, fields, models
from odoo.tools import SQL, format_date

from ..rules import costs, interest
from ..rules.facts import CUTS
from .amounts import exact


class DunningCase(models.Model):
    """What recovering a case cost us and may be asked of the customer."""

    _inherit = "dunning.case"

    def _propose_costs(self, on_day):
        """Draft charges for what was done until ``on_day``: one for each step and
        kind of cost that a tariff in force allows. Proposing twice adds nothing."""
        self._check_may_charge()
        vals = []
        for company, cases in self.sudo().grouped("company_id").items():
            vals += cases._prepare_costs(company, on_day)
        made = self.env["utility.charge"]._dunning_create(vals)
        self.env.flush_all()
        return made

    def _prepare_costs(self, company, on_day):
        prices = self.env["dunning.channel.cost"]._prices_for(company)[company.id]
        numbers = self.env["dunning.legal.parameter"].sudo()._parameters()
        vals = []
        for step, kind, tariff, reason in self._costs_found(company, on_day):
            action = self.env["dunning.action"].sudo().browse(step.key)
            amount = self._cost_amount(tariff, step, prices, numbers)
            amount = amount * float(tariff.percent) / 100
            amount = company.currency_id.round(amount)
            if not reason and amount > 0:
                row = self._prepare_cost_vals(action, kind, amount, step.day)
                vals.append({**row, "dunning_tariff_id": tariff.key})
        return vals

    def _costs_found(self, company, on_day):
        """rules.costs.costs_of for these cases of one company."""
        actions = self.env["dunning.action"].sudo()
        actions = actions.search(
            [
                ("case_id", "in", self.ids),
                ("state", "=", "done"),
                ("executed_date", "<=", on_day),
            ]
        )
        tariffs = self.env["dunning.cost.tariff"]._tariffs_of(company)
        return costs.costs_of(
            self._steps_of(actions), tariffs, self._costs_charged(actions)
        )

    @api.model
    def _steps_of(self, actions):
        broken = {
            (action.case_id.id, action.round)
            for action in actions
            if action.is_unlawful and action.op in CUTS
        }
        steps, worse = [], self._aggravated_among(actions)
        for action in actions:
            contract, round_ = action.contract_id, (action.case_id.id, action.round)
            customer = action.partner_id.commercial_partner_id
            channel = (action.channel_used or action.channels or "").split(",")[0]
            steps.append(
                costs.Step(
                    key=action.id,
                    case_round=round_,
                    day=action.executed_date,
                    service=contract.service or costs.ANY,
                    debtor=interest.debtor_kind(
                        customer.legal_form,
                        contract.customer_type,
                        customer.is_company,
                    ),
                    op=action.op or costs.ANY,
                    channel=channel.strip(),
                    is_unlawful=action.is_unlawful,
                    after_unlawful=action.op == "reactivate" and round_ in broken,
                    is_sheltered=contract.is_protected,
                    meter=self._meter_of(contract.supply_point_id),
                    is_aggravated=action.id in worse,
                )
            )
        return steps

    @api.model
    def _meter_of(self, point):
        far = point.voltage_level == "low" and point.remote_reduction
        return costs.SMART if far else costs.ANY

    @api.model
    def _aggravated_among(self, actions):
        """Ids of the limitations (water) whose debt was above so many yearly charges,
        or whose customer was in default for other bills within the months that the
        law looks back: only there the limiter may be charged (REMSI)."""
        steps = actions.filtered(lambda a: a.op == "limit" and a.executed_date)
        if not steps:
            return set()
        numbers = self.env["dunning.legal.parameter"].sudo()._parameters()
        found = self._defaulted_before(steps, numbers)
        for step in steps:
            yearly = step.contract_id.supply_point_id.annual_facilitated_charge
            times = numbers.get("water", "times", step.executed_date)
            if yearly and times and exact(step.amount) > exact(yearly) * times.value:
                found.add(step.id)
        return found

    @api.model
    def _defaulted_before(self, steps, numbers):
        """Ids of the steps whose contract had a notice of default for other bills."""
        self.env.flush_all()
        rows = []
        for step in steps:
            months = numbers.get("water", "default_months", step.executed_date)
            if months:
                back = fields.Date.subtract(step.executed_date, months=months.count)
                rows.append(SQL("(%s, %s::date)", step.id, back))
        if not rows:
            return set()
        query = SQL(
            """
            SELECT action.id
              FROM (VALUES %(rows)s) AS asked(id, since)
              JOIN dunning_action action ON action.id = asked.id
              JOIN dunning_case the_case ON the_case.id = action.case_id
             WHERE EXISTS (
                   SELECT FROM utility_notice notice
                    WHERE notice.contract_id = the_case.contract_id
                      AND notice.kind = 'default'
                      AND notice.is_formal_notice
                      AND notice.notified_date BETWEEN asked.since
                                                   AND action.executed_date
                      AND EXISTS (SELECT FROM utility_notice_account_move_rel rel
                                   WHERE rel.notice_id = notice.id)
                      AND NOT EXISTS (
                          SELECT FROM utility_notice_account_move_rel rel
                            JOIN dunning_action_item item
                              ON item.move_id = rel.move_id
                             AND item.action_id = action.id
                           WHERE rel.notice_id = notice.id))
            """,
            rows=SQL(", ").join(rows),
        )
        return {action_id for (action_id,) in self.env.execute_query(query)}

    @api.model
    def _costs_charged(self, actions):
        """What rules.costs.identity calls the costs charged or waived already."""
        charges = self.env["utility.charge"].sudo()
        charges = charges.search(
            [
                ("dunning_action_id", "in", actions.case_id.action_ids.ids),
                ("dunning_reverses_id", "=", False),
                *self._asked_already(),
            ]
        )
        found = set()
        for charge in charges:
            action = charge.dunning_action_id
            round_ = (action.case_id.id, action.round)
            step = costs.Step(action.id, round_, charge.date)
            found.add(costs.identity(step, charge.dunning_cost_kind))
        return found

    @api.model
    def _asked_already(self):
        """Domain: charged, or waived; when nobody asks, what a person cancelled too."""
        domain = ["|", ("state", "!=", "cancelled"), ("waiver_state", "=", "approved")]
        if self.env.context.get("dunning_by_itself"):
            domain = ["|", ("dunning_is_dropped", "=", True), *domain]
        return domain

    @api.model
    def _cost_amount(self, tariff, step, prices, numbers):
        """The cost in the company's currency; 0 when nobody knows it."""
        if tariff.basis == "fixed":
            return float(tariff.amount)
        if tariff.basis == "legal":
            number = numbers.get(step.service, tariff.number, step.day)
            return float(number.value) if number else 0.0
        known = [
            cost for since, cost in prices.get(step.channel, ()) if since <= step.day
        ]
        return known[-1] if known else 0.0

    @api.model
    def _prepare_cost_vals(self, action, kind, amount, day):
        case = action.case_id
        kinds = self.env["utility.charge"]._fields["dunning_cost_kind"]
        kinds = dict(kinds._description_selection(self.env))
        return {
            "company_id": case.company_id.id,
            "currency_id": case.currency_id.id,
            "partner_id": case.partner_id.id,
            "contract_id": case.contract_id.id,
            "kind": "cost",
            "amount": amount,
            "date": day,
            "description": self.env._(
                "%(cost)s: %(step)s of %(day)s",
                cost=kinds[kind],
                step=action.action_type_id.name,
                day=format_date(self.env, day),
            ),
            "origin": f"{case._name},{case.id}",
            "dunning_case_id": case.id,
            "dunning_cost_kind": kind,
            "dunning_action_id": action.id,
            **self.env["dunning.charge.account"]._charge_vals(case.company_id, "cost"),
        }

    # --- the flat sum of art. 6 D.Lgs. 231/2002 -----------------------------------

    def _propose_flat(self, on_day):
        """Draft charges of the flat sum: once for each bill that was paid late."""
        self._check_may_charge()
        return self._propose_flat_of(self.sudo().line_ids, on_day)

    @api.model
    def _propose_flat_of(self, lines, on_day):
        """The same for receivables."""
        debts = self._accrue_debts(lines, on_day)
        charges = self.env["utility.charge"].sudo()
        known = charges.search(
            [
                ("dunning_line_id", "in", list(debts)),
                ("dunning_cost_kind", "=", "flat"),
                ("dunning_reverses_id", "=", False),
                *self._asked_already(),
            ]
        ).dunning_line_id
        vals, rules = (
            [],
            {
                company: self.env["dunning.interest.rule"]._rules_of(company)
                for company in lines.company_id
            },
        )
        for debt in debts.values():
            is_late = debt.found or debt.charged or debt.waived
            if not is_late or debt.is_credited or debt.line in known:
                continue
            amount = self._flat_of(debt, rules[debt.company])
            if amount:
                vals.append(self._prepare_flat_vals(debt, amount))
        made = charges._dunning_create(vals)
        self.env.flush_all()
        return made

    @api.model
    def _flat_of(self, debt, rules):
        rule = interest.rule_for(rules, debt.service, debt.debtor, debt.first)
        return exact(rule.flat) if rule else 0

    @api.model
    def _prepare_flat_vals(self, debt, amount):
        move = debt.line.move_id
        return {
            **self._prepare_charge_vals(debt.line, "cost"),
            "amount": float(amount),
            "date": debt.first,
            "description": self.env._(
                "Flat sum for late payment (art. 6 D.Lgs. 231/2002): %(bill)s",
                bill=move.billing_ref or move.name,
            ),
            "dunning_cost_kind": "flat",
        }
