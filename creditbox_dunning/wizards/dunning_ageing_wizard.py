from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date


class DunningAgeingWizard(models.TransientModel):
    """The ageing as it stood on a past day."""

    _name = "dunning.ageing.wizard"
    _description = "Ageing on a day"

    date = fields.Date(required=True, default=fields.Date.context_today)

    def action_open(self):
        """Button: the ageing of that day, as a pivot."""
        self.ensure_one()
        if self.date > fields.Date.context_today(self):
            raise UserError(
                self.env._("Choose a day up to today: nobody knows what will be paid.")
            )
        action = self.env["ir.actions.actions"]._for_xml_id(
            "creditbox_dunning.dunning_ageing_action"
        )
        day = format_date(self.env, self.date)
        return {
            **action,
            "path": False,
            "display_name": self.env._("Ageing on %(day)s", day=day),
            "name": self.env._("Ageing on %(day)s", day=day),
            "context": {"ageing_date": fields.Date.to_string(self.date)},
        }
