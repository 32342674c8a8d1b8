from datetime import date, datetime
from itertools import permutations

from odoo.tests import BaseCase, tagged

from ..rules import timeline
from ..rules.attention import ACTION, CHECK, LATE, RISK, AttentionFacts, attention
from ..rules.deadlines import Deadline

TODAY = date(2026, 4, 15)


def term(state, due, key="request_close", actor="us", kind="must"):
    return Deadline(key, due, due, "end", actor, kind, "solar", {}, state)


def facts(*terms, state="ready", next_action="", **more):
    horizons = {"": date(2026, 4, 22), "request_close": date(2026, 5, 15)}
    return AttentionFacts(state, next_action, None, terms, horizons=horizons, **more)


@tagged("post_install", "-at_install")
class TestAttention(BaseCase):
    def test_levels_from_the_worst(self):
        late = term("missed", date(2026, 4, 14))
        near = term("open", date(2026, 5, 15))
        theirs = term("missed", date(2026, 4, 1), "sii_check", "sii")
        for terms, next_action, level in (
            ((late, near, theirs), "export", LATE),
            ((near, theirs), "export", RISK),
            ((theirs,), "export", ACTION),
            ((theirs,), "await_answer", CHECK),
            ((), "solve", CHECK),
            ((), "await_answer", ""),
            ((), "", ""),
        ):
            found = attention(facts(*terms, next_action=next_action), TODAY)
            self.assertEqual(found.level, level, (terms, next_action))

    def test_the_day_before_and_after_the_horizon(self):
        for due, level in (
            (date(2026, 4, 22), RISK),
            (date(2026, 4, 23), ""),
        ):
            found = attention(facts(term("open", due, "excess_return")), TODAY)
            self.assertEqual(found.level, level)

    def test_a_right_about_to_lapse_is_a_question(self):
        """Asking the suspension is nobody's duty, and gone after its day: told in
        time, late never."""
        for state, due, level in (
            ("open", date(2026, 4, 22), CHECK),
            ("open", date(2026, 4, 23), ""),
            ("dropped", date(2026, 4, 14), ""),
        ):
            right = term(state, due, "suspension_request", kind="may")
            found = attention(facts(right, state="matched"), TODAY)
            self.assertEqual(
                (found.level, found.needs_check, found.needs_action),
                (level, bool(level), False),
            )
            if level:
                self.assertEqual((found.reason, found.day), ("lapses", due))
        asked = attention(
            facts(
                term("open", TODAY, "suspension_request", kind="may"),
                state="charged",
                next_action="charge_customer",
            ),
            TODAY,
        )
        self.assertEqual((asked.level, asked.needs_check), (ACTION, True))

    def test_the_first_of_several_terms_is_shown(self):
        found = attention(
            facts(
                term("missed", date(2026, 4, 10), "excess_return"),
                term("missed", date(2026, 4, 2), "refund_report"),
            ),
            TODAY,
        )
        self.assertEqual((found.key, found.day), ("refund_report", date(2026, 4, 2)))

    def test_a_day_that_has_passed_is_not_due(self):
        """Charged by the network in March: nothing is due by then."""
        for day, shown in (
            (date(2026, 3, 1), None),
            (TODAY, TODAY),
            (date(2026, 5, 1), date(2026, 5, 1)),
        ):
            for step in ("charge_customer", "check_difference"):
                found = attention(AttentionFacts("to_charge", step, day), TODAY)
                self.assertEqual(found.day, shown, step)

    def test_both_questions(self):
        found = attention(facts(next_action="declare", waiting_records=1), TODAY)
        self.assertTrue(found.needs_action and found.needs_check)
        found = attention(facts(next_action="export"), TODAY)
        self.assertTrue(found.needs_action and not found.needs_check)

    def test_what_has_ended_needs_nothing(self):
        late = term("missed", date(2026, 4, 14))
        found = attention(facts(late, state="expired", next_action="export"), TODAY)
        self.assertFalse(found.level or found.needs_action or found.needs_check)


@tagged("post_install", "-at_install")
class TestTimeline(BaseCase):
    def test_order_whatever_comes_first(self):
        day = date(2026, 4, 15)
        entries = [
            {"when": date(2026, 4, 14), "kind": "deadline"},
            {"when": day, "kind": "notice"},
            {"when": datetime(2026, 4, 15, 9), "kind": "flow", "id": 1},
            {"when": datetime(2026, 4, 15, 9), "kind": "flow", "id": 2},
            {"when": datetime(2026, 4, 15, 9), "kind": "event", "id": 1},
            {"when": day, "kind": "deadline"},
        ]
        for shuffled in permutations(entries):
            self.assertEqual(timeline.order(shuffled), entries)
