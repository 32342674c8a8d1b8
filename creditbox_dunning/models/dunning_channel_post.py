from odoo import api, models


class DunningChannelPost(models.AbstractModel):
    """Letters through a mail house: many leave together, as a job.

    The sender asks nothing of them one by one: what would be `_send` is the making and
    the handing over of a job (dunning_postal_job_work.py).
    """

    _name = "dunning.channel.post"
    _inherit = "dunning.channel"
    _description = "Letters through a mail house"

    _kind = "post"

    @api.model
    def _alerts(self, provider):
        # OVERRIDE
        return provider._postal_driver_model()._alerts(provider)


class DunningChannelAr(models.AbstractModel):
    _name = "dunning.channel.ar"
    _inherit = "dunning.channel.post"
    _description = "Registered letters"

    _channel = "ar"


class DunningChannelPp(models.AbstractModel):
    _name = "dunning.channel.pp"
    _inherit = "dunning.channel.post"
    _description = "Ordinary letters"

    _channel = "pp"
