from odoo import api, models
from odoo.exceptions import UserError

CONTENT_FIELDS = frozenset(
    {
        *("raw", "datas", "db_datas", "store_fname", "checksum", "res_model", "res_id"),
        # an address in place of the bytes, another company's, everybody's
        *("type", "url", "mimetype", "res_field", "company_id", "public"),
    }
)
# attachments of one step of the nightly clean-up
BATCH = 1000


class IrAttachment(models.Model):
    """The bytes of a flow file never change and never go, whoever asks."""

    _inherit = "ir.attachment"

    def _is_flow_file(self):
        found = self.filtered(lambda a: a.res_model == "cmor.flow.file" and a.res_id)
        if not found:
            return False
        files = self.env["cmor.flow.file"].sudo()
        return bool(files.search_count([("attachment_id", "in", found.ids)], limit=1))

    @api.model
    def _index(self, bin_data, file_type, checksum=None):
        # EXTENDS base: nobody looks for the words of a flow, its rows are records; and
        # the database would keep the personal data of a file once more
        if self.env.context.get("cmor_not_indexed"):
            return None
        return super()._index(bin_data, file_type, checksum=checksum)

    @api.autovacuum
    def _forget_words(self):
        """Take the words away that Odoo kept of flow files before ``_index`` kept none;
        the bytes stay.

        :return: (attachments done, whether there may be more)
        """
        files = self.env["cmor.flow.file"].sudo()
        found = files.search_fetch(
            [("attachment_id.index_content", "!=", False)],
            ["attachment_id"],
            limit=BATCH,
        )
        found.attachment_id.write({"index_content": False})
        return len(found), len(found) == BATCH

    def write(self, vals):
        # EXTENDS base
        if CONTENT_FIELDS & set(vals) and self._is_flow_file():
            raise UserError(self.env._("The bytes of a flow file never change."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_flow_file(self):
        if self._is_flow_file():
            raise UserError(self.env._("The bytes of a flow file are kept for ever."))
