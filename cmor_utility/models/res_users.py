from odoo import fields, models


class ResUsers(models.Model):
    """How often a user gets the digest of the practices."""

    _inherit = "res.users"

    cmor_digest = fields.Selection(
        [("none", "Never"), ("daily", "Every day"), ("weekly", "On Mondays")],
        string="CMOR digest by e-mail",
        default="daily",
        help="What is late, at risk, to be done or to be checked, in one e-mail."
        " Nothing is sent when nothing waits.",
    )

    def _may_work_on_cmor(self, company):
        """Whether the user still works here, on the practices of ``company``."""
        self.ensure_one()
        return (
            self.active
            and company in self.company_ids
            and self.has_group("cmor_utility.group_cmor_user")
        )

    def action_archive(self):
        # EXTENDS mail, which deletes the activities of who goes
        self.env["cmor.deadline"]._leave_activities(self)
        return super().action_archive()

    @property
    def SELF_READABLE_FIELDS(self):
        return [*super().SELF_READABLE_FIELDS, "cmor_digest"]

    @property
    def SELF_WRITEABLE_FIELDS(self):
        return [*super().SELF_WRITEABLE_FIELDS, "cmor_digest"]
