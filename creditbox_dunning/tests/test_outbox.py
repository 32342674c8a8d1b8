"""The outbox: one door for what becomes of a message, and a history nobody changes."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .outbox_common import OutboxCommon


@tagged("post_install", "-at_install")
class TestMove(OutboxCommon):
    def letter(self, ref="B1"):
        """An ordinary letter that waits to be posted."""
        bill = self.overdue(ref)
        for day in (7, 15):
            self.run_on(day)
        return self.case_of(bill).communication_ids.filtered(
            lambda m: m.channel == "pp"
        )

    def test_each_move_is_written_down(self):
        letter = self.letter()
        letter._move("sent", "Posted.", sent_date=self.day(16))
        letter._move("delivered", "Signed for.", notified_date=self.day(18))
        self.assertRecordValues(
            letter.event_ids.sorted("id"),
            [
                {
                    "kind": "move",
                    "state_from": "to_send",
                    "state_to": "sent",
                    "reason": "Posted.",
                },
                {
                    "kind": "move",
                    "state_from": "sent",
                    "state_to": "delivered",
                    "reason": "Signed for.",
                },
            ],
        )
        self.assertEqual(letter.sent_date, self.day(16))
        # told of a day of the past: nobody knows the moment
        self.assertFalse(letter.sent_at or letter.delivered_at)

    def test_same_again_changes_nothing(self):
        letter = self.letter()
        letter._move("sent", sent_date=self.day(16))
        count = len(letter.event_ids)
        self.assertFalse(letter._move("sent", sent_date=self.day(16)))
        self.assertEqual(len(letter.event_ids), count)
        self.assertFalse(letter._move("sent", protocol="R1"))
        self.assertEqual(letter.protocol, "R1")
        self.assertEqual(letter.event_ids[0].kind, "told")

    def test_what_is_over_stays_and_the_history_says_so(self):
        letter = self.letter()
        letter._move("sent")
        letter._move("delivered")
        log = "odoo.addons.creditbox_dunning.models.dunning_communication"
        with self.assertLogs(log, "WARNING"):
            self.assertFalse(letter._move("failed", "Late news."))
        self.assertEqual(letter.state, "delivered")
        self.assertRecordValues(
            letter.event_ids[0],
            [{"kind": "ignored", "state_to": "failed", "reason": "Late news."}],
        )

    def test_history_is_nobodys(self):
        letter = self.letter()
        letter._move("sent")
        event = letter.event_ids[0]
        for user in (self.dunning_admin, self.env.ref("base.user_admin")):
            with self.assertRaises(AccessError):
                event.with_user(user).write({"reason": "x"})
            with self.assertRaises(AccessError):
                event.with_user(user).create({"communication_id": letter.id})
        with self.assertRaises(AccessError):
            event.sudo().write({"reason": "x"})
        with self.assertRaises(UserError):
            event.sudo().unlink()
        with self.assertRaises(AccessError):
            letter.sudo().write({"state": "delivered"})


@tagged("post_install", "-at_install")
class TestProvider(OutboxCommon):
    def _provider(self, **vals):
        return self.env["dunning.service.provider"].create(
            {
                "name": "P",
                "kind": "post",
                "company_id": self.company.id,
                **vals,
            }
        )

    def test_own_before_the_groups(self):
        other = self.env["res.company"].create({"name": "Other"})
        group = self.env["utility.group"].create(
            {
                "name": "G",
                "head_company_id": other.id,
                "member_ids": [(6, 0, (other | self.company).ids)],
            }
        )
        providers = self.env["dunning.service.provider"]
        self.assertFalse(providers._for("post", self.company))
        shared = self._provider(company_id=other.id, group_id=group.id)
        self.assertEqual(providers._for("post", self.company), shared)
        own = self._provider()
        self.assertEqual(providers._for("post", self.company), own)
        self.assertEqual(providers._for("post", other), shared)
        seen = providers.with_user(self.operator).search([("kind", "=", "post")])
        self.assertEqual(seen, own | shared)

    def test_refusals_in_a_row_stop_it_and_somebody_is_told(self):
        provider = self._provider(max_refusals=2)
        provider._note_refused("first")
        provider._note_left()
        provider._note_refused("again")
        self.assertEqual(provider.state, "running")
        provider._note_refused("again")
        self.assertEqual(provider.state, "stopped")
        self.assertIn("again", provider.stopped_reason)
        self.assertEqual(len(provider.activity_ids), 1)
        with self.assertRaises(AccessError):
            provider.with_user(self.dunning_admin).write({"state": "running"})
        provider.with_user(self.dunning_admin).action_restart()
        self.assertRecordValues(
            provider, [{"state": "running", "refusals": 0, "stopped_reason": False}]
        )
        self.assertFalse(provider.activity_ids)
