import fnmatch

from odoo import fields, models

from odoo.addons.utility_supply.models import import_folders as folders

from ..formats.flow_rows import MAX_BYTES


class UtilityImportSource(models.Model):
    """A polled folder may bring flows of the SII, of the UDD or of sellers.

    Same folders, same locks, same host keys as the acquisition; only what is done with
    a file differs.
    """

    _inherit = "utility.import.source"

    purpose = fields.Selection(
        selection_add=[("cmor", "CMOR flows")], ondelete={"cmor": "cascade"}
    )
    flow_file_ids = fields.One2many("cmor.flow.file", "source_id", string="Flow files")

    def action_open_flows(self):
        """Smart button: the flow files that came from here."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "cmor_utility.cmor_flow_file_action_received"
        )
        return {**action, "domain": [("source_id", "in", self.ids)]}

    def _waiting(self, folder, now):
        # EXTENDS: here a ZIP is a file like the others, not the proofs of one
        if self.purpose != "cmor":
            return super()._waiting(folder, now)
        return [
            (found, None)
            for found in folder.files()
            if fnmatch.fnmatch(found.name.lower(), self.pattern.lower())
            and now - found.modified >= self.quiet_seconds
        ]

    def _take(self, folder, found, proofs=None):
        # EXTENDS: kept and committed before it is read, moved aside when it is applied
        if self.purpose != "cmor":
            return super()._take(folder, found, proofs)
        commit = self.env["ir.cron"]._commit_progress
        files = self.env["cmor.flow.file"].sudo()
        data = folder.bytes_of(found, MAX_BYTES)
        file = files._known(data, self.company_id) or files._keep_received(
            found.name, data, self.company_id, source=self
        )
        commit()
        opened = file
        if file.state == "received" and not file.type_id and not file.child_ids:
            opened = file._open_received()
            commit()
        opened._work_received(commit=lambda: commit() > 0)
        where = folders.REJECTED if file.state == "refused" else folders.DONE
        try:
            folder.move(found, where, folders.utc_now())
        except folders.FolderError as error:
            if error.code == "changed":  # what lies there now is another file
                file._guarded().write({"is_in_folder": False})
                commit()
            raise
        file._guarded().write({"is_in_folder": False})
        commit()
        return None
