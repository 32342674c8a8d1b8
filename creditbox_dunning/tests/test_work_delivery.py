"""Files left in the folder of their provider: each at most once, what is in doubt
waits for a person. Gate 51: a folder is a driver like another."""

from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.utility_supply.models.import_folders import FolderError

from .test_technical_order import WorkCommon


@tagged("post_install", "-at_install")
class TestWorkDelivery(WorkCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.office.work_folder_id = cls.env["utility.import.source"].create(
            {
                "name": "Uscita",
                "company_id": cls.company.id,
                "purpose": "outgoing",
                "path": "uscita",
            }
        )
        cls.cron = cls.env.ref("creditbox_dunning.ir_cron_dunning_work")

    def written(self):
        self.to_reduce()
        return self.send(70)

    def deliver(self, error=None, holds=False):
        """Run the scheduled action; the names and bytes that were left."""
        left = []

        def put(source, files):
            left.extend(files)
            if error:
                raise error

        model = self.registry["utility.import.source"]
        with (
            patch.object(model, "_put", put),
            patch.object(model, "_holds", lambda source, files: holds),
            self.enter_registry_test_mode(),
        ):
            self.cron.method_direct_trigger()
        self.env.invalidate_all()
        return left

    def test_left_once(self):
        file = self.written()
        left = self.deliver()
        name, data = left[0]
        self.assertEqual((name, len(left)), (f"{file.name}.csv", 1))
        self.assertEqual(data, file.attachment_id.raw)
        self.assertEqual(file.state, "delivered")
        self.assertEqual(self.deliver(), [])

    def test_unreachable_is_tried_again(self):
        file = self.written()
        self.deliver(FolderError("no_server", "spento"))
        self.assertEqual(file.state, "written")
        self.assertIn("spento", file.reason)
        self.assertEqual(len(self.deliver()), 1)
        self.assertEqual(file.state, "delivered")

    def test_in_doubt_waits_for_a_person(self):
        file = self.written()
        self.deliver(FolderError("in_doubt", "rotto"))
        self.assertEqual(file.state, "uncertain")
        self.assertEqual(self.deliver(), [], "never left again by itself")
        with self.assertRaises(AccessError):
            file.with_user(self.operator).action_again()
        file.with_user(self.manager).action_again()
        self.assertEqual(len(self.deliver()), 1)
        with self.assertRaises(UserError):
            file.with_user(self.manager).action_again()

    def test_whoever_left_it_died(self):
        file = self.written()
        file.sudo()._guarded().write({"state": "delivering"})
        self.assertEqual(self.deliver(), [])
        self.assertEqual(file.state, "uncertain")
        file.with_user(self.operator).action_delivered()
        self.assertEqual(file.state, "delivered")
        file.sudo()._guarded().write({"state": "delivering"})
        self.assertEqual(self.deliver(holds=True), [])
        self.assertEqual(file.state, "delivered")
