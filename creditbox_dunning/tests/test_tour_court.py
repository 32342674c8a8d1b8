"""A legal file in a browser."""

from odoo.tests import HttpCase, tagged

from .legal_common import LegalCommon


@tagged("post_install", "-at_install", "tour")
class TestTourCourt(HttpCase, LegalCommon):
    def test_hearing(self):
        self.start_tour("/odoo", "creditbox_court", login="manager")
        step = self.file.step_ids
        self.assertEqual((step.kind, step.place), ("hearing", "Aula 4"))
        self.assertEqual(self.file.activity_ids.date_deadline, step.deadline)
