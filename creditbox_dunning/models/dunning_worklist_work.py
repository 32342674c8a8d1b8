from odoo import models

ANSWERS = ("technical_answers", "agency_answers", "info_answers")


class DunningWorklist(models.AbstractModel):
    """What is ordered outside and waits for a person."""

    _inherit = "dunning.worklist"

    def _lists_of_sending(self, today):
        # EXTENDS
        return [
            *super()._lists_of_sending(today),
            *self._lists_of_orders(),
            {
                "key": "work_files",
                "title": self.env._("Files to hand over"),
                "help": self.env._(
                    "Lists and lots that are written: hand them over, then say so."
                ),
                "icon": "fa-file-text-o",
                "tone": "primary",
                "model": "dunning.work.file",
                "domain": [("state", "in", ("written", "uncertain"))],
            },
            {
                "key": "new_addresses",
                "title": self.env._("New addresses to look at"),
                "help": self.env._(
                    "An information provider found them: use them, the table sends"
                    " another letter."
                ),
                "icon": "fa-map-marker",
                "tone": "info",
                "model": "dunning.info.request",
                "domain": [("street", "!=", False), ("is_used", "=", False)],
            },
        ]

    def _lists_of_orders(self):
        names = {
            "dunning.technical.order": self.env._("Orders to the technical office"),
            "dunning.agency.assignment": self.env._("Assignments to agencies"),
            "dunning.info.request": self.env._("Questions to information providers"),
        }
        return [
            {
                "key": f"send_{self.env[model]._purpose}",
                "title": self.env._("%(what)s to send", what=name),
                "help": self.env._(
                    "They wait for the next file; those kept back say why."
                ),
                "icon": "fa-share-square-o",
                "tone": "primary",
                "model": model,
                "domain": [("state", "=", "to_send")],
            }
            for model, name in names.items()
        ]

    def _lists_of_trouble(self, today):
        # EXTENDS: first of all what has to be stopped today
        return [
            {
                "key": "recall_orders",
                "title": self.env._("Orders to call back today"),
                "help": self.env._(
                    "Paid or suspended: tell the technical office to stop, with the"
                    " next file or by telephone."
                ),
                "icon": "fa-undo",
                "tone": "danger",
                "model": "dunning.technical.order",
                "domain": [("state", "=", "recall")],
            },
            {
                "key": "recall_assignments",
                "title": self.env._("Assignments to call back today"),
                "help": self.env._("Paid or suspended: tell the agency to stop."),
                "icon": "fa-undo",
                "tone": "danger",
                "model": "dunning.agency.assignment",
                "domain": [("state", "=", "recall")],
            },
            {
                "key": "late_orders",
                "title": self.env._("Reactivations out of time"),
                "help": self.env._(
                    "The term of the law is over and the supply is not back yet."
                ),
                "icon": "fa-bolt",
                "tone": "danger",
                "model": "dunning.technical.order",
                "domain": [("is_late", "=", True)],
            },
            *super()._lists_of_trouble(today),
            self._list_of_agency_money(),
            {
                "key": "answers",
                "title": self.env._("Answers set aside"),
                "help": self.env._(
                    "Rows of offices, agencies and information providers that do not"
                    " fit: correct and retry, or discard."
                ),
                "icon": "fa-puzzle-piece",
                "tone": "warning",
                "model": "utility.import.row",
                "domain": [("state", "=", "open"), ("dataset", "in", ANSWERS)],
            },
        ]

    def _list_of_agency_money(self):
        return {
            "key": "agency_money",
            "title": self.env._("Agency payments to check"),
            "help": self.env._(
                "What the agency told and what the books have differ: ask the"
                " agency, then say that it is cleared up."
            ),
            "icon": "fa-money",
            "tone": "warning",
            "model": "dunning.agency.assignment",
            "domain": [
                ("money_state", "in", ("missing", "more")),
                # who told nothing has nothing to explain
                ("told", ">", 0),
                ("is_money_seen", "=", False),
            ],
        }
