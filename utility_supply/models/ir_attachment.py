from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .guard import GUARD

# what an attachment is and where it belongs; a name or a description may change
CONTENT = frozenset({"raw", "datas", "db_datas", "store_fname", "res_model", "res_id"})


class IrAttachment(models.Model):
    """Files that were received or sent are kept byte for byte.

    A model declares which of its attachments are proof with two class attributes:
    ``_kept_attachment_field`` (the field that holds them, or several) and
    ``_kept_attachment_domain`` (the records for which it holds).
    """

    _inherit = "ir.attachment"

    def write(self, vals):
        if CONTENT & set(vals):
            self._check_not_kept()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_kept(self):
        self._check_not_kept()

    def _check_not_kept(self):
        if self.env.context.get("utility_guard") is GUARD:
            return
        for model_name, attachments in self.sudo().grouped("res_model").items():
            model = self.env.get(model_name)
            name = getattr(model, "_kept_attachment_field", None)
            if not name:
                continue
            domain = Domain(list(model._kept_attachment_domain))
            names = (name,) if isinstance(name, str) else name
            domain &= Domain.OR(Domain(n, "in", attachments.ids) for n in names)
            if model.sudo().search_count(domain, limit=1):
                raise UserError(
                    self.env._("This file was received or sent: it is kept as it is.")
                )
