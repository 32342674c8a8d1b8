from odoo import api, models

from ..rules import work


class DunningHold(models.Model):
    """A suspension takes back the orders that did not leave and calls the others
    back."""

    _inherit = "dunning.hold"

    @api.model
    def _has_left(self, action):
        # EXTENDS: an order that is in no file yet is still in our hands
        orders = action.technical_order_ids
        if orders and all(order.state == work.TO_SEND for order in orders):
            return False
        return super()._has_left(action)

    @api.model
    def _tell_office(self, actions, today):
        # EXTENDS: the next file tells it too
        told = super()._tell_office(actions, today)
        actions.technical_order_ids.sudo()._take_back(self.env._("Suspended."))
        return told
