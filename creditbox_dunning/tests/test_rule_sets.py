"""Choice of the set of rows: the most specific, never two, fallbacks counted."""

from itertools import product

from odoo.tests.common import BaseCase, tagged

from odoo.addons.creditbox_dunning.rules.facts import Key
from odoo.addons.creditbox_dunning.rules.outcomes import waits_for
from odoo.addons.creditbox_dunning.rules.sets import choose_set, key_of

from .planner_common import rule, standard_rules

TYPES = ("domestic", "non_domestic", "large", "public_body")
SERVICES = ("water", "gas", "electricity", "telephone")
STATES = ("active", "suspended", "ceased", "to_reactivate")
CLASSES = ("suspendible", "not_suspendible", "deactivable", "public_body")


@tagged("post_install", "-at_install")
class TestRuleSets(BaseCase):
    def test_all_256_combinations_find_a_set_48_by_fallback(self):
        direct, fallback = 0, []
        for key in product(TYPES, SERVICES, STATES, CLASSES):
            rows, notes = choose_set(standard_rules(), Key(*key))
            self.assertTrue(rows, key)
            self.assertEqual(len({row.key for row in rows}), 1, "two sets were mixed")
            if notes:
                fallback.append((key, notes[0].code))
            else:
                direct += 1
        self.assertEqual((direct, len(fallback)), (208, 48))
        by_code = {code for _key, code in fallback}
        self.assertEqual(
            by_code,
            {
                "fallback_public_body",
                "fallback_deactivable",
                "fallback_suspended_protected",
            },
        )

    def test_most_specific_set_wins(self):
        wide = rule(10, id=1, key=Key("domestic", "", "active", "not_suspendible"))
        narrow = rule(
            10, id=2, key=Key("domestic", "water", "active", "not_suspendible")
        )
        key = Key("domestic", "water", "active", "not_suspendible")
        self.assertEqual([r.id for r in choose_set((wide, narrow), key)[0]], [2])

    def test_on_a_tie_the_service_decides(self):
        by_type = rule(10, id=1, key=Key("domestic", "", "", ""))
        by_service = rule(10, id=2, key=Key("", "gas", "", ""))
        by_class = rule(10, id=3, key=Key("", "", "", "suspendible"))
        by_state = rule(10, id=4, key=Key("", "", "active", ""))
        key = Key("domestic", "gas", "active", "suspendible")
        order = [by_state, by_class, by_type, by_service]
        while order:
            best = choose_set(tuple(order), key)[0]
            self.assertEqual(best[0].id, order.pop().id)

    def test_reduced_and_limited_count_as_active(self):
        plain = choose_set(
            standard_rules(), Key("domestic", "water", "active", "suspendible")
        )
        for state in ("reduced", "limited"):
            key = Key("domestic", "water", state, "suspendible")
            self.assertEqual(choose_set(standard_rules(), key), plain)

    def test_a_hole_is_told(self):
        rows, notes = choose_set((), Key("domestic", "water", "active", "suspendible"))
        self.assertEqual((rows, notes[0].code), ((), "no_set"))

    def test_keys_of_a_case(self):
        supply = ("large", "gas", "suspended", False)
        self.assertEqual(
            key_of(supply, "domestic", "water", "consumer"),
            Key("large", "gas", "suspended", ""),
            "the supply says it",
        )
        never_cut = ("active", "not_suspendible")
        for customer_type, service, form, expected in (
            ("domestic", "water", "public_body", ("domestic", "water")),
            ("domestic", None, None, ("domestic", "")),
            (None, "water", "public_body", ("public_body", "")),
            (False, False, "consumer", ("domestic", "")),
            (None, None, None, ("non_domestic", "")),
        ):
            found = key_of(None, customer_type, service, form)
            self.assertEqual(found, Key(*expected, *never_cut))


@tagged("post_install", "-at_install")
class TestWaitsFor(BaseCase):
    def test_what_an_open_action_waits_for(self):
        for op, state, channels, begun, sent, expected in (
            ("list", "executing", "file", True, False, "waits_plan"),
            ("list", "executing", "file", False, False, "waits_outcome"),
            ("default", "executing", "ar", False, False, "waits_sending"),
            ("default", "executing", "email + pec", True, True, "waits_notification"),
            ("default", "waiting_approval", "ar", False, False, "waits_approval"),
            ("assign", "approved", "", False, False, "waits_queue"),
            ("assign", "executing", "", False, True, "waits_outcome"),
            ("remind", "planned", "email", False, False, "waits_person"),
        ):
            found = waits_for(op, state, channels, is_begun=begun, is_sent=sent)
            self.assertEqual(found, expected, (op, state, channels))
