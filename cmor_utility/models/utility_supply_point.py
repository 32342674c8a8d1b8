from odoo import models


class UtilitySupplyPoint(models.Model):
    _inherit = "utility.supply.point"

    # a notice of the SII names a POD by 14 or 15 characters
    _code14_idx = models.Index("(left(code, 14))")
