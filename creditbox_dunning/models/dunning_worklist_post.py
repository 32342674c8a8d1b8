from odoo import models

# outcomes of a letter after which somebody looks for another address
SEARCHED = ("unknown", "moved", "untraceable", "bad_address")


class DunningWorklist(models.AbstractModel):
    """What the post leaves to a person."""

    _inherit = "dunning.worklist"

    def _lists_of_sending(self, today):
        # EXTENDS: files that somebody takes to the mail house
        return [
            *super()._lists_of_sending(today),
            {
                "key": "postal_jobs",
                "title": self.env._("Postal jobs to hand over"),
                "help": self.env._(
                    "Take the files to the mail house, then say that it has them."
                ),
                "icon": "fa-archive",
                "tone": "primary",
                "model": "dunning.postal.job",
                "domain": [
                    ("state", "=", "made"),
                    ("provider_id.postal_driver", "in", (False, "hand")),
                ],
            },
        ]

    def _lists_of_trouble(self, today):
        # EXTENDS
        return [
            *super()._lists_of_trouble(today),
            {
                "key": "postal_uncertain",
                "title": self.env._("Postal jobs in doubt"),
                "help": self.env._(
                    "Nobody knows whether the mail house has them: ask, then decide."
                ),
                "icon": "fa-question-circle-o",
                "tone": "danger",
                "model": "dunning.postal.job",
                "domain": [("state", "=", "uncertain")],
            },
            {
                "key": "postal_events",
                "title": self.env._("Outcomes that nobody understands"),
                "help": self.env._(
                    "The mail house wrote a code without a meaning here: say what it"
                    " means, once for all."
                ),
                "icon": "fa-language",
                "tone": "warning",
                "model": "dunning.postal.event",
                "domain": [("code", "=", False)],
            },
            {
                "key": "postal_conflict",
                "title": self.env._("Letters delivered and returned"),
                "help": self.env._("The post contradicts itself: look at the proofs."),
                "icon": "fa-random",
                "tone": "warning",
                "model": "dunning.communication",
                "domain": [("has_postal_conflict", "=", True)],
            },
            {
                "key": "address_search",
                "title": self.env._("Addresses to look for"),
                "help": self.env._(
                    "The letter came back: with a new address on the customer the table"
                    " sends another one."
                ),
                "icon": "fa-map-marker",
                "tone": "warning",
                "model": "dunning.action",
                "domain": [
                    ("state", "=", "failed"),
                    ("outcome", "in", SEARCHED),
                    ("case_id.state", "!=", "closed"),
                ],
            },
        ]
