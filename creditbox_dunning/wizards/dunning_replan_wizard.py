from odoo import api, fields, models
from odoo.exceptions import UserError


class DunningReplanWizard(models.TransientModel):
    """Chosen cases moved to another version of the table, after seeing what changes."""

    _name = "dunning.replan.wizard"
    _description = "Move of cases to another action table"

    case_ids = fields.Many2many("dunning.case", string="Cases", required=True)
    company_id = fields.Many2one("res.company", compute="_compute_company_id")
    table_id = fields.Many2one(
        "dunning.action.table",
        string="New table",
        compute="_compute_table_id",
        store=True,
        readonly=False,
        domain="[('state', '=', 'published'), ('scope', '=', 'company'),"
        " ('company_id', 'parent_of', company_id)]",
    )
    line_ids = fields.One2many(
        "dunning.replan.line", "wizard_id", string="What changes", readonly=True
    )

    @api.depends("case_ids")
    def _compute_company_id(self):
        for wizard in self:
            companies = wizard.case_ids.company_id
            wizard.company_id = companies if len(companies) == 1 else False

    @api.depends("case_ids")
    def _compute_table_id(self):
        tables = self.env["dunning.action.table"]
        for wizard in self:
            # cases of several companies: the user is told when he goes on
            company = wizard.company_id
            wizard.table_id = tables._published_for(company) if company else False

    def action_preview(self):
        """What the move would change for each case; nothing is written to them."""
        self.ensure_one()
        self._check_ready()
        decisions = self.case_ids._preview_table(self.table_id)
        self.line_ids.unlink()
        self.line_ids = [
            fields.Command.create(self._line_vals(case, decisions.get(case)))
            for case in self.case_ids
        ]
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Move to another table"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_move(self):
        """Move the cases; those that cannot move stay and are told."""
        self.ensure_one()
        self._check_ready()
        moved = self.case_ids._move_to_table(self.table_id)
        if not moved:
            raise UserError(self.env._("None of these cases can be moved now."))
        return moved._open_action(self.env._("Cases moved"))

    def _check_ready(self):
        self.case_ids._check_is_manager()
        if not self.company_id:
            raise UserError(self.env._("Choose cases of one company."))
        if not self.table_id:
            raise UserError(self.env._("Choose the table to move the cases to."))

    def _line_vals(self, case, decisions):
        vals = {"case_id": case.id, "stays": case._stays()}
        if case.table_id == self.table_id:
            vals["stays"] = self.env._("The case follows this table already.")
        if not decisions:
            return vals
        for name, decision in zip(("old", "new"), decisions, strict=True):
            what, when, why = case._decision_words(decision)
            vals.update(
                {f"{name}_step": what, f"{name}_date": when, f"{name}_why": why}
            )
        old, new = decisions
        vals["is_changed"] = (vals["old_step"], old.date) != (
            vals["new_step"],
            new.date,
        )
        return vals


class DunningReplanLine(models.TransientModel):
    """What one case does next, by its table and by the new one."""

    _name = "dunning.replan.line"
    _description = "What a move changes for a case"
    _order = "is_changed desc, id"

    wizard_id = fields.Many2one(
        "dunning.replan.wizard", required=True, index=True, ondelete="cascade"
    )
    case_id = fields.Many2one("dunning.case", required=True)
    is_changed = fields.Boolean(string="Changes")
    old_step = fields.Char(string="Now")
    old_date = fields.Char(string="Not before (now)")
    old_why = fields.Char(string="Why (now)")
    new_step = fields.Char(string="Then")
    new_date = fields.Char(string="Not before (then)")
    new_why = fields.Char(string="Why (then)")
    stays = fields.Char(string="Stays because")
