from odoo import models

from .bulk import write_many


class UtilityBulkMixin(models.AbstractModel):
    """What waits in the cache of many records goes to the database in one statement."""

    _name = "utility.bulk.mixin"
    _description = "Many rows written together"

    def _write_multi(self, vals_list):
        # EXTENDS base
        if not write_many(self, vals_list):
            super()._write_multi(vals_list)
