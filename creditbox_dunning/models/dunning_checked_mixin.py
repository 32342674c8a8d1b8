from odoo import fields, models
from odoo.exceptions import AccessError


class DunningCheckedMixin(models.AbstractModel):
    """A number with its source, compared with it by a person on a day.

    Whoever changes what the row says takes the mark away.
    """

    _name = "dunning.checked.mixin"
    _description = "Number that a person compares with its source"
    _inherit = ("mail.thread", "utility.guarded.mixin")

    _guarded_fields = frozenset({"checked_on", "checked_by"})
    # what a row says: to be compared again when it changes
    _content_fields = frozenset()

    checked_on = fields.Date(
        string="Checked on",
        readonly=True,
        copy=False,
        tracking=True,
        help="When a person compared the value with the text in force.",
    )
    checked_by = fields.Many2one(
        "res.users",
        string="Checked by",
        readonly=True,
        copy=False,
        tracking=True,
        ondelete="restrict",
    )

    def write(self, vals):
        result = super().write(vals)
        checked = self.filtered("checked_on")
        if self._content_fields & set(vals) and checked and not self._is_guard_open():
            # what a person checked is no longer what stands here
            checked.sudo()._guarded().write({"checked_on": False, "checked_by": False})
        return result

    def action_mark_checked(self):
        """Button: a person compared these with the text in force, today."""
        if not self.env.user.has_group("creditbox_dunning.group_dunning_admin"):
            raise AccessError(
                self.env._("Only an administrator of CreditBox checks the numbers.")
            )
        self.check_access("write")
        self.sudo()._guarded().write(
            {
                "checked_on": fields.Date.context_today(self),
                "checked_by": self.env.uid,
            }
        )
        return True
