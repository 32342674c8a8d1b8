"""Who may look at a practice opens its form; nobody stumbles over a part of it."""

from odoo.tests import Form, freeze_time, new_test_user, tagged

from .common_incoming import IncomingCommon

FORM = "cmor_utility.cmor_practice_view_form"
FORM_IN = "cmor_utility.cmor_practice_view_form_incoming"


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestReaders(IncomingCommon):
    def test_accounting_opens_both_forms(self):
        """Approvals, flows and codes are no business of accounting: not shown."""
        clerk = new_test_user(
            self.env,
            "reader-accounting",
            groups="account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self._create_switch_out("EE-READ")
        outgoing = self._find()
        incoming = self._to_charge()
        incoming.action_charge_customer()
        self.contract.supply_state = "suspended"
        incoming._ask_suspension()
        for practice, view in ((outgoing, FORM), (incoming, FORM_IN)):
            with self.subTest(view=view):
                form = Form(practice.with_user(clerk), view)
                self.assertEqual(form.state, practice.state)
