"""The automatic indemnity for a supply that came back late."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import tagged
from odoo.tests.common import BaseCase

from ..rules.late_reactivation import indemnity_for_delay, last_day
from ..rules.legal_parameters import shipped_parameters
from .test_interest import InterestCommon

NUMBERS = shipped_parameters()
FRIDAY = date(2027, 2, 5)
days = st.integers(0, 400).map(lambda number: FRIDAY + timedelta(days=number))


def owed(service, asked, done, holidays=frozenset()):
    number = indemnity_for_delay(NUMBERS, service, asked, done, holidays)
    return number and number.value


@tagged("post_install", "-at_install")
class TestLateRules(BaseCase):
    def test_the_last_day_counts_as_its_service_counts(self):
        # one weekday, two weekdays, two working days
        saturday, monday, tuesday = (FRIDAY + timedelta(days=n) for n in (1, 3, 4))
        self.assertEqual(last_day(NUMBERS, "electricity", FRIDAY), saturday)
        self.assertEqual(last_day(NUMBERS, "gas", FRIDAY), monday)
        self.assertEqual(last_day(NUMBERS, "telephone", FRIDAY), tuesday)
        holidays = frozenset({saturday})
        self.assertEqual(last_day(NUMBERS, "electricity", FRIDAY, holidays), monday)

    def test_in_time_then_by_steps(self):
        monday = date(2027, 2, 8)
        found = [
            owed("electricity", monday, monday + timedelta(days=n)) for n in range(6)
        ]
        self.assertEqual(
            found, [None, None, Decimal(35), Decimal(70), Decimal(105), Decimal(105)]
        )
        self.assertEqual(owed("water", monday, date(2027, 3, 8)), Decimal(30))
        self.assertIsNone(owed("telephone", monday, date(2027, 3, 8)), "no number")

    @settings(max_examples=200, deadline=None, database=None)
    @given(st.sampled_from(["electricity", "gas", "water"]), days, days, days)
    def test_a_longer_delay_never_costs_less(self, service, a, b, c):
        asked, soon, late = sorted((a, b, c))
        first, then = owed(service, asked, soon) or 0, owed(service, asked, late) or 0
        self.assertLessEqual(first, then)


@tagged("post_install", "-at_install")
class TestLateProposal(InterestCommon):
    def _order(self, number):
        _bill, case = self.case()
        rule = self.table.rule_ids.filtered(lambda row: row.op == "reactivate")[:1]
        vals = {
            "case_id": case.id,
            "rule_id": rule.id,
            "action_type_id": rule.action_type_id.id,
            "op": "reactivate",
            "state": "executing",
            "planned_date": self.day(number),
            "round": case.round,
        }
        self.contract._become("to_reactivate", self.day(number))
        return self.env["dunning.action"].sudo()._guarded().create(vals)

    def test_late_is_proposed_once_as_a_draft_of_the_case(self):
        action = self._order(19)  # Monday 8 February
        action._record_outcome("executed", self.day(21))
        charge = action.indemnity_id
        self.assertEqual((charge.amount, charge.state), (-35, "draft"))
        self.assertEqual(charge.dunning_case_id, action.case_id)
        action._propose_late_indemnity(self.day(21))
        self.assertEqual(action.indemnity_id, charge)

    def test_in_time_nothing(self):
        action = self._order(19)
        action._record_outcome("executed", self.day(20))
        self.assertFalse(action.indemnity_id)
