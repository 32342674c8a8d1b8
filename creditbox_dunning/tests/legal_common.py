"""A legal file without the months of nights before it."""

import base64
from datetime import datetime, timedelta

from odoo import Command
from odoo.tests import freeze_time

from .common import DunningCommon


class LegalCommon(DunningCommon):
    """A case of two bills (100 and 50 euro) whose step before the court is approved on
    day 20: Tuesday 9 February 2027."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bill = cls.overdue("L1")
        cls.bill2 = cls.overdue("L2", amount=50)
        cls.run_on(7)
        cls.case = cls.case_of(cls.bill)
        cls.file = cls._to_court(cls.case)
        cls.action = cls.file.action_id

    @classmethod
    def _to_court(cls, case, number=20):
        """The file of a case whose first step is made one before the court."""
        kind = cls.env["dunning.action.type"].sudo().search([("code", "=", 10)])
        action = case.action_ids.filtered(lambda one: one.state == "done")
        action = action[:1].sudo()._guarded()
        action.write({"action_type_id": kind.id, "executed_date": cls.day(number)})
        with freeze_time(cls.day(number)):
            action._set_state("executing")
        files = cls.env["dunning.legal.file"].search([("action_id", "=", action.id)])
        assert len(files) == 1, "the approved step opens its file"
        return files

    def step(self, on, kind, user=None, file=None, **vals):
        with freeze_time(self.day(on)):
            steps = self.env["dunning.legal.step"].with_user(user or self.manager)
            return steps.create(
                {
                    "file_id": (file or self.file).id,
                    "kind": kind,
                    "date": self.day(on),
                    **vals,
                }
            )

    def told(self, number, step, user=None, **vals):
        """What is added to a step later, on a day."""
        with freeze_time(self.day(number)):
            step.with_user(user or self.manager).write(vals)

    def outcome(self, number, result, **vals):
        """What a manager records on the action's own form."""
        with freeze_time(self.day(number)):
            wizard = self.env["dunning.outcome.wizard"].with_user(self.manager)
            wizard.create(
                {
                    "action_ids": [Command.set(self.action.ids)],
                    "court_result": result,
                    "done_date": self.day(number),
                    **vals,
                }
            ).action_confirm()

    def paper(self, name="relata.pdf", data=b"%PDF-1.4", user=None):
        files = self.env["ir.attachment"].with_user(user or self.manager)
        return files.create({"name": name, "datas": base64.b64encode(data)})

    def at(self, number, hour=9):
        """A moment of a day, as it is stored."""
        day = self.day(number)
        return datetime(day.year, day.month, day.day) + timedelta(hours=hour)

    def items(self, bill):
        return self.file.item_ids.filtered(lambda item: item.move_id == bill)

    def reminders(self):
        return sorted(self.file.activity_ids.mapped("date_deadline"))
