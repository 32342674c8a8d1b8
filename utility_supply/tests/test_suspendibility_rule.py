"""The class of suspendibility as a rule: examples of the law, and properties."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.utility_supply.rules import suspendibility as rule
from odoo.addons.utility_supply.rules.suspendibility import SupplyFacts, classify

KINDS = ("life_support", "economic_bonus", "water_bonus", "emergency_plan")
CLASSES = ("suspendible", "not_suspendible", "deactivable", "public_body")
fast = settings(max_examples=150, deadline=None, database=None)
FACTS = st.builds(
    SupplyFacts,
    service=st.sampled_from(["water", "gas", "electricity", "telephone"]),
    customer_type=st.sampled_from(["domestic", "non_domestic", "large", "public_body"]),
    legal_form=st.sampled_from(["consumer", "business", "public_body", ""]),
    protections=st.frozensets(st.sampled_from(KINDS)),
    point_protections=st.frozensets(st.sampled_from(KINDS)),
    public_function=st.booleans(),
    gas_use=st.sampled_from(["", "domestic", "public_service"]),
    seasonal_use=st.sampled_from(["none", "seasonal", "second_home"]),
    suspended_days=st.none() | st.integers(0, 400),
    deactivable_after=st.sampled_from([None, 0, 30]),
)
OVERRIDES = st.none() | st.sampled_from(CLASSES)


@tagged("post_install", "-at_install")
class TestSuspendibilityRule(BaseCase):
    def assertClass(self, expected, **facts):
        self.assertEqual(classify(SupplyFacts(**facts)).value, expected)

    def test_ordinary_supply(self):
        self.assertClass("suspendible", service="electricity")

    def test_life_support_protects_electricity_and_the_point_it_names(self):
        held = frozenset({"life_support"})
        self.assertClass("not_suspendible", service="electricity", protections=held)
        self.assertClass("suspendible", service="telephone", protections=held)
        self.assertClass("not_suspendible", service="gas", point_protections=held)

    def test_water_bonus_protects_water_and_allows_limiting(self):
        bonus = frozenset({"water_bonus"})
        outcome = classify(SupplyFacts(service="water", protections=bonus))
        self.assertEqual(outcome.value, "not_suspendible")
        self.assertTrue(outcome.limit_only)
        self.assertClass("suspendible", service="electricity", protections=bonus)
        # two reasons: limiting is no longer lawful by the bonus alone
        both = SupplyFacts(service="water", protections=bonus, public_function=True)
        self.assertFalse(classify(both).limit_only)

    def test_economic_bonus_of_energy_does_not_forbid_the_cut(self):
        bonus = frozenset({"economic_bonus"})
        self.assertClass("suspendible", service="electricity", protections=bonus)

    def test_gas_of_public_service_and_public_functions(self):
        self.assertClass("not_suspendible", service="gas", gas_use="public_service")
        self.assertClass("suspendible", service="water", gas_use="public_service")
        self.assertClass("not_suspendible", service="water", public_function=True)

    def test_public_body_comes_first_and_keeps_its_protection(self):
        outcome = classify(
            SupplyFacts(
                service="water", customer_type="public_body", public_function=True
            )
        )
        self.assertEqual(outcome.value, "public_body")
        self.assertTrue(outcome.is_protected)
        self.assertClass("public_body", service="gas", legal_form="public_body")

    def test_seasonal_use_is_deactivable(self):
        for use in ("seasonal", "temporary", "second_home", "irrigation"):
            self.assertClass("deactivable", service="water", seasonal_use=use)

    def test_long_suspension_at_its_boundary(self):
        facts = SupplyFacts(
            service="gas",
            suspended_days=30,
            deactivable_after=30,
            legal_form="business",
        )
        self.assertEqual(classify(facts).value, "suspendible")
        self.assertEqual(
            classify(replace(facts, suspended_days=31)).value, "deactivable"
        )
        self.assertEqual(
            classify(replace(facts, suspended_days=900, deactivable_after=0)).value,
            "suspendible",
        )

    def test_override_replaces_the_class_but_never_a_protection(self):
        plain = SupplyFacts(service="electricity")
        self.assertEqual(classify(plain, "deactivable").value, "deactivable")
        held = replace(plain, protections=frozenset({"life_support"}))
        self.assertEqual(classify(held, "suspendible").value, "not_suspendible")

    @fast
    @given(FACTS, OVERRIDES)
    def test_total_and_deterministic(self, facts, override):
        outcome = classify(facts, override)
        self.assertIn(outcome.value, CLASSES)
        self.assertEqual(outcome, classify(facts, override))

    @fast
    @given(FACTS, OVERRIDES)
    def test_what_the_law_protects_is_never_cut(self, facts, override):
        outcome = classify(facts, override)
        if rule.legal_protections(facts):
            self.assertTrue(outcome.is_protected)
            self.assertNotIn(outcome.value, ("suspendible", "deactivable"))
        else:
            self.assertFalse(outcome.is_protected)

    @fast
    @given(FACTS, st.sampled_from(KINDS))
    def test_one_more_fact_never_takes_protection_away(self, facts, kind):
        before = classify(facts).is_protected
        more = replace(facts, protections=facts.protections | {kind})
        self.assertGreaterEqual(classify(more).is_protected, before)

    @fast
    @given(FACTS)
    def test_limiting_only_is_for_water(self, facts):
        if classify(facts).limit_only:
            self.assertEqual(facts.service, "water")
