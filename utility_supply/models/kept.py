from odoo import api, models


class UtilityKeptMixin(models.AbstractModel):
    """Rows of which what they say is kept in memory (``ormcache``): asked for each of
    thousands of records, changed by hand once a year."""

    _name = "utility.kept.mixin"
    _description = "What is kept of the rows goes when they change"

    @api.model_create_multi
    def create(self, vals_list):
        result = super().create(vals_list)
        self.env.registry.clear_cache()
        return result

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result
