"""Events at any time: what may be recorded, what it starts, how long it speaks."""

from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged
from odoo.tests.common import BaseCase

from odoo.addons.creditbox_dunning.rules.coverage import reactivation_due
from odoo.addons.creditbox_dunning.rules.events import possible
from odoo.addons.creditbox_dunning.rules.facts import Done, Event, Key

from .planner_common import DUE, bill, facts, rule, standard_rules
from .test_outcomes import OutcomeCommon

TODAY = DUE + timedelta(days=100)
SUSPENDED = Key("domestic", "electricity", "suspended", "suspendible")


def ops(found):
    return [one.op for one in found]


@tagged("post_install", "-at_install")
class TestEventRules(BaseCase):
    def test_the_set_decides(self):
        rules = standard_rules()
        found = ops(possible(facts(bill("900")), rules, TODAY))
        self.assertEqual(found, ["writeoff", "plan"])
        bare = (rule(10), rule(20))
        self.assertEqual(possible(facts(bill("900")), bare, TODAY), ())

    def test_the_amount_decides(self):
        rows = (
            rule(20, op="writeoff", action=8, amount_from=300, amount_to=800),
            rule(900, op="plan", action=9, anchor="event", min_threshold=50),
        )
        for amount, found in (
            ("49", []),
            ("50", ["plan"]),
            ("299", ["plan"]),
            ("300", ["writeoff", "plan"]),
            ("800", ["writeoff", "plan"]),
            ("801", ["plan"]),
        ):
            self.assertEqual(ops(possible(facts(bill(amount)), rows, TODAY)), found)

    def test_what_was_done_or_asked_is_over(self):
        rows = (rule(900, op="plan", action=9, anchor="event"),)
        done = Done(900, 9, "plan", "failed", executed=DUE, outcome="not_agreed")
        self.assertEqual(possible(facts(done=(done,)), rows, TODAY), ())
        asked = (Event("plan", DUE),)
        self.assertEqual(possible(facts(events=asked), rows, TODAY), ())

    def _cut(self, **vals):
        cut = Done(None, 7, "suspend", "done", executed=DUE, effective=DUE)
        owed = bill("900", covered=("default",))
        notice = Done(None, 4, "default", "done", executed=DUE, effective=DUE)
        return facts(owed, key=SUSPENDED, done=(notice, cut), **vals)

    def test_a_release_needs_a_supply_that_is_off(self):
        rules = standard_rules()
        self.assertIn("reactivate", ops(possible(self._cut(), rules, TODAY)))
        self.assertNotIn("reactivate", ops(possible(facts(), rules, TODAY)))
        released = self._cut(events=(Event("reactivate", DUE),))
        self.assertNotIn("reactivate", ops(possible(released, rules, TODAY)))

    def test_a_release_is_used_up_by_the_reactivation(self):
        """Cut again later, for good reason, the old release gives nothing back."""
        of_case = self._cut(events=(Event("reactivate", DUE),))
        self.assertTrue(reactivation_due(of_case))
        for days, is_due in ((0, False), (5, False)):
            day = DUE + timedelta(days=days)
            back = Done(None, 7, "reactivate", "done", executed=day, effective=day)
            again = Done(None, 7, "suspend", "done", executed=day, effective=day)
            cut = self._cut(events=(Event("reactivate", DUE),))
            done = (*cut.done, back, again)
            of_case = facts(*cut.lines, key=SUSPENDED, done=done, events=cut.events)
            self.assertIs(reactivation_due(of_case), is_due)
        day = DUE - timedelta(days=1)
        back = Done(None, 7, "reactivate", "done", executed=day, effective=day)
        cut = self._cut(events=(Event("reactivate", DUE),))
        done = (back, *cut.done)
        of_case = facts(*cut.lines, key=SUSPENDED, done=done, events=cut.events)
        self.assertTrue(reactivation_due(of_case), "given back before it was asked")


@tagged("post_install", "-at_install")
class TestEvents(OutcomeCommon):
    def record(self, number, op="plan", user=None, on=None, **vals):
        """What a person does on a day: opens the form of the case and records."""
        with freeze_time(self.day(number)):
            case = self.case.with_user(user or self.operator)
            action = case.action_record_event()
            wizard = (
                self.env[action["res_model"]]
                .with_user(user or self.operator)
                .with_context(**action["context"])
            )
            with Form(wizard) as form:
                rows = self.table.rule_ids.browse(form.choice_ids.ids)
                form.rule_id = rows.filtered(lambda row: row.op == op)
                form.date = self.day(number if on is None else on)
                for name, value in vals.items():
                    setattr(form, name, value)
            form.record.action_record()
        return self.case.event_ids[:1]

    def test_plan_asked_for_starts_its_row(self):
        self.walk(3, 7)
        event = self.record(8, amount=200, note="Sei rate")
        self.assertEqual((event.kind, event.state), ("plan", "active"))
        self.assertEqual(self.case.next_rule_id.op, "plan")
        self.assertIn("Sei rate", str(self.case.message_ids.mapped("body")))
        action = self.night(8)
        self.assertEqual(action.op, "plan")
        self.tell(9, instalments_result="agreed", done_date=self.day(9))
        self.run_on(30)
        self.assertIn("waits_instalments", str(self.case.next_reasons))
        titles = [entry["kind"] for entry in self.case.timeline]
        self.assertIn("event", titles)

    def test_nothing_but_the_rows_of_the_set(self):
        self.walk(3)
        case = self.case.with_user(self.operator)
        events = self.env["dunning.case.event"].with_user(self.operator)
        courtesy = self.case.table_id.rule_ids.filtered(lambda r: r.op == "remind")[:1]
        with freeze_time(self.day(4)):
            rows = events._possible_rows(case, self.day(4))
            self.assertEqual(set(rows.mapped("op")), {"plan", "writeoff"})
            rows = rows.filtered(lambda r: r.op == "plan")
            with self.assertRaisesRegex(UserError, "no such event"):
                events.record_event(case.id, courtesy.id, self.day(4))
            with self.assertRaisesRegex(UserError, "future"):
                events.record_event(case.id, rows.id, self.day(5))
            for amount in (-1, 1401):
                with self.assertRaisesRegex(UserError, "between"):
                    events.record_event(case.id, rows.id, self.day(4), amount)
            events.record_event(case.id, rows.id, self.day(4), 1400)
            with self.assertRaisesRegex(UserError, "no such event"):
                events.record_event(case.id, rows.id, self.day(4))

    def test_withdrawn_before_its_step(self):
        self.walk(3, 7)
        event = self.record(8)
        with freeze_time(self.day(8)):
            event.with_user(self.operator).action_withdraw()
        self.assertEqual(event.state, "withdrawn")
        self.assertNotEqual(self.case.next_rule_id.op, "plan")
        event = self.record(8)
        self.night(8)
        with freeze_time(self.day(9)), self.assertRaisesRegex(UserError, "was taken"):
            event.with_user(self.operator).action_withdraw()

    def test_release_before_payment_is_approved(self):
        self.to_suspended()
        self.night(90)
        event = self.record(95, "reactivate", self.manager, note="Acconto versato")
        self.assertEqual(event.state, "requested")
        self.assertFalse(self.night(95), "given back before the approval")
        self.assertEqual(self.contract.supply_state, "suspended")
        with freeze_time(self.day(95)), self.assertRaises(AccessError):
            event.request_id.with_user(self.manager).action_approve()
        self.approve(event, self.boss, 95)
        self.assertEqual(event.state, "active")
        action = self.night(96)
        self.assertEqual(action.op, "reactivate")
        self.assertEqual(self.contract.supply_state, "to_reactivate")
        self.work(97)
        self.assertEqual(self.contract.supply_state, "active")
        self.run_on(98)
        self.assertNotEqual(self.case.state, "closed", "it is still owed")
        self.assertNotEqual(self.case.next_rule_id.op, "reactivate")

    def test_release_refused_gives_nothing_back(self):
        self.to_suspended()
        self.night(90)
        event = self.record(95, "reactivate", self.manager, note="Chiede il figlio")
        with freeze_time(self.day(95)):
            event.request_id.with_user(self.boss).action_refuse("Non basta")
        self.assertEqual(event.state, "refused")
        self.assertFalse(self.night(96))

    def test_release_needs_a_reason(self):
        self.to_suspended()
        self.night(90)
        with freeze_time(self.day(95)):
            events = self.env["dunning.case.event"].with_user(self.manager)
            case = self.case.with_user(self.manager)
            rows = events._possible_rows(case, self.day(95))
            back = rows.filtered(lambda r: r.op == "reactivate")
            with self.assertRaisesRegex(UserError, "Say why"):
                events.record_event(case.id, back.id, self.day(95), 0, "  ")

    def test_nobody_writes_one_by_hand(self):
        self.walk(3, 7)
        event = self.record(8)
        for user in (self.operator, self.boss, self.dunning_admin):
            own = event.with_user(user)
            with self.assertRaises(AccessError):
                own.write({"state": "withdrawn"})
            with self.assertRaises(AccessError):
                own.with_context(utility_guard=True).create(
                    {
                        "case_id": self.case.id,
                        "kind": "reactivate",
                        "date": "2027-01-01",
                    }
                )
            with self.assertRaises(AccessError):
                own.unlink()

    def test_accountants_read_and_record_nothing(self):
        self.walk(3, 7)
        event = self.record(8)
        own = event.with_user(self.accountant)
        self.assertEqual(own.kind, "plan")
        with self.assertRaises(AccessError):
            own.record_event(self.case.id, event.rule_id.id, self.day(8))
        with self.assertRaises(AccessError):
            own.action_withdraw()
        with self.assertRaises(AccessError):
            self.case.with_user(self.accountant).action_record_event()

    def test_other_company_sees_and_records_nothing(self):
        self.walk(3, 7)
        event = self.record(8)
        stranger = self._create_dunning_user("stranger", "manager")
        other = self.env["res.company"].create({"name": "Altra"})
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        events = self.env["dunning.case.event"].with_user(stranger)
        self.assertFalse(events.search([("id", "=", event.id)]))
        with self.assertRaises(AccessError):
            events.record_event(self.case.id, event.rule_id.id, self.day(8))
