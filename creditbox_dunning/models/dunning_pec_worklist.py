from odoo import models


class DunningWorklist(models.AbstractModel):
    _inherit = "dunning.worklist"

    def _lists_of_trouble(self, today):
        # EXTENDS: what came into the PEC mailboxes, and what did not
        return [
            *super()._lists_of_trouble(today),
            {
                "key": "pec_tray",
                "title": self.env._("PEC to look at"),
                "help": self.env._(
                    "Messages received by PEC that have no effect of their own."
                ),
                "icon": "fa-inbox",
                "tone": "danger",
                "model": "dunning.pec.message",
                "domain": [("state", "=", "tray")],
            },
            {
                "key": "pec_silence",
                "title": self.env._("Messages without receipt"),
                "help": self.env._(
                    "PEC and text messages whose receipt has been awaited for too long."
                ),
                "icon": "fa-bell-slash-o",
                "tone": "warning",
                "model": "dunning.communication",
                "domain": [
                    ("pec_silence", "!=", False),
                    ("state", "in", ("sent", "accepted")),
                ],
            },
        ]
