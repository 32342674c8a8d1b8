"""The doctor of action tables on tables with one thing wrong each (gate 3)."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests.common import BaseCase, tagged

from odoo.addons.creditbox_dunning.rules import doctor, doctor_law
from odoo.addons.creditbox_dunning.rules.facts import (
    Decision,
    Key,
    Reason,
    Verdict,
)
from odoo.addons.creditbox_dunning.rules.planner import plan_rows
from odoo.addons.utility_supply.rules import codes

from .planner_common import DUE, ELECTRICITY, bill, facts, rule, shift, standard_rules

D = Decimal


def codes_of(*rows):
    """Codes found on the rows, without those about sets that are missing."""
    found = doctor.examine(rows)
    return [f.code for f in found if f.key is not None]


def notice(seq=40, **vals):
    return rule(
        seq,
        **{
            "action": 5,
            "op": "default",
            "channel": "pec|ar",
            "wait_before": 30,
            "wait_after": 28,
            **vals,
        },
    )


def work(seq, op="suspend", **vals):
    return rule(
        seq,
        **{"action": 7, "op": op, "channel": "task", "anchor": "prev_end", **vals},
    )


@tagged("post_install", "-at_install", "slow")
class TestDoctor(BaseCase):
    def test_keys_are_those_of_the_trade(self):
        self.assertEqual(
            doctor.CUSTOMER_TYPES, tuple(codes.CUSTOMER_TYPE_BY_CODE.values())
        )
        self.assertEqual(doctor.SERVICES, tuple(codes.SERVICE_BY_CODE.values()))
        self.assertEqual(doctor.STATES, tuple(codes.SUPPLY_STATE_BY_CODE.values()))
        self.assertEqual(doctor.CLASSES, tuple(codes.SUSPENDIBILITY_BY_CODE.values()))

    def test_gate_3_the_standard_table_is_healthy(self):
        """Gate 3: nothing but the 48 combinations that use another's set."""
        found = doctor.examine(standard_rules())
        self.assertTrue(doctor.is_publishable(found))
        self.assertEqual([f.code for f in found if f.key is not None], [])
        counts = {f.code: dict(f.params)["count"] for f in found}
        self.assertEqual(sum(counts.values()), 48)
        self.assertNotIn("no_set", counts)

    def test_gate_3_missing_sets_are_counted(self):
        """Gate 3: a table for one combination leaves 255 others to say."""
        found = doctor.examine([rule(10)])
        counts = {f.code: len(dict(f.params)["keys"]) for f in found}
        # active and deactivable falls back on suspendible
        self.assertEqual(counts, {"fallback_deactivable": 1, "no_set": 254})

    def test_gate_3_dead_rows(self):
        """Gate 3: rows that no case ever takes."""
        dead = rule(10, amount_to=D(50), min_threshold=D(60))
        self.assertEqual(codes_of(dead), ["dead_band"])
        fine = rule(10, amount_to=D(60), min_threshold=D(60))
        self.assertEqual(codes_of(fine), [])
        shadowed = [work(10, "list"), work(11, "list", amount_from=D(5))]
        self.assertEqual(codes_of(*shadowed), ["dead_shadowed"])
        partly = [replace(shadowed[0], amount_to=D(100)), shadowed[1]]
        self.assertEqual(codes_of(*partly), ["overlap"])
        earlier = [replace(shadowed[0], wait_before=9), shadowed[1]]
        self.assertEqual(codes_of(*earlier), ["overlap"])
        jumped = [
            rule(10, op="notice", action=3, next_ok=30, next_ko=30, channel="task"),
            rule(20, wait_before=1),
            rule(30, wait_before=9),
        ]
        self.assertEqual(codes_of(*jumped), ["dead_jumped_over"])
        one_way = [replace(jumped[0], next_ko=None), *jumped[1:]]
        self.assertEqual(codes_of(*one_way), [])

    def test_gate_3_a_reminder_that_is_always_overtaken(self):
        sms = rule(10, action=1, channel="sms", wait_before=7)
        mail = rule(20, wait_before=7)
        self.assertEqual(codes_of(sms, mail), ["dead_overtaken"])
        self.assertEqual(codes_of(replace(sms, wait_before=6), mail), [])

    def test_gate_3_gaps_and_overlaps(self):
        """Gate 3: amounts that no row takes, and amounts that two rows take."""
        low = rule(10, amount_from=D(10), amount_to=D(100))
        high = rule(11, amount_from=D(150))
        self.assertEqual(codes_of(low, high), ["gap"])
        touching = replace(high, amount_from=D("100.01"))
        self.assertEqual(codes_of(low, touching), [])
        both = replace(high, amount_from=D("100.00"))
        self.assertEqual(codes_of(low, both), ["overlap"])
        other_channel = replace(both, channel="sms")
        self.assertEqual(codes_of(low, other_channel), [])

    def test_gate_3_loops(self):
        """Gate 3: a jump that comes back is an error, one into the void a warning."""
        back = [rule(10), rule(20, wait_before=9, next_ko=10)]
        found = doctor.examine(back)
        self.assertFalse(doctor.is_publishable(found))
        self.assertEqual(codes_of(*back), ["loop"])
        self.assertEqual(codes_of(rule(10, next_ok=10)), ["loop"])
        self.assertEqual(codes_of(rule(10, next_ok=25)), ["jump_unknown"])

    def test_gate_3_proof_and_notice_before_the_cut(self):
        for channel in ("email", "pec|email", "sms+email", "pp"):
            found = codes_of(notice(channel=channel))
            self.assertEqual(found, ["formal_without_proof"], channel)
        for channel in ("pec", "ar", "pec|ar", "ar+email"):
            self.assertEqual(codes_of(notice(channel=channel)), [], channel)
        self.assertEqual(codes_of(work(50)), ["cut_without_notice"])
        self.assertEqual(codes_of(work(50), notice(60)), ["cut_without_notice"])
        self.assertEqual(codes_of(notice(), work(50)), [])
        around = [rule(10, next_ok=50), notice(), work(50)]
        self.assertEqual(codes_of(*around), ["cut_avoids_notice"])
        small = [notice(amount_from=D(100)), work(50, amount_from=D(50))]
        self.assertEqual(codes_of(*small), ["cut_below_notice"])

    def test_gate_3_a_planned_day_needs_the_list(self):
        planned = work(70, anchor="plan")
        self.assertEqual(codes_of(notice(), planned), ["plan_without_list"])
        self.assertEqual(codes_of(notice(), work(50, "list"), planned), [])

    def test_gate_3_rows_that_the_guard_always_postpones(self):
        """Gate 3: with a law of 40 days, a table that waits 28 is told so."""

        def guard(row, case, _today):
            sent = [done.effective for done in case.done if done.op == "default"]
            if row.op != "suspend" or not sent:
                return Verdict()
            day = shift(sent[0], 40, "solar")
            return Verdict(earliest=day, reasons=(Reason.of("law", days=40),))

        rows = [notice(wait_after=28), work(50)]
        found = doctor_law.postponed(rows, guard, (), DUE, shift)
        self.assertEqual([(f.code, f.rules) for f in found], [("postponed", (50,))])
        self.assertEqual(dict(found[0].params)["days"], 12)
        enough = [notice(wait_after=40), work(50)]
        self.assertEqual(doctor_law.postponed(enough, guard, (), DUE, shift), [])


AMOUNTS = st.sampled_from([D(0), D(10), D(50), D(100), D(500)])
ROWS = st.builds(
    lambda seq, op, channel, anchor, before, low, width, floor, ok, ko: rule(
        seq,
        op=op,
        action={"default": 5, "list": 7, "suspend": 7, "notice": 3}.get(op, 2),
        channel=channel,
        anchor=anchor,
        wait_before=before,
        amount_from=low,
        amount_to=low + width if width else D(0),
        min_threshold=floor,
        next_ok=ok,
        next_ko=ko,
    ),
    st.sampled_from([10, 11, 20, 21, 30, 40, 50, 900]),
    st.sampled_from(["remind", "notice", "default", "list", "suspend"]),
    st.sampled_from(["sms", "email", "pp", "pec|ar", "task", "sms+email"]),
    st.sampled_from(["due", "prev_end", "plan", "event"]),
    st.integers(-3, 40),
    AMOUNTS,
    AMOUNTS,
    AMOUNTS,
    st.sampled_from([None, 10, 30, 50, 77]),
    st.sampled_from([None, 20, 40]),
)
SETS = st.lists(ROWS, max_size=8, unique_by=lambda row: row.seq)


@tagged("post_install", "-at_install", "slow")
class TestDoctorProperties(BaseCase):
    @settings(max_examples=200, deadline=None)
    @given(SETS)
    def test_any_table_gets_an_answer(self, rows):
        found = doctor.examine(rows)
        self.assertEqual(found, doctor.examine(reversed(rows)))
        ids = {row.id for row in rows}
        for finding in found:
            self.assertTrue(set(finding.rules) <= ids)
            self.assertIn(finding.severity, (doctor.ERROR, doctor.WARNING))

    @settings(max_examples=300, deadline=None)
    @given(SETS, AMOUNTS, st.integers(0, 90))
    def test_a_dead_row_is_never_taken(self, rows, amount, days):
        """What the doctor calls dead, the planner never carries out."""
        dead = {
            f.rules[0]
            for f in doctor.examine(rows)
            if f.code in ("dead_band", "dead_shadowed")
        }
        today = shift(DUE, days, "solar")
        case = facts(bill(amount + D("0.50")))
        answer = plan_rows(case, tuple(rows), (), today, shift)
        self.assertIsInstance(answer, Decision)
        if answer.kind == "execute":
            self.assertNotIn(answer.rule.id, dead)

    @settings(max_examples=100, deadline=None)
    @given(SETS)
    def test_the_law_is_asked_without_failing(self, rows):
        found = doctor_law.postponed(rows, lambda *_args: Verdict(), (), DUE, shift)
        self.assertEqual(found, [])

    def test_keys_cover_everything_once(self):
        keys = doctor.all_keys()
        self.assertEqual(len(set(keys)), 256)
        self.assertIn(ELECTRICITY, keys)
        self.assertIsInstance(keys[0], Key)
