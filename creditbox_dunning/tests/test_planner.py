"""The planner by example: one test for each thing that a row may ask."""

from datetime import date, timedelta
from decimal import Decimal

from odoo.tests.common import BaseCase, tagged

from odoo.addons.creditbox_dunning.rules.coverage import lines_for, starts_new_round
from odoo.addons.creditbox_dunning.rules.facts import Done, Hold, Key
from odoo.addons.creditbox_dunning.rules.planner import (
    is_outdated,
    plan,
    usable_channels,
)

from .planner_common import (
    DUE,
    ELECTRICITY,
    bill,
    done,
    facts,
    rule,
    shift,
    standard_rules,
)


def day(number):
    """``number`` days after the due date."""
    return DUE + timedelta(days=number)


def codes(decision):
    return [reason.code for reason in decision.reasons]


@tagged("post_install", "-at_install")
class TestPlannerTable(BaseCase):
    """The standard table on the vectors of the trade (due 20 January 2027)."""

    def _rows(self, key=ELECTRICITY):
        return {(row.seq): row for row in standard_rules() if row.key == key}

    def test_nothing_before_the_first_row(self):
        decision = plan(facts(), standard_rules(), day(1), shift)
        self.assertEqual((decision.kind, decision.date), ("wait", day(3)))
        self.assertEqual(decision.rule.seq, 10)

    def test_reminders_on_their_days(self):
        rows = self._rows()
        first = plan(facts(), standard_rules(), day(3), shift)
        self.assertEqual((first.kind, first.rule.seq), ("execute", 10))
        self.assertEqual(first.channels, ("sms",))
        history = (done(rows[10], day(3)),)
        second = plan(facts(done=history), standard_rules(), day(4), shift)
        self.assertEqual((second.kind, second.date), ("wait", day(7)))

    def test_friendly_notice_and_default_of_the_vectors(self):
        rows = self._rows()
        history = [done(rows[10], day(3)), done(rows[20], day(7))]
        notice = plan(facts(done=tuple(history)), standard_rules(), day(15), shift)
        self.assertEqual((notice.kind, notice.rule.seq), ("execute", 30))
        history.append(done(rows[30], date(2027, 2, 4)))
        default = plan(
            facts(done=tuple(history)), standard_rules(), date(2027, 2, 5), shift
        )
        self.assertEqual((default.kind, default.date), ("wait", date(2027, 2, 19)))

    def test_list_to_the_technical_office_28_days_after_delivery(self):
        rows = self._rows()
        covered = bill(covered={"default"})
        history = (
            done(rows[30], date(2027, 2, 4)),
            done(rows[41], date(2027, 2, 19), effective=date(2027, 2, 26)),
        )
        plan_before = plan(
            facts(covered, done=history), standard_rules(), date(2027, 3, 25), shift
        )
        self.assertEqual(
            (plan_before.kind, plan_before.date), ("wait", date(2027, 3, 26))
        )
        plan_on = plan(
            facts(covered, done=history), standard_rules(), date(2027, 3, 26), shift
        )
        self.assertEqual((plan_on.kind, plan_on.rule.op), ("execute", "list"))

    def test_after_the_list_it_waits_for_the_technical_office(self):
        rows = self._rows()
        history = (
            done(rows[41], day(30), effective=day(37)),
            done(rows[50], day(70)),
        )
        decision = plan(
            facts(bill(covered={"default"}), done=history),
            standard_rules(),
            day(400),
            shift,
        )
        self.assertEqual((decision.kind, codes(decision)), ("wait", ["waits_plan"]))
        self.assertIsNone(decision.date)

    def test_suspended_and_to_reactivate_wait_for_work_and_payment(self):
        for state, code in (
            ("suspended", "waits_operation"),
            ("to_reactivate", "waits_payment"),
        ):
            key = Key("domestic", "gas", state, "suspendible")
            decision = plan(facts(key=key), standard_rules(), day(90), shift)
            self.assertEqual((decision.kind, codes(decision)), ("wait", [code]))

    def test_pec_first_letter_without_it(self):
        rows = self._rows()
        history = (done(rows[30], day(15)),)
        with_pec = plan(facts(done=history), standard_rules(), day(30), shift)
        self.assertEqual(with_pec.rule.channel, "pec")
        without = facts(done=history, missing={"pec": "no_pec"})
        self.assertEqual(
            plan(without, standard_rules(), day(30), shift).rule.channel, "ar"
        )

    def test_pec_refused_then_letter_the_day_after(self):
        rows = self._rows()
        history = (done(rows[30], day(15)), done(rows[40], day(30), "failed"))
        same_day = plan(facts(done=history), standard_rules(), day(30), shift)
        self.assertEqual((same_day.kind, same_day.date), ("wait", day(31)))
        later = plan(facts(done=history), standard_rules(), day(31), shift)
        self.assertEqual((later.kind, later.rule.channel), ("execute", "ar"))

    def test_formal_notice_failed_everywhere_stops(self):
        rows = self._rows()
        history = (
            done(rows[40], day(30), "failed"),
            done(rows[41], day(31), "failed"),
        )
        decision = plan(facts(done=history), standard_rules(), day(90), shift)
        self.assertEqual((decision.kind, codes(decision)), ("stop", ["notice_failed"]))

    def test_formal_notice_without_channel_stops(self):
        rows = self._rows()
        missing = {"pec": "no_pec", "ar": "no_address", "pp": "no_address"}
        decision = plan(
            facts(done=(done(rows[30], day(15)),), missing=missing),
            standard_rules(),
            day(30),
            shift,
        )
        self.assertEqual((decision.kind, codes(decision)), ("stop", ["no_pec"]))

    def test_after_a_gap_the_reminders_are_left_out(self):
        decision = plan(facts(), standard_rules(), day(40), shift)
        self.assertEqual((decision.kind, decision.rule.seq), ("execute", 30))
        left = [(s.rule.seq, s.reasons[0].code) for s in decision.skipped]
        self.assertEqual(left, [(10, "overtaken"), (20, "overtaken")])

    def test_a_reminder_is_not_overtaken_by_what_cannot_be_sent(self):
        missing = {"email": "no_email"}
        decision = plan(facts(missing=missing), standard_rules(), day(8), shift)
        self.assertEqual((decision.kind, decision.rule.seq), ("execute", 10))

    def test_no_mobile_is_left_out_with_its_reason(self):
        decision = plan(
            facts(missing={"sms": "no_mobile"}), standard_rules(), day(3), shift
        )
        self.assertEqual((decision.kind, decision.date), ("wait", day(7)))
        self.assertEqual(
            [(s.rule.seq, s.reasons[0].code) for s in decision.skipped],
            [(10, "no_mobile")],
        )

    def test_threshold_parks(self):
        decision = plan(facts(bill("4.99")), standard_rules(), day(3), shift)
        self.assertEqual(
            (decision.kind, codes(decision)), ("park", ["below_threshold"])
        )
        self.assertEqual(
            plan(facts(bill("5.00")), standard_rules(), day(3), shift).kind, "execute"
        )

    def test_ceased_supply_goes_on_from_where_it_was(self):
        """38: a switched-out customer with its default notice goes to the agency."""
        rows = self._rows()
        history = (
            done(rows[10], day(3)),
            done(rows[20], day(7)),
            done(rows[30], day(15)),
            done(rows[41], day(30), effective=day(37)),
        )
        ceased = Key("domestic", "electricity", "ceased", "suspendible")
        decision = plan(
            facts(bill(covered={"default"}), key=ceased, done=history),
            standard_rules(),
            day(57),
            shift,
        )
        self.assertEqual((decision.kind, decision.rule.op), ("execute", "assign"))

    def test_past_notice_proves_the_step(self):
        past = Done(None, 4, "default", "done", day(-10), day(-5))
        decision = plan(
            facts(bill(covered={"default"}), done=(past,)),
            standard_rules(),
            day(1),
            shift,
        )
        self.assertEqual(decision.kind, "wait")
        self.assertEqual((decision.rule.op, decision.date), ("list", day(23)))


@tagged("post_install", "-at_install")
class TestPlannerRows(BaseCase):
    """Rows made for one thing each."""

    def test_paid_closes_and_credits_park(self):
        rows = (rule(10),)
        self.assertEqual(plan(facts(bill("0")), rows, DUE, shift).kind, "close")
        credit = facts(bill("100"), bill("-100", number=2))
        self.assertEqual(plan(credit, rows, day(9), shift).kind, "park")
        loose = facts(unallocated=Decimal(100))
        self.assertEqual(plan(loose, rows, day(9), shift).kind, "park")
        partly = facts(unallocated=Decimal("99.99"))
        self.assertEqual(plan(partly, rows, day(9), shift).kind, "execute")

    def test_amount_band_limits_are_inside(self):
        """Gate 35: a row from 100 to 500 catches 100.00 and 500.00 only."""
        band = rule(10, amount_from=Decimal(100), amount_to=Decimal(500))
        rows = (band, rule(20))
        for amount, is_caught in (
            ("99.99", False),
            ("100.00", True),
            ("500.00", True),
            ("500.01", False),
        ):
            decision = plan(facts(bill(amount)), rows, day(1), shift)
            skipped = {step.rule.seq: step.reasons[0].code for step in decision.skipped}
            self.assertEqual(decision.kind, "execute", amount)
            self.assertEqual(skipped[10] == "overtaken", is_caught, amount)
            self.assertEqual(skipped[10] == "out_of_band", not is_caught, amount)

    def test_two_segments_two_ladders(self):
        """Gate 35: each segment walks its own rows, never a mix of the two."""
        large = Key("large", "electricity", "active", "suspendible")
        rows = (rule(10), rule(20, key=large, op="notice", channel="pp", action=3))
        for key, seq in ((ELECTRICITY, 10), (large, 20)):
            decision = plan(facts(key=key), rows, day(1), shift)
            self.assertEqual((decision.kind, decision.rule.seq), ("execute", seq))
            self.assertFalse(decision.skipped)

    def test_days_of_each_kind(self):
        """Gate 36: 3 working days over a week-end and a holiday, 3 natural beside."""
        holiday_eve = date(2027, 4, 23)  # Friday; Sunday the 25th is a holiday
        for kind, expected in (
            ("solar", date(2027, 4, 26)),
            ("weekdays", date(2027, 4, 27)),
            ("working", date(2027, 4, 28)),
        ):
            rows = (rule(10, wait_before=3, day_kind=kind),)
            decision = plan(facts(bill(due=holiday_eve)), rows, holiday_eve, shift)
            self.assertEqual(decision.date, expected, kind)

    def test_channel_expressions(self):
        missing = {"pec": "no_pec", "sms": "no_mobile"}
        self.assertEqual(usable_channels("pec|ar", missing)[0], ("ar",))
        self.assertEqual(usable_channels("email+sms", missing)[0], ("email",))
        self.assertEqual(usable_channels("email+sms", {})[0], ("email", "sms"))
        self.assertEqual(
            usable_channels("pec|sms", missing), ((), ("no_pec", "no_mobile"))
        )
        self.assertEqual(usable_channels("task", missing)[0], ("task",))

    def test_jumps_by_outcome(self):
        rows = (rule(10, next_ok=40, next_ko=30), rule(20), rule(30), rule(40))
        ok = facts(done=(done(rows[0], day(1)),))
        self.assertEqual(plan(ok, rows, day(2), shift).rule.seq, 40)
        ko = facts(done=(done(rows[0], day(1), "failed"),))
        # 30 and 40 are reminders due on the same day: the later one is taken
        self.assertEqual(plan(ko, (*rows[:3],), day(2), shift).rule.seq, 30)

    def test_a_loop_in_the_table_ends(self):
        rows = (rule(10, next_ok=20), rule(20, next_ok=10))
        history = (done(rows[0], day(1)), done(rows[1], day(2)))
        decision = plan(facts(done=history), rows, day(9), shift)
        self.assertEqual((decision.kind, codes(decision)), ("stop", ["end_of_table"]))

    def test_open_action_waits_for_its_person(self):
        rows = (rule(10, action=4, op="default", channel="ar"), rule(20))
        waiting = done(rows[0], day(1), "open", waits_for="waits_notification")
        decision = plan(facts(done=(waiting,)), rows, day(90), shift)
        self.assertEqual(
            (decision.kind, decision.date, codes(decision)),
            ("wait", None, ["waits_notification"]),
        )

    def test_hold_until(self):
        held = facts(holds=(Hold("complaint", day(20)),))
        decision = plan(held, (rule(10),), day(20), shift)
        self.assertEqual((decision.kind, decision.date), ("wait", day(21)))
        self.assertEqual(plan(held, (rule(10),), day(21), shift).kind, "execute")

    def test_technical_action_of_another_set_is_outdated(self):
        rows = (rule(10),)
        order = Done(99, 7, "suspend", "open")
        self.assertTrue(is_outdated(order, rows))
        self.assertFalse(is_outdated(Done(99, 4, "default", "open"), rows))
        decision = plan(facts(done=(order,)), rows, day(1), shift)
        self.assertEqual(decision.kind, "execute")

    def test_legal_steps_look_at_the_noticed_bills_only(self):
        legal = rule(
            10, action=10, op="legal", channel="task", min_threshold=Decimal(500)
        )
        old = bill("400", covered={"default"})
        new = bill("400", number=2)
        decision = plan(facts(old, new), (legal,), day(9), shift)
        self.assertEqual(decision.kind, "park")


@tagged("post_install", "-at_install")
class TestCoverage(BaseCase):
    def test_a_young_bill_does_not_ride_on_the_notice_of_an_old_one(self):
        default = rule(40, action=4, op="default", channel="ar", wait_before=30)
        lines = (bill(), bill(due=day(29), number=2), bill("-10", number=3))
        self.assertEqual(lines_for(default, facts(*lines), day(30), shift), (1, 3))

    def test_water_default_needs_the_first_reminder(self):
        water = Key("domestic", "water", "active", "suspendible")
        default = rule(40, key=water, action=4, op="default", channel="ar")
        lines = (bill(covered={"notice"}), bill(number=2))
        self.assertEqual(
            lines_for(default, facts(*lines, key=water), day(30), shift), (1,)
        )
        decision = plan(facts(bill(), key=water), (default,), day(30), shift)
        self.assertEqual(
            (decision.kind, codes(decision)), ("stop", ["no_first_reminder"])
        )

    def test_new_round_when_the_noticed_bills_are_paid(self):
        sent = (done(rule(10), day(1)),)
        self.assertTrue(starts_new_round(facts(bill(number=2), done=sent), day(30)))
        self.assertFalse(
            starts_new_round(facts(bill(covered={"remind"}), done=sent), day(30))
        )
        self.assertFalse(starts_new_round(facts(bill()), day(30)))
        only_skips = (done(rule(10), None, "skipped"),)
        self.assertFalse(starts_new_round(facts(bill(), done=only_skips), day(30)))
