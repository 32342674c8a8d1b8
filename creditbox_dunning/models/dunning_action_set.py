from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.utility_supply.models.utility_contract import (
    CUSTOMER_TYPES,
    SUSPENDIBILITIES,
)
from odoo.addons.utility_supply.models.utility_supply_point import SERVICES

from ..rules.facts import Key
from ..rules.sets import choose_set, normal_key
from .dunning_action_rule import SET_KEYS, TABLE_STATES, told_keys
from .valuation_texts import BANDS

# "any" has a word of its own, so that it can be chosen in the panel
ANY = [("any", "Any")]


class DunningActionSet(models.Model):
    """The sets of rows of the action tables: what the grid shows one at a time."""

    _name = "dunning.action.set"
    _description = "Set of rows of an action table"
    _auto = False
    _order = (
        "table_id, customer_type, service, supply_state, suspendibility, score_band"
    )

    table_id = fields.Many2one("dunning.action.table", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    table_state = fields.Selection(related="table_id.state")
    customer_type = fields.Selection(ANY + CUSTOMER_TYPES, readonly=True)
    service = fields.Selection(ANY + SERVICES, readonly=True)
    supply_state = fields.Selection(ANY + TABLE_STATES, readonly=True)
    suspendibility = fields.Selection(ANY + SUSPENDIBILITIES, readonly=True)
    score_band = fields.Selection(ANY + BANDS, readonly=True)
    rule_count = fields.Integer(string="Rows", readonly=True)
    own_count = fields.Integer(
        string="Own rows",
        readonly=True,
        help="Rows that this company changed or added to the group's.",
    )
    case_count = fields.Integer(
        string="Open cases",
        compute="_compute_case_count",
        help="Open cases of the company that would walk this set today.",
    )

    @property
    def _table_query(self):
        self.env["dunning.action.rule"].flush_model()
        return SQL(
            """
            SELECT MIN(id) AS id, table_id, company_id,
                   COALESCE(customer_type, 'any') AS customer_type,
                   COALESCE(service, 'any') AS service,
                   COALESCE(supply_state, 'any') AS supply_state,
                   COALESCE(suspendibility, 'any') AS suspendibility,
                   COALESCE(score_band, 'any') AS score_band,
                   COUNT(*) AS rule_count,
                   COUNT(*) FILTER (WHERE origin IN ('changed', 'added', 'off'))
                       AS own_count
              FROM dunning_action_rule
          GROUP BY table_id, company_id, customer_type, service, supply_state,
                   suspendibility, score_band
            """
        )

    def _compute_case_count(self):
        for table, sets in self.grouped("table_id").items():
            counts = sets._count_cases(table)
            for one in sets:
                one.case_count = counts.get(one._key(), 0)

    def _count_cases(self, table):
        """{set key: open cases} of the table's company, in one statement."""
        rows = self.env.execute_query(
            SQL(
                "SELECT customer_type, service, state, class, band, COUNT(*)"
                " FROM (%s) live GROUP BY customer_type, service, state, class, band",
                table._live_sql(),
            )
        )
        samples = {r.key: r for r in table.sudo().rule_ids._as_rules()}.values()
        counts = {}
        for *key, count in rows:
            chosen, _reasons = choose_set(samples, normal_key(Key(*key)))
            if chosen:
                counts[chosen[0].key] = counts.get(chosen[0].key, 0) + count
        return counts

    def _key(self):
        values = [self[name] for name in SET_KEYS]
        return Key(*("" if value == "any" else value for value in values))

    # actions

    def action_open_rows(self):
        """The grid of this set."""
        self.ensure_one()
        return self.env["dunning.action.rule"].browse(self.id)._open_set()

    def action_copy_set(self):
        """The wizard that copies this set to other keys."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "creditbox_dunning.dunning_set_copy_wizard_action"
        )
        key = self._key()
        keys = {
            f"{way}_{name}": getattr(key, name) or "any"
            for name in SET_KEYS
            for way in ("default_from", "default_to")
        }
        return {**action, "context": {**keys, "default_table_id": self.table_id.id}}

    def action_new_set(self):
        """The wizard that begins a set from scratch, in the table that is shown."""
        table = self.env["dunning.action.table"].browse(
            self.env.context.get("default_table_id")
        )
        if table.exists().state != "draft":
            raise UserError(self.env._("Sets are added to drafts only."))
        action = self.env["ir.actions.actions"]._for_xml_id(
            "creditbox_dunning.dunning_set_copy_wizard_action"
        )
        context = {"default_table_id": table.id, "default_mode": "new"}
        return {**action, "context": context}

    def action_delete_set(self):
        """Remove all the rows of this set from its draft."""
        self.ensure_one()
        table = self.table_id
        table._check_may_edit()
        if table.state != "draft":
            raise UserError(self.env._("Rows are removed from drafts only."))
        rules = self.env["dunning.action.rule"]
        rules.search(rules.browse(self.id)._set_domain()).unlink()
        return table.action_open_sets()


class DunningActionRule(models.Model):
    _inherit = "dunning.action.rule"

    caught_count = fields.Integer(
        string="Cases caught today",
        compute="_compute_caught_count",
        help="Open cases whose set and overdue amount the row takes today.",
    )

    def _compute_caught_count(self):
        for table, rules in self.grouped("table_id").items():
            counts = table._caught() if table else {}
            for rule in rules:
                rule.caught_count = counts.get(rule.id, 0)

    def action_open_cases(self):
        """The cases that the row catches today."""
        self.ensure_one()
        self.check_access("read")
        return self.table_id._caught_by(self)._open_action(
            self.env._("Cases caught by %(row)s", row=self.display_name)
        )

    def _open_set(self):
        """The grid of the set that this row belongs to."""
        self.ensure_one()
        keys = {name: self[name] for name in SET_KEYS}
        return self._open_grid(self.table_id, keys)

    def _open_grid(self, table, keys):
        """The rows of the set ``keys`` of ``table`` in order, to be edited in place."""
        domain = [("table_id", "=", table.id)]
        domain += [(name, "=", value or False) for name, value in keys.items()]
        context = {f"default_{name}": value for name, value in keys.items() if value}
        frozen = table.state != "draft"
        view = "dunning_action_rule_view_list_set"
        words = [
            dict(self._fields[name]._description_selection(self.env)).get(value)
            or self.env._("Any")
            for name, value in ((name, keys[name]) for name in told_keys(keys))
        ]
        return {
            "type": "ir.actions.act_window",
            "name": " / ".join(words),
            "res_model": self._name,
            "view_mode": "list",
            "views": [
                (
                    self.env.ref(
                        f"creditbox_dunning.{view}{'_frozen' if frozen else ''}"
                    ).id,
                    "list",
                )
            ],
            "domain": domain,
            "context": {"default_table_id": table.id, **context},
        }
