"""Orders that leave by a file, and the texts on a real case, in a browser."""

from odoo.tests import HttpCase, freeze_time, tagged

from . import pec_golden
from .pec_common import PecCommon
from .test_technical_order import WorkCommon


@tagged("post_install", "-at_install", "tour")
class TestTourChannels(HttpCase, WorkCommon):
    def test_order_leaves(self):
        self.to_list()
        order = self.order("list")
        with freeze_time(self.day(65)):
            self.start_tour(
                "/odoo/technical-orders", "creditbox_order_leaves", login="operator"
            )
        self.assertEqual(order.state, "sent")
        self.assertEqual(order.file_id.row_count, 1)

    def test_texts(self):
        self.to_list()
        self.start_tour(
            "/odoo/dunning-texts",
            "creditbox_texts_and_providers",
            login="dunadmin",
        )


@tagged("post_install", "-at_install", "tour")
class TestTourPec(HttpCase, PecCommon):
    def test_tray(self):
        """A PEC that is no receipt is read, decided and out of the way."""
        self.sent()
        (received,) = self.receive(pec_golden.messages()["ordinaria"])
        self.assertEqual(received.state, "tray")
        self.start_tour("/odoo/dunning-pec", "creditbox_pec_tray", login="operator")
        self.assertNotEqual(received.state, "tray")
