"""Dunning looks at the practices of its customers."""

from odoo.tests import Form, freeze_time, new_test_user, tagged

from odoo.addons.cmor_utility.tests.common_incoming import IncomingCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestReaders(IncomingCommon):
    def test_an_operator_of_dunning_opens_both_forms(self):
        clerk = new_test_user(
            self.env,
            "reader-dunning",
            groups="creditbox_dunning.group_dunning_operator",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self._create_switch_out("EE-READ")
        incoming = self._to_charge()
        incoming.action_charge_customer()
        self.contract.supply_state = "suspended"
        incoming._ask_suspension()
        for practice, view in (
            (self._find(), "cmor_practice_view_form"),
            (incoming, "cmor_practice_view_form_incoming"),
        ):
            form = Form(practice.with_user(clerk), f"cmor_utility.{view}")
            self.assertEqual(form.state, practice.state)
