from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.dunning_action_rule import SET_KEYS
from ..models.dunning_action_set import (
    ANY,
    CUSTOMER_TYPES,
    SERVICES,
    SUSPENDIBILITIES,
    TABLE_STATES,
)
from ..models.valuation_texts import BANDS


class DunningSetCopyWizard(models.TransientModel):
    """The rows of one set copied to other keys, or an empty grid for new ones."""

    _name = "dunning.set.copy.wizard"
    _description = "Copy of a set of rows"

    table_id = fields.Many2one("dunning.action.table", required=True, readonly=True)
    mode = fields.Selection(
        [("copy", "Copy the rows of a set"), ("new", "Begin from an empty set")],
        required=True,
        default="copy",
    )
    from_customer_type = fields.Selection(ANY + CUSTOMER_TYPES, default="any")
    from_service = fields.Selection(ANY + SERVICES, default="any")
    from_supply_state = fields.Selection(ANY + TABLE_STATES, default="any")
    from_suspendibility = fields.Selection(ANY + SUSPENDIBILITIES, default="any")
    to_customer_type = fields.Selection(
        ANY + CUSTOMER_TYPES, string="Customer type", required=True, default="any"
    )
    to_service = fields.Selection(
        ANY + SERVICES, string="Service", required=True, default="any"
    )
    to_supply_state = fields.Selection(
        ANY + TABLE_STATES, string="Supply state", required=True, default="any"
    )
    to_suspendibility = fields.Selection(
        ANY + SUSPENDIBILITIES, string="Suspendibility", required=True, default="any"
    )
    from_score_band = fields.Selection(ANY + BANDS, default="any")
    to_score_band = fields.Selection(
        ANY + BANDS, string="Score band", required=True, default="any"
    )
    from_count = fields.Integer(string="Rows to copy", compute="_compute_counts")
    to_count = fields.Integer(string="Rows already there", compute="_compute_counts")
    is_overwritten = fields.Boolean(string="Replace the rows that are there")

    @api.depends(
        "table_id",
        *(f"{way}_{name}" for way in ("from", "to") for name in SET_KEYS),
    )
    def _compute_counts(self):
        for wizard in self:
            wizard.from_count = len(wizard._rules("from"))
            wizard.to_count = len(wizard._rules("to"))

    def _keys(self, way):
        values = {name: self[f"{way}_{name}"] for name in SET_KEYS}
        return {n: False if v in ("any", False) else v for n, v in values.items()}

    def _rules(self, way):
        keys = self._keys(way)
        return self.table_id.rule_ids.filtered(
            lambda rule: all(rule[name] == value for name, value in keys.items())
        )

    def action_apply(self):
        """Make the set and open its grid."""
        self.ensure_one()
        self.table_id._check_may_edit()
        if self.table_id.state != "draft":
            raise UserError(self.env._("Rows are changed in drafts only."))
        keys, there = self._keys("to"), self._rules("to")
        if self.mode == "copy":
            self._copy(keys, there)
        elif there:
            raise UserError(self.env._("This set is there already: open it."))
        rules = self.env["dunning.action.rule"]
        return rules._open_grid(self.table_id, keys)

    def _copy(self, keys, there):
        rules = self._rules("from")
        if not rules:
            raise UserError(self.env._("The set to copy from has no rows."))
        if keys == self._keys("from"):
            raise UserError(self.env._("A set cannot be copied onto itself."))
        if there and not self.is_overwritten:
            raise UserError(
                self.env._(
                    "There are %(count)s rows with these keys already: say that they"
                    " are to be replaced.",
                    count=len(there),
                )
            )
        with self.env["dunning.table.change"]._logging() as log:
            logged = rules.with_context(dunning_change_log=log)
            there.with_context(dunning_change_log=log).unlink()
            logged.create(
                [
                    {**vals, **keys, "table_id": self.table_id.id}
                    for vals in rules.copy_data()
                ]
            )
