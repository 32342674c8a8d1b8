from decimal import Decimal

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..rules import doctor, doctor_law
from ..rules.facts import Key
from ..rules.guard_facts import Supply
from ..rules.sets import choose_set, normal_key

ERRORS_SHOWN = 10
NONE = Decimal(0)
# supplies that nothing protects, of which everything is known: what the law still puts
# off for them it puts off for everybody. With and without a meter that can be reduced.
FREE_SUPPLIES = tuple(
    Supply(
        is_protected=False,
        voltage="low" if can_reduce else "medium",
        can_reduce=can_reduce,
        resident=can_reduce,
        condominium=False,
        deposit=NONE,
        cycle_amount=NONE,
        annual_charge=NONE,
        other_services={},
        prescribed=frozenset(),
        defaulted_lately=True,
        deactivation_ground=True,
        insolvent=False,
        deceased=False,
    )
    for can_reduce in (True, False)
)


class DunningActionTable(models.Model):
    _inherit = "dunning.action.table"

    # actions

    def action_check(self):
        """Button: what is wrong with this table, as a list."""
        self.ensure_one()
        self.check_access("read")
        findings = self.env["dunning.action.finding"]._show(self, self._examine())
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Check of %(table)s", table=self.display_name),
            "res_model": "dunning.action.finding",
            "view_mode": "list",
            "domain": [("id", "in", findings.ids)],
            "context": {"create": False, "edit": False, "delete": False},
        }

    def action_open_caught(self):
        """Button: the rows with how many open cases each would catch today."""
        self.ensure_one()
        self.check_access("read")
        view = self.env.ref("creditbox_dunning.dunning_action_rule_view_list_caught")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Cases caught today"),
            "res_model": "dunning.action.rule",
            "view_mode": "list",
            "views": [(view.id, "list")],
            "domain": [("table_id", "=", self.id)],
        }

    # business

    def _examine(self, today=None):
        """The doctor's findings on this version (see ``rules.doctor``)."""
        self.ensure_one()
        me = self.sudo()
        rules = (
            me._merged_rules() if me.scope == "override" else me.rule_ids._as_rules()
        )
        today = today or me.env["dunning.case"]._today(me.company_id)
        company = me.company_id
        guard = me.env["dunning.guard"]._guard_for(company, today)
        years = range(today.year - 1, today.year + 6)
        shift = me.env["dunning.facts"]._shift_for(company, years)
        found = doctor.examine(rules)
        law = doctor_law.postponed(rules, guard, FREE_SUPPLIES, today, shift)
        return sorted([*found, *law], key=lambda f: f.severity != doctor.ERROR)

    def _check_publishable(self):
        """Raise UserError with the errors that the check finds (not its warnings)."""
        self._check_scope()
        if not self.rule_ids and self.scope != "override":
            raise UserError(self.env._("A table without rows would follow no case."))
        errors = [f for f in self._examine() if f.severity == doctor.ERROR]
        if not errors:
            return
        shown = self.env["dunning.action.finding"]
        lines = [shown._sentence(self, finding) for finding in errors[:ERRORS_SHOWN]]
        if len(errors) > ERRORS_SHOWN:
            more = len(errors) - ERRORS_SHOWN
            lines.append(self.env._("and %(count)s more.", count=more))
        raise UserError(
            self.env._("The table cannot be published:") + "\n- " + "\n- ".join(lines)
        )

    def _caught(self):
        """{row id: open cases of the company that the row would catch today}.

        A case is caught by the rows of its set in whose amounts its overdue sum lies,
        whatever step it has got to. One statement, whatever the number of cases.
        """
        self.ensure_one()
        by_set = {}
        rules = self.sudo().rule_ids
        for plain in rules._as_rules():
            by_set.setdefault(plain.key, []).append(plain)
        rows = []
        samples = [rules_of[0] for rules_of in by_set.values()]
        for key in self._live_keys():
            chosen, _reasons = choose_set(samples, normal_key(Key(*key)))
            for rule in by_set[chosen[0].key] if chosen else ():
                low = max(rule.amount_from, rule.min_threshold)
                rows.append((*key, rule.id, float(low), float(rule.amount_to)))
        if not rows:
            return {}
        found = self.env.execute_query(
            SQL(
                """
                WITH live AS (%(live)s)
                SELECT told.rule_id, COUNT(*)
                  FROM unnest(%(keys)s::text[], %(services)s::text[],
                              %(states)s::text[], %(classes)s::text[],
                              %(bands)s::text[], %(rules)s::int[], %(lows)s::numeric[],
                              %(tops)s::numeric[])
                       AS told(customer_type, service, state, class, band, rule_id, low,
                               top)
                  JOIN live ON live.customer_type = told.customer_type
                       AND live.service = told.service
                       AND live.state = told.state
                       AND live.class = told.class
                       AND live.band = told.band
                       AND live.amount >= told.low
                       AND (told.top = 0 OR live.amount <= told.top)
              GROUP BY told.rule_id
                """,
                live=self._live_sql(),
                **dict(
                    zip(
                        (
                            "keys",
                            "services",
                            "states",
                            "classes",
                            "bands",
                            "rules",
                            "lows",
                            "tops",
                        ),
                        (list(column) for column in zip(*rows, strict=True)),
                        strict=True,
                    )
                ),
            )
        )
        return dict(found)

    def _live_sql(self):
        """The open cases of the table's company with their keys, as the run sees
        them: without a contract nothing can be cut."""
        self.env["dunning.case"].flush_model()
        self.env["utility.contract"].flush_model()
        return SQL(
            """
            SELECT COALESCE(contract.customer_type,
                       CASE partner.legal_form WHEN 'public_body' THEN 'public_body'
                            WHEN 'consumer' THEN 'domestic' ELSE 'non_domestic' END)
                       AS customer_type,
                   COALESCE(contract.service, '') AS service,
                   COALESCE(contract.supply_state, 'active') AS state,
                   COALESCE(contract.suspendibility, 'not_suspendible') AS class,
                   COALESCE(valued.band, '') AS band,
                   kase.amount_due AS amount, kase.id AS id
              FROM dunning_case kase
              JOIN res_partner partner ON partner.id = kase.partner_id
         LEFT JOIN utility_contract contract ON contract.id = kase.contract_id
         LEFT JOIN dunning_valuation valued
                ON valued.company_id = kase.company_id
               AND valued.partner_id = kase.partner_id
               AND COALESCE(valued.contract_id, 0) = 0
             WHERE kase.company_id = %s AND kase.state != 'closed'
            """,
            self.company_id.id,
        )

    def _live_keys(self):
        return self.env.execute_query(
            SQL(
                "SELECT DISTINCT customer_type, service, state, class, band"
                " FROM (%s) live",
                self._live_sql(),
            )
        )

    def _caught_by(self, rule):
        """The open cases that ``rule`` of this version would catch today."""
        plain = rule.sudo()._as_rules()[0]
        samples = {r.key: r for r in self.sudo().rule_ids._as_rules()}.values()
        keys = [
            key
            for key in self._live_keys()
            for chosen in (choose_set(samples, normal_key(Key(*key)))[0],)
            if chosen and chosen[0].key == plain.key
        ]
        if not keys:
            return self.env["dunning.case"]
        rows = self.env.execute_query(
            SQL(
                """
                WITH live AS (%(live)s)
                SELECT live.id
                  FROM live
                 WHERE (customer_type, service, state, class, band) IN %(keys)s
                   AND amount >= %(low)s
                   AND (%(top)s = 0 OR amount <= %(top)s)
              ORDER BY live.id
                """,
                live=self._live_sql(),
                keys=tuple(keys),
                low=max(plain.amount_from, plain.min_threshold),
                top=plain.amount_to,
            )
        )
        return self.env["dunning.case"].browse(case_id for (case_id,) in rows)
