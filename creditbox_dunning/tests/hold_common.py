"""What the tests of suspensions share: a case on the way and a frozen day."""

import base64

from odoo.tests import freeze_time

from .common import DunningCommon

PROOF = [{"name": "reclamo.pdf", "datas": base64.b64encode(b"scritto").decode()}]


class HoldCommon(DunningCommon):
    """A case with one bill; `at(n)` is noon of the n-th day after the due date."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bill = cls.overdue()
        cls.run_on(1)
        cls.case = cls.case_of(cls.bill)
        cls.holds = cls.env["dunning.hold"]

    @classmethod
    def at(cls, number):
        return freeze_time(f"{cls.day(number)} 12:00:00")

    def suspend(self, reason, record=None, user=None, **more):
        record = record if record is not None else self.case
        scope = {
            "dunning.case": "case",
            "account.move": "bill",
            "utility.contract": "contract",
            "res.partner": "customer",
        }[record._name]
        holds = self.holds.with_user(user or self.operator)
        return holds.suspend(scope, record.ids, reason, **more)

    def walk(self, *days):
        """Nightly runs, each on its own day."""
        for number in days:
            with self.at(number):
                self.run_on(number)

    def done(self, case=None):
        """[seq] of the steps carried out, oldest first."""
        found = (case or self.case).action_ids.filtered(lambda a: a.state == "done")
        return found.sorted("id").rule_id.mapped("seq")
