import logging

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.utility_supply.models.import_folders import FolderError

_logger = logging.getLogger(__name__)


class DunningWorkFile(models.Model):
    """Files left in the folder of their provider, each at most once.

    What is about to happen is written down and committed before it happens. Only the
    scheduled action does it, one at a time: a file found as being left was dropped by
    a process that died, and may have arrived.
    """

    _inherit = "dunning.work.file"

    state = fields.Selection(
        selection_add=[
            ("delivering", "Being left in the folder"),
            ("uncertain", "In doubt"),
            ("delivered",),
        ],
        ondelete={"delivering": "set default", "uncertain": "set default"},
    )

    @api.model
    def _deliver_waiting(self):
        """Leave in their folders the files that wait. Commits after each step."""
        files = self.sudo().search(
            [
                ("state", "in", ("written", "delivering")),
                ("provider_id.work_folder_id", "!=", False),
                ("provider_id.state", "=", "running"),
            ],
            order="id",
        )
        for number, file in enumerate(files, 1):
            file._deliver()
            left = self.env["ir.cron"]._commit_progress(
                1, remaining=len(files) - number
            )
            if left <= 0:
                break

    def _deliver(self):
        self.ensure_one()
        folder = self.provider_id.work_folder_id
        files = [(self.attachment_id.name, self.attachment_id.raw)]
        if self.state == "delivering":
            self._settle_lost(folder, files)
            return
        self._guarded().write({"state": "delivering"})
        self.env["ir.cron"]._commit_progress()
        try:
            folder._put(files)
        except FolderError as error:
            state = "uncertain" if error.code == "in_doubt" else "written"
            reason = folder._problem_text(error)
            self._guarded().write({"state": state, "reason": reason})
        except Exception as error:
            # nobody can say whether it left
            _logger.exception("%s cannot be left in its folder", self.name)
            self.env.cr.rollback()
            reason = f"{type(error).__name__}: {error}"
            self._guarded().write({"state": "uncertain", "reason": reason})
        else:
            self._guarded().write({"reason": False})
            self._set_delivered()

    def _settle_lost(self, folder, files):
        """Whoever was leaving it died: it surely arrived when it still lies there."""
        try:
            arrived = folder._holds(files)
        except FolderError:
            arrived = False
        if arrived:
            self._set_delivered()
            return
        reason = self.env._(
            "The program stopped while it left the file: look into the folder, or ask."
        )
        self._guarded().write({"state": "uncertain", "reason": reason})

    # buttons

    def action_delivered(self):
        # EXTENDS: who looked says that it arrived
        super().action_delivered()
        self.filtered(lambda file: file.state == "uncertain")._set_delivered()
        return True

    def action_again(self):
        """Button: it did not arrive, leave it again."""
        self.check_access("read")
        self.env["dunning.case"]._check_is_manager(self)
        for file in self:
            if file.state != "uncertain":
                raise UserError(self.env._("%(name)s is not in doubt.", name=file.name))
        self.sudo()._guarded().write({"state": "written", "reason": False})
        self.env.ref("creditbox_dunning.ir_cron_dunning_work").sudo()._trigger()
        return True

    @api.model
    def _open(self, provider, company, purpose, **counts):
        # EXTENDS: it is left in the folder in a moment
        file = super()._open(provider, company, purpose, **counts)
        if provider.sudo().work_folder_id:
            self.env.ref("creditbox_dunning.ir_cron_dunning_work").sudo()._trigger()
        return file
