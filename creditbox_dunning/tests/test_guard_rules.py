"""The guard's rules one by one: what forbids, what postpones, what is left alone."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests.common import BaseCase, tagged

from odoo.addons.creditbox_dunning.rules.facts import Done, Line
from odoo.addons.creditbox_dunning.rules.guard import FREE, make_guard
from odoo.addons.creditbox_dunning.rules.guard_common import (
    CUTS,
    IMPOSSIBLE,
    TECHNICAL,
    WAIVABLE,
    Law,
    is_open_day,
)
from odoo.addons.creditbox_dunning.rules.guard_facts import Supply
from odoo.addons.creditbox_dunning.rules.legal_parameters import (
    Parameter,
    Parameters,
    shipped_parameters,
)

from .guard_common import HOLIDAYS, LAW, ask, codes, done, facts, key, shift, supply
from .planner_common import rule

DUE = date(2027, 1, 20)
NOTIFIED = date(2027, 2, 26)
LATE = date(2027, 9, 1)  # a Wednesday long after every term
SERVICES = ("electricity", "gas", "water", "telephone")
DEFAULT = done("default", date(2027, 2, 19), NOTIFIED, "ar")
REMINDER = done("notice", date(2027, 2, 1), date(2027, 2, 8), "ar")
REDUCED = done("reduce", date(2027, 3, 31))
LIMITED = done("limit", date(2027, 3, 31))
PAST = {
    "electricity": (DEFAULT, REDUCED),
    "gas": (DEFAULT,),
    "water": (REMINDER, DEFAULT, LIMITED),
    "telephone": (DEFAULT,),
}


def cut(service, op="suspend", past=None, of=None, **vals):
    """The verdict on ``op`` long after every term."""
    past = PAST[service] if past is None else past
    known = facts(of or key(service), *past, supply=supply(**vals))
    return ask(op, known, LATE)


@tagged("post_install", "-at_install", "slow")
class TestGuardBlocks(BaseCase):
    def test_all_is_well(self):
        for service in SERVICES:
            verdict = cut(service)
            self.assertFalse(verdict.blocked, (service, verdict))
            self.assertEqual(verdict.earliest, LATE)

    def _assert_blocked(self, verdict, code):
        self.assertTrue(verdict.blocked)
        self.assertIn(code, codes(verdict))

    def test_a_protected_supply_is_never_prepared_nor_cut(self):
        """Gate 19: a protected customer never reaches the technical office."""
        for service in SERVICES:
            for op in TECHNICAL:
                verdict = cut(service, op, is_protected=True)
                self.assertTrue(verdict.blocked, (service, op))
        self._assert_blocked(cut("gas", is_protected=True), "guard_protected")

    def test_a_water_bonus_allows_the_limitation_only(self):
        bonus = {"is_protected": True, "limit_only": True}
        of = key("water", suspendibility="not_suspendible")
        for op in ("list", "pre_notice", "limit"):
            self.assertFalse(cut("water", op, of=of, **bonus).blocked, op)
        for op in ("suspend", "deactivate"):
            self._assert_blocked(cut("water", op, of=of, **bonus), "guard_limit_only")

    def test_a_class_that_may_not_be_cut(self):
        for value in ("not_suspendible", "public_body", ""):
            of = key("gas", suspendibility=value)
            self._assert_blocked(cut("gas", of=of), "guard_not_suspendible")

    def test_no_arrival_no_technical_step(self):
        sent = done("default", date(2027, 2, 19), None, "ar", state="open")
        mail = done("default", date(2027, 2, 19), NOTIFIED, "email")
        for past in ((), (sent,), (mail,)):
            for op in ("list", "suspend"):
                verdict = cut("gas", op, past)
                self._assert_blocked(verdict, "guard_no_default_notice")

    def test_debt_within_deposit_and_below_a_cycle(self):
        for service in ("electricity", "gas"):
            small = {"deposit": Decimal(100), "cycle_amount": Decimal(101)}
            self._assert_blocked(cut(service, **small), "guard_below_deposit")
            # one of the two is not enough
            large = {**small, "cycle_amount": Decimal(100)}
            self.assertFalse(cut(service, **large).blocked)
            large = {**small, "deposit": Decimal(99)}
            self.assertFalse(cut(service, **large).blocked)
            unknown = {**small, "cycle_amount": None}
            self._assert_blocked(cut(service, **unknown), "guard_unknown_fact")

    def test_the_water_deposit_pays_first(self):
        verdict = cut("water", deposit=Decimal(1))
        self._assert_blocked(verdict, "guard_deposit_not_offset")

    def test_debt_for_other_services(self):
        for service in SERVICES:
            verdict = cut(service, other_services={1: Decimal(100)})
            self._assert_blocked(verdict, "guard_other_services")
            # the share counts on the limits of the service's debt as well
        verdict = cut("water", other_services={1: Decimal(50)})
        self._assert_blocked(verdict, "guard_below_annual_charge")

    def test_water_debt_above_the_annual_charge(self):
        verdict = cut("water", annual_charge=Decimal(100))
        self._assert_blocked(verdict, "guard_below_annual_charge")
        self.assertFalse(cut("water", annual_charge=Decimal("99.99")).blocked)
        of = key("water", "non_domestic")
        self.assertFalse(cut("water", of=of, annual_charge=Decimal(999)).blocked)

    def test_time_barred_debt(self):
        for service in SERVICES:
            verdict = cut(service, prescribed=frozenset({1}))
            self._assert_blocked(verdict, "guard_prescribed")
        known = facts(key("gas"), DEFAULT, supply=supply(prescribed=frozenset({1})))
        for op in ("assign", "legal"):
            self._assert_blocked(ask(op, known, LATE), "guard_prescribed")

    def test_insolvency_and_death(self):
        for fact, code in (("insolvent", "guard_insolvent"), ("deceased", "guard_de")):
            verdict = cut("gas", **{fact: True})
            self.assertTrue(any(c.startswith(code) for c in codes(verdict)))

    def test_reduction_and_limitation_come_first(self):
        verdict = cut("electricity", past=(DEFAULT,))
        self._assert_blocked(verdict, "guard_needs_reduction")
        tried = done("reduce", date(2027, 3, 31), state="failed")
        self.assertFalse(cut("electricity", past=(DEFAULT, tried)).blocked)
        verdict = cut("water", past=(REMINDER, DEFAULT))
        self._assert_blocked(verdict, "guard_needs_limitation")

    def test_impossible_operations_are_told_to_the_planner(self):
        for service, op, vals in (
            ("electricity", "reduce", {"can_reduce": False}),
            ("electricity", "reduce", {"voltage": None}),
            ("electricity", "reduce", {"voltage": "medium"}),
            ("electricity", "limit", {}),
            ("gas", "reduce", {}),
            ("water", "limit", {"resident": False}),
            ("telephone", "reduce", {}),
        ):
            verdict = cut(service, op, **vals)
            self.assertTrue(verdict.blocked)
            self.assertTrue(set(codes(verdict)) <= IMPOSSIBLE, (service, op))

    def test_a_meter_that_cannot_be_reduced_waits_longer(self):
        known = facts(key("electricity"), DEFAULT, supply=supply(can_reduce=False))
        verdict = ask("suspend", known, date(2027, 3, 1))
        self.assertEqual(verdict.earliest, date(2027, 4, 8))  # 41st day, a Thursday

    def test_end_of_the_contract(self):
        for service in SERVICES:
            verdict = cut(service, "deactivate")
            if service != "water":  # limited, which is enough for the water's end
                self._assert_blocked(verdict, "guard_not_suspended")
        gone = done("suspend", date(2027, 4, 19))
        told = done("terminate", date(2027, 5, 3), date(2027, 5, 10), "ar")
        past = (DEFAULT, gone, told)
        known = facts(key("gas", state="suspended"), *past)
        self.assertEqual(
            ask("deactivate", known, date(2027, 5, 11)).earliest, date(2027, 5, 26)
        )
        # the phone's contract gives ten days of notice
        known = facts(key("telephone", state="suspended"), *past)
        self.assertEqual(
            ask("deactivate", known, date(2027, 5, 11)).earliest, date(2027, 5, 24)
        )
        water = (REMINDER, DEFAULT, LIMITED, told)
        verdict = cut("water", "deactivate", water, deactivation_ground=None)
        self._assert_blocked(verdict, "guard_unknown_fact")
        verdict = cut("water", "deactivate", water, deactivation_ground=False)
        self._assert_blocked(verdict, "guard_no_ground_to_end")

    def test_condominium_that_paid_half(self):
        of = key("water", "non_domestic")
        known = facts(
            of,
            REMINDER,
            DEFAULT,
            supply=supply(condominium=True, half_paid_on=date(2027, 3, 7)),
        )
        verdict = ask("suspend", known, date(2027, 4, 1))
        self.assertEqual(verdict.earliest, date(2027, 9, 8))

    def test_aggravated_water_debt_is_five_days_shorter(self):
        past = (REMINDER, DEFAULT, LIMITED)
        for vals, expected in (
            ({}, date(2027, 4, 26)),
            ({"defaulted_lately": True}, date(2027, 4, 21)),
            ({"annual_charge": Decimal(33)}, date(2027, 4, 21)),
            ({"defaulted_lately": None}, date(2027, 4, 26)),
        ):
            known = facts(key("water"), *past, supply=supply(**vals))
            verdict = ask("suspend", known, date(2027, 4, 1))
            self.assertEqual(verdict.earliest, expected, vals)

    def test_the_channel_of_a_formal_notice(self):
        for service in SERVICES:
            known = facts(key(service), REMINDER)
            verdict = ask("default", known, LATE, channel="email")
            self._assert_blocked(verdict, "guard_channel")
        water = facts(key("water"))
        self._assert_blocked(ask("notice", water, LATE, "pp"), "guard_channel")
        self.assertFalse(ask("notice", facts(key("gas")), LATE, "pp").blocked)
        # where no cut can follow it is a courtesy
        ceased = facts(key("water", state="ceased"))
        self.assertFalse(ask("notice", ceased, LATE, "pp").blocked)

    def test_water_default_follows_the_reminder(self):
        self._assert_blocked(
            ask("default", facts(key("water")), LATE, "ar"), "guard_no_reminder"
        )
        late = done("notice", date(2027, 2, 22), date(2027, 2, 25), "ar")
        verdict = ask("default", facts(key("water"), late), date(2027, 2, 22), "ar")
        self.assertEqual(verdict.earliest, date(2027, 2, 23))

    def test_the_printed_term_binds_when_it_is_longer(self):
        printed = done(
            "default",
            date(2027, 2, 19),
            NOTIFIED,
            "ar",
            term=date(2027, 5, 4),  # a Tuesday: three working days end on Friday
        )
        known = facts(key("electricity"), printed)
        verdict = ask("reduce", known, date(2027, 3, 1))
        self.assertEqual(verdict.earliest, date(2027, 5, 10))
        self.assertEqual(verdict.reasons[0].code, "guard_after_term")
        self.assertEqual(verdict.reasons[0].as_dict()["anchor"], date(2027, 5, 4))
        # a printed term below the law's counts for nothing
        short = done(
            "default", date(2027, 2, 19), NOTIFIED, "ar", term=date(2027, 2, 20)
        )
        verdict = ask("list", facts(key("gas"), short), date(2027, 3, 1))
        self.assertEqual(verdict.earliest, date(2027, 3, 7))

    def test_a_notice_that_failed_or_has_no_day_proves_nothing(self):
        no_day = Done(None, 4, "default", "done", date(2027, 2, 19), channel="ar")
        refused = done("default", date(2027, 2, 19), NOTIFIED, "ar", positive=False)
        for past in (no_day, refused):
            verdict = cut("gas", past=(past,))
            self._assert_blocked(verdict, "guard_no_default_notice")

    def test_the_water_term_is_the_later_of_the_two(self):
        of = key("water", "non_domestic")
        default = done("default", date(2027, 2, 19), date(2027, 2, 22), "pec")
        for received, expected in (
            # 40 days after the reminder's arrival: Wednesday 24 March
            (date(2027, 2, 12), date(2027, 3, 25)),
            # 15 days after the PEC's arrival: Tuesday 9 March
            (date(2027, 1, 20), date(2027, 3, 10)),
        ):
            reminder = done("notice", date(2027, 1, 15), received, "ar")
            known = facts(of, reminder, default, supply=supply(resident=False))
            verdict = ask("suspend", known, date(2027, 3, 1))
            self.assertEqual(verdict.earliest, expected)

    def test_a_home_is_a_residence_unless_told(self):
        past = (REMINDER, DEFAULT)
        self.assertFalse(cut("water", "limit", past, resident=None).blocked)
        verdict = cut("water", past=past, resident=None)
        self._assert_blocked(verdict, "guard_needs_limitation")

    def test_giving_back_is_never_refused(self):
        nothing = facts(key("electricity"), supply=None)
        self.assertIn("reactivate", FREE)
        for op in ("remind", "collect", "reactivate", "plan", "writeoff"):
            verdict = ask(op, nothing, LATE)
            self.assertFalse(verdict.blocked)
            self.assertIsNone(verdict.earliest)

    def test_a_number_that_is_missing_forbids(self):
        some = [
            row
            for rows in shipped_parameters()._rows.values()
            for row in rows
            if row.name != "suspend_after_notified"
        ]
        poor = make_guard(Law(Parameters(some), HOLIDAYS, shift))
        known = facts(key("gas"), DEFAULT)
        verdict = poor(rule(70, op="suspend", channel="task", action=7), known, LATE)
        self._assert_blocked(verdict, "guard_no_number")

    def test_an_unknown_operation_is_not_lawful_by_silence(self):
        self._assert_blocked(
            ask("explode", facts(key("gas")), LATE), "guard_unknown_operation"
        )

    def test_a_notice_lists_only_bills_whose_own_days_have_passed(self):
        known = facts(key("water"), REMINDER)
        young = Line(2, date(2027, 2, 10), Decimal(50), frozenset({"notice"}))
        credit = Line(3, date(2027, 2, 10), Decimal(-5))
        lines = (*known.lines, young, credit)
        known = type(known)(
            key=known.key, lines=lines, done=known.done, supply=known.supply
        )
        verdict = ask("default", known, date(2027, 2, 20), "ar")
        self.assertEqual(verdict.lines, {1, 3})
        verdict = ask("default", known, date(2027, 3, 8), "ar")
        self.assertEqual(verdict.lines, {1, 2, 3})

    def test_only_what_the_law_leaves_to_agreement_can_be_waived(self):
        told = done("terminate", date(2027, 5, 3), date(2027, 5, 10), "ar")
        past = (DEFAULT, done("suspend", date(2027, 4, 19)), told)
        waived = {("deactivate", "guard_after_termination")}
        known = facts(
            key("gas", state="suspended"),
            *past,
            supply=supply(waived=frozenset(waived)),
        )
        verdict = ask("deactivate", known, date(2027, 5, 11))
        self.assertEqual(verdict.earliest, date(2027, 5, 11))
        self.assertIn("guard_waived", codes(verdict))
        # somebody wrote a waiver of the law itself: it counts for nothing
        forged = {("suspend", "guard_after_notified"), ("suspend", "guard_protected")}
        known = facts(
            key("gas"),
            DEFAULT,
            supply=supply(waived=frozenset(forged), is_protected=False),
        )
        verdict = ask("suspend", known, date(2027, 3, 1))
        self.assertEqual(verdict.earliest, date(2027, 4, 8))
        self.assertFalse({"guard_after_notified", "guard_protected"} & WAIVABLE)


@tagged("post_install", "-at_install", "slow")
class TestLegalParameters(BaseCase):
    def _row(self, value, day, service="gas"):
        return Parameter(service, "n", Decimal(value), "days", day, "law")

    def test_the_latest_row_in_force_of_the_service(self):
        rows = [
            self._row(1, date(2020, 1, 1), ""),
            self._row(2, date(2021, 1, 1)),
            self._row(3, date(2022, 1, 1)),
            self._row(4, date(2023, 1, 1), ""),
        ]
        numbers = Parameters(rows)
        for day, value in (
            (date(2019, 12, 31), None),
            (date(2020, 1, 1), 1),
            (date(2020, 12, 31), 1),
            (date(2021, 1, 1), 2),
            (date(2022, 1, 1), 3),
            (date(2024, 1, 1), 3),
        ):
            found = numbers.get("gas", "n", day)
            self.assertEqual(found and found.count, value, day)
        self.assertEqual(numbers.find("water", "n", date(2024, 1, 1)).count, 4)

    def test_a_new_value_holds_from_its_day(self):
        newer = Parameter(
            "gas",
            "suspend_after_notified",
            Decimal(60),
            "days",
            date(2027, 4, 1),
            "a decision to come",
        )
        rows = [r for rows in shipped_parameters()._rows.values() for r in rows]
        guard = make_guard(Law(Parameters([*rows, newer]), HOLIDAYS, shift))
        row = rule(70, op="suspend", channel="task", action=7)
        known = facts(key("gas"), DEFAULT)
        before = guard(row, known, date(2027, 3, 31))
        self.assertEqual(before.earliest, date(2027, 4, 8))
        after = guard(row, known, date(2027, 4, 12))
        self.assertEqual(after.earliest, date(2027, 4, 28))
        self.assertEqual(after.reasons[0].as_dict()["source"], "a decision to come")

    def test_each_shipped_number_has_a_source(self):
        for rows in shipped_parameters()._rows.values():
            for row in rows:
                self.assertTrue(row.source)
                self.assertIsNone(row.checked)


DAYS = st.dates(date(2027, 1, 1), date(2027, 12, 31))
MAYBE = st.none() | st.decimals(0, 500, places=2)
SUPPLIES = st.builds(
    Supply,
    is_protected=st.sampled_from([None, False, False, True]),
    limit_only=st.booleans(),
    voltage=st.sampled_from([None, "low", "medium"]),
    can_reduce=st.sampled_from([None, True, False]),
    resident=st.sampled_from([None, True, False]),
    deposit=MAYBE,
    cycle_amount=MAYBE,
    annual_charge=MAYBE,
    other_services=st.sampled_from([None, {}, {1: Decimal(60)}]),
    prescribed=st.sampled_from([None, frozenset(), frozenset({1})]),
    defaulted_lately=st.sampled_from([None, True, False]),
    deactivation_ground=st.sampled_from([None, True, False]),
)
KEYS = st.builds(
    key,
    st.sampled_from([*SERVICES, ""]),
    st.sampled_from(["domestic", "non_domestic", "large", "public_body"]),
    st.sampled_from(["active", "suspended", "reduced", "limited", "ceased"]),
    st.sampled_from(["suspendible", "deactivable", "not_suspendible", "public_body"]),
)
OPS = st.sampled_from(
    ["notice", "default", "terminate", "assign", "legal", *sorted(TECHNICAL)]
)
CHANNELS = st.sampled_from(["ar", "pec", ""])
FLOOR = {"electricity": 25, "gas": 40, "telephone": 40}


@tagged("post_install", "-at_install", "slow")
class TestGuardProperties(BaseCase):
    """For any supply, past and day."""

    @settings(max_examples=400, deadline=None)
    @given(OPS, KEYS, SUPPLIES, DAYS, st.integers(0, 60), st.integers(0, 40), CHANNELS)
    def test_total_and_never_on_a_closed_day(
        self, op, of, of_supply, today, age, delay, channel
    ):
        sent = today - timedelta(days=age)
        past = (
            done("notice", sent - timedelta(days=40), None, channel),
            done("default", sent, sent + timedelta(days=delay), channel),
        )
        known = facts(of, *past, due=sent - timedelta(days=60), supply=of_supply)
        verdict = ask(op, known, today, channel or "ar")
        self.assertEqual(verdict, ask(op, known, today, channel or "ar"))
        if verdict.blocked:
            self.assertTrue(verdict.reasons)
            return
        if op in CUTS:
            self.assertTrue(is_open_day(verdict.earliest, LAW.holidays))
            self.assertGreaterEqual(verdict.earliest, today)
            self.assertFalse(of_supply.is_protected and not of_supply.limit_only)
            self.assertIsNotNone(of_supply.is_protected)
        floor = FLOOR.get(of.service)
        if floor and op in CUTS - {"deactivate"}:
            arrived = past[1].effective
            self.assertGreater((verdict.earliest - arrived).days, floor)

    @settings(max_examples=200, deadline=None)
    @given(KEYS, DAYS, st.integers(0, 30), st.integers(1, 30), CHANNELS)
    def test_a_later_arrival_never_makes_a_step_earlier(
        self, of, sent, delay, more, channel
    ):
        days = []
        for late in (delay, delay + more):
            past = (
                done("notice", sent - timedelta(days=30), None, channel),
                done("default", sent, sent + timedelta(days=late), channel),
                done("reduce", sent + timedelta(days=90)),
                done("limit", sent + timedelta(days=90)),
            )
            known = facts(of, *past, due=sent - timedelta(days=60))
            verdict = ask("suspend", known, sent)
            days.append(verdict.earliest or date.max)
        self.assertLessEqual(days[0], days[1])

    @settings(max_examples=200, deadline=None)
    @given(
        st.sampled_from(SERVICES),
        st.sampled_from(sorted(TECHNICAL)),
        st.sampled_from(
            ["is_protected", "other_services", "prescribed", "insolvent", "deceased"]
        ),
    )
    def test_what_is_not_known_never_allows(self, service, op, fact):
        self.assertTrue(cut(service, op, **{fact: None}).blocked)

    @settings(max_examples=300, deadline=None)
    @given(st.sampled_from(SERVICES), st.sampled_from(sorted(TECHNICAL)), SUPPLIES)
    def test_knowing_less_never_allows_more(self, service, op, of_supply):
        known = facts(key(service), *PAST[service], supply=of_supply)
        full = ask(op, known, LATE)
        for fact in ("deposit", "cycle_amount", "annual_charge", "voltage"):
            less = type(of_supply)(**{**of_supply.__dict__, fact: None})
            blind = facts(key(service), *PAST[service], supply=less)
            verdict = ask(op, blind, LATE)
            if full.blocked and not set(codes(full)) & {
                "impossible_operation",
                "guard_needs_reduction",
                "guard_unknown_fact",
            }:
                self.assertTrue(verdict.blocked, (fact, full, verdict))
