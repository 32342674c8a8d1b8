"""What is ordered outside, pure: states, answers judged, terms, mandates, files."""

import csv
import io
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from odoo.tests.common import BaseCase, tagged

from odoo.addons.creditbox_dunning.formats import work_file
from odoo.addons.creditbox_dunning.formats.work_file import Column, WorkFile
from odoo.addons.creditbox_dunning.rules import agency, outcomes, technical, work

from .planner_common import shift

SENT = date(2027, 3, 26)
PLAN = date(2027, 3, 31)
TODAY = date(2027, 4, 7)
ORDER = technical.Order(
    "suspend", work.SENT, point="IT001E12345678", sent=SENT, planned=PLAN
)
LENT = agency.Assignment(work.SENT, Decimal(1400), SENT, date(2027, 5, 24))

days = st.dates(date(2027, 3, 1), date(2027, 5, 1))
technical_answers = st.builds(
    technical.Answer,
    kind=st.sampled_from(technical.ANSWERS),
    day=st.none() | days,
    reason=st.sampled_from(("", *technical.REASONS)),
    point=st.sampled_from(("", "it001e 12345678", "IT001E99999999")),
)
agency_answers = st.builds(
    agency.Answer,
    kind=st.sampled_from(agency.ANSWERS),
    day=st.none() | days,
    amount=st.none() | st.decimals(-5, 500, places=2),
    promised=st.none() | days,
    ref=st.sampled_from(("", "P1")),
)


def answered(kind, day=TODAY, **vals):
    return technical.Answer(kind, day, **vals)


@tagged("post_install", "-at_install")
class TestWorkStates(BaseCase):
    def test_what_never_left_is_withdrawn_and_what_left_is_called_back(self):
        self.assertEqual(work.withdrawal(work.TO_SEND), work.WITHDRAWN)
        for state in (work.SENT, work.TAKEN, work.PLANNED):
            self.assertEqual(work.withdrawal(state), work.RECALL, state)
        for state in (work.RECALL, work.RECALLED, *work.OVER):
            self.assertIsNone(work.withdrawal(state), state)

    def test_a_withdrawal_is_always_a_move(self):
        for state in work.STATES:
            target = work.withdrawal(state)
            self.assertTrue(target is None or work.may_move(state, target), state)

    def test_what_is_over_comes_back_only_as_a_fact(self):
        for source in work.OVER:
            for target in work.STATES:
                allowed = (source, target) == (work.WITHDRAWN, work.DONE)
                self.assertEqual(work.may_move(source, target), allowed)

    def test_every_open_state_reaches_an_end(self):
        for source in work.OPEN:
            self.assertTrue(work.may_move(source, work.DONE))
            self.assertTrue(work.may_move(source, work.WITHDRAWN))


@tagged("post_install", "-at_install")
class TestTechnicalAnswers(BaseCase):
    def judged(self, answer, today=TODAY, **vals):
        return technical.judge(replace(ORDER, **vals), answer, today)

    def test_plan_accept_done_not_done(self):
        self.assertEqual(self.judged(answered("accepted", None)), "apply")
        later = answered("planned", TODAY + timedelta(9))
        self.assertEqual(self.judged(later), "apply")
        self.assertEqual(self.judged(answered("executed")), "apply")
        refused = answered("not_done", reason="danger")
        self.assertEqual(self.judged(refused), "apply")
        self.assertEqual(technical.outcome_of(refused), "danger")
        self.assertEqual(technical.outcome_of(answered("refused")), "not_done")

    def test_problems_have_each_their_code(self):
        told = {
            "work_other_point": answered("executed", point="IT001E99999999"),
            "work_no_day": answered("executed", None),
            "work_future": answered("executed", TODAY + timedelta(1)),
            "work_before_order": answered("not_done", SENT - timedelta(1)),
            "work_not_called_back": answered("given_back"),
        }
        for code, answer in told.items():
            self.assertEqual(self.judged(answer), code)
        executed = answered("executed")
        self.assertEqual(self.judged(executed, state=work.TO_SEND), "work_not_sent")
        self.assertEqual(self.judged(executed, op="list"), "work_list_is_planned")
        self.assertEqual(self.judged(executed, state=work.FAILED), "work_over")

    def test_carried_out_after_the_recall_waits_for_a_person(self):
        for state in work.CALLED_BACK:
            executed = self.judged(answered("executed"), state=state)
            self.assertEqual(executed, "work_all_the_same")
            late = self.judged(answered("planned", TODAY), state=state, planned=None)
            self.assertEqual(late, "work_called_back")
        for state in (work.RECALL, work.RECALLED):
            self.assertEqual(self.judged(answered("given_back"), state=state), "apply")
            self.assertEqual(self.judged(answered("not_done"), state=state), "apply")

    def test_the_point_is_the_same_whatever_its_blanks_and_case(self):
        self.assertTrue(technical.same_point("it001e 12345678", "IT001E12345678"))
        self.assertFalse(technical.same_point("IT001E12345679", "IT001E12345678"))

    @settings(max_examples=300, deadline=None)
    @given(
        technical_answers,
        st.sampled_from(work.STATES),
        st.sampled_from(("list", "suspend", "reactivate")),
        days,
    )
    def test_judging_is_total_and_the_same_row_twice_changes_nothing(
        self, answer, state, op, today
    ):
        order = replace(ORDER, state=state, op=op)
        verdict = technical.judge(order, answer, today)
        self.assertIsInstance(verdict, str)
        if verdict == technical.APPLY:
            self.assertNotEqual(state, work.TO_SEND)
            again = technical.judge(technical.after(order, answer), answer, today)
            self.assertEqual(again, technical.UNCHANGED)

    def test_outcomes_are_those_of_the_planner(self):
        for reason in technical.REASONS:
            self.assertEqual(outcomes.OUTCOMES[reason].subject, outcomes.WORK)
            self.assertEqual(outcomes.OUTCOMES[reason].state, "failed")


@tagged("post_install", "-at_install")
class TestReactivationTerm(BaseCase):
    def due(self, asked, count, day_kind, is_late=False):
        return technical.reactivation_due(
            asked, is_late=is_late, count=count, day_kind=day_kind, shift=shift
        )

    def test_weekdays_from_the_order_and_after_the_hour_one_day_more(self):
        thursday = date(2027, 4, 8)
        self.assertEqual(self.due(thursday, 1, "weekdays"), date(2027, 4, 9))
        self.assertEqual(self.due(thursday, 2, "weekdays"), date(2027, 4, 10))
        late = self.due(thursday, 2, "weekdays", is_late=True)
        # Sunday 11 does not count
        self.assertEqual(late, date(2027, 4, 12))

    def test_asked_on_saturday_night_counts_from_sunday(self):
        saturday = date(2027, 4, 10)
        self.assertEqual(self.due(saturday, 1, "weekdays"), date(2027, 4, 12))
        late = self.due(saturday, 1, "weekdays", is_late=True)
        self.assertEqual(late, date(2027, 4, 12))

    def test_gas_has_another_hour_on_thursday_and_friday(self):
        names = [technical.cutoff_name(date(2027, 4, day)) for day in range(5, 11)]
        early, late = "reactivation_cutoff", "reactivation_cutoff_late_week"
        self.assertEqual(names, [early, early, early, late, late, early])


@tagged("post_install", "-at_install")
class TestAgencyAnswers(BaseCase):
    def judged(self, kind, today=TODAY, day=TODAY, given=LENT, **vals):
        return agency.judge(given, agency.Answer(kind, day, **vals), today)

    def test_taken_then_every_result(self):
        self.assertEqual(self.judged("taken"), "apply")
        taken = replace(LENT, state=work.TAKEN)
        self.assertEqual(self.judged("taken", given=taken), "unchanged")
        for kind in set(agency.OUTCOMES) - {"taken", "promise"}:
            self.assertEqual(self.judged(kind, given=taken), "apply", kind)
        self.assertEqual(self.judged("promise", given=taken), "agency_no_promise")
        promised = self.judged("promise", given=taken, promised=TODAY)
        self.assertEqual(promised, "apply")

    def test_history_counts_once_and_even_after_the_end(self):
        paid = agency.Answer("payment", TODAY, Decimal("50.00"), ref="P1")
        self.assertEqual(agency.judge(LENT, paid, TODAY), "apply")
        known = replace(LENT, rows=frozenset({paid.key}))
        self.assertEqual(agency.judge(known, paid, TODAY), "unchanged")
        over = replace(LENT, state=work.WITHDRAWN)
        self.assertEqual(agency.judge(over, paid, TODAY), "apply")
        same = replace(paid, amount=Decimal("50"))
        self.assertEqual(agency.judge(known, same, TODAY), "unchanged")

    def test_problems(self):
        self.assertEqual(self.judged("payment"), "agency_no_amount")
        self.assertEqual(self.judged("payment", amount=Decimal(-1)), "agency_no_amount")
        self.assertEqual(self.judged("taken", day=None), "work_no_day")
        tomorrow = TODAY + timedelta(1)
        self.assertEqual(self.judged("negative", day=tomorrow), "work_future")
        before = SENT - timedelta(1)
        self.assertEqual(self.judged("negative", day=before), "work_before_order")
        waiting = replace(LENT, state=work.TO_SEND)
        self.assertEqual(self.judged("taken", given=waiting), "work_not_sent")
        called = replace(LENT, state=work.RECALLED)
        self.assertEqual(self.judged("negative", given=called), "work_called_back")
        self.assertEqual(self.judged("given_back", given=called), "apply")
        self.assertEqual(self.judged("given_back"), "work_not_called_back")

    @settings(max_examples=300, deadline=None)
    @given(agency_answers, st.sampled_from(work.STATES), days)
    def test_judging_is_total(self, answer, state, today):
        given_ = replace(LENT, state=state)
        verdict = agency.judge(given_, answer, today)
        self.assertIsInstance(verdict, str)
        if verdict != "apply":
            return
        if answer.kind not in agency.HISTORY:
            target = agency.STATE_AFTER[answer.kind]
            self.assertTrue(work.may_move(state, target), (state, answer))
        after = agency.after(given_, answer)
        self.assertEqual(agency.judge(after, answer, today), "unchanged")

    def test_an_agency_that_had_the_case_is_not_asked_again(self):
        cases = {1: "a", 2: "b", 3: "c", 4: "a"}
        chosen = agency.choose(cases, [7, 8], {"a": {7}}, {8: 1})
        self.assertEqual(chosen, {1: 8, 2: 7, 3: 7, 4: 8})
        all_had = agency.choose({1: "a"}, [7, 8], {"a": {7, 8}}, {7: 5})
        self.assertEqual(all_had, {1: 8})

    def test_money_told_and_arrived(self):
        def state(arrived, *rows, today=TODAY):
            told = [agency.Answer(kind, day, amount) for kind, day, amount in rows]
            return agency.money_state(told, Decimal(1400), Decimal(arrived), 10, today)

        paid = ("payment", SENT, Decimal(400))
        self.assertEqual(state(0), "")
        self.assertEqual(state(5), "more")
        self.assertEqual(state(400, paid), "matched")
        self.assertEqual(state(401, paid), "more")
        # ten days to arrive, on the eleventh it is missing
        self.assertEqual(state(399, paid, today=SENT + timedelta(10)), "awaited")
        self.assertEqual(state(399, paid, today=SENT + timedelta(11)), "missing")
        # what was told later is awaited longer
        later = ("payment", TODAY, Decimal(100))
        self.assertEqual(state(400, paid, later), "awaited")
        # the row at the end repeats the payments
        self.assertEqual(state(1400, paid, ("collected", TODAY, None)), "matched")
        self.assertEqual(state(400, paid, ("partial", TODAY, Decimal(400))), "matched")
        self.assertEqual(state(0, ("contact", SENT, Decimal(9))), "")

    @settings(max_examples=300, deadline=None)
    @given(
        st.lists(agency_answers, max_size=6),
        st.decimals(0, 3000, places=2),
        st.integers(0, 30),
        days,
    )
    def test_money_is_total_and_only_time_makes_it_missing(
        self, answers, arrived, wait, today
    ):
        # amounts below zero never get in: agency_no_amount
        answers = [
            replace(one, amount=one.amount and abs(one.amount)) for one in answers
        ]
        debt = Decimal(1400)
        told = agency.told_money(answers, debt)
        state = agency.money_state(answers, debt, arrived, wait, today)
        sign = (arrived > told) - (arrived < told)
        expected = {1: {"more"}, 0: {"matched", ""}, -1: {"awaited", "missing"}}[sign]
        self.assertIn(state, expected)
        later = agency.money_state(answers, debt, arrived, wait, today + timedelta(120))
        if state == "missing":
            self.assertEqual(later, "missing")
        if sign < 0 and all(answer.day for answer in answers):
            self.assertEqual(later, "missing")
        self.assertEqual(agency.told_money(answers[::-1], debt), told)

    @given(st.lists(st.integers()), st.integers(0, 9))
    def test_lots_keep_all_in_their_order(self, cases, size):
        lots = agency.lots(cases, size)
        self.assertEqual([case for lot in lots for case in lot], cases)
        self.assertTrue(all(lots))
        self.assertTrue(all(len(lot) <= (size or len(cases)) for lot in lots))
        self.assertTrue(all(len(lot) == size for lot in lots[:-1]) or not size)

    def test_row_of_the_tariff(self):
        new = date(2027, 6, 1)
        rows = [
            agency.FeeRow(SENT, 0, Decimal(0), Decimal(10)),
            agency.FeeRow(SENT, 180, Decimal(0), Decimal(15)),
            agency.FeeRow(SENT, 180, Decimal(1000), Decimal(12), Decimal(30)),
            agency.FeeRow(new, 90, Decimal(0), Decimal(20)),
        ]

        def chosen(day, age, amount):
            return agency.choose_fee(rows, day, age, Decimal(amount))

        self.assertIsNone(chosen(SENT - timedelta(1), 400, 9))
        self.assertEqual(chosen(SENT, 179, 5000), rows[0])
        self.assertEqual(chosen(SENT, 180, 999), rows[1])
        self.assertEqual(chosen(SENT, 180, 1000), rows[2])
        self.assertEqual(chosen(new, 180, 1000), rows[3])
        # the new tariff has no band below 90 days
        self.assertEqual(chosen(new, 89, 1000), agency.FeeRow(new))

    @settings(max_examples=200, deadline=None)
    @given(
        st.lists(
            st.builds(
                agency.FeeRow,
                days,
                st.integers(0, 400),
                st.decimals(0, 2000, places=2),
                st.decimals(0, 100, places=2),
            ),
            max_size=8,
        ),
        days,
        st.integers(0, 500),
        st.decimals(0, 3000, places=2),
    )
    def test_a_chosen_row_fits_and_none_nearer_does(self, rows, day, age, amount):
        row = agency.choose_fee(rows, day, age, amount)
        if row is None:
            self.assertTrue(all(one.valid_from > day for one in rows))
            return
        self.assertLessEqual(row.valid_from, day)
        self.assertLessEqual(row.age_from, age)
        self.assertLessEqual(row.amount_from, amount)
        for one in rows:
            nearer = (one.valid_from, one.age_from, one.amount_from)
            fits = one.age_from <= age and one.amount_from <= amount
            if one.valid_from <= day and fits:
                mine = (row.valid_from, row.age_from, row.amount_from)
                self.assertLessEqual(nearer, mine)

    def test_mandate_and_fee(self):
        end = agency.mandate_end(SENT, 60)
        self.assertEqual((end - SENT).days, 59)
        self.assertFalse(agency.is_over(end, end))
        self.assertTrue(agency.is_over(end, end + timedelta(1)))
        self.assertFalse(agency.is_over(None, end))
        self.assertEqual(set(agency.OUTCOMES), self._outcomes_of("agency"))

    def _outcomes_of(self, subject):
        return {o.code for o in outcomes.OUTCOMES.values() if o.subject == subject}


COLUMNS = (
    Column("Ordine", "ref", length=8, is_required=True),
    Column("Cliente", "customer"),
    Column("Importo", "amount"),
    Column("Il", "planned_date"),
    Column("Tel", "phone"),
    Column("Ditta", "constant", constant="Acme"),
)
FORM = {"encoding": "utf-8-sig", "decimal_mark": ","}
LAYOUT = WorkFile(COLUMNS, **FORM)
ROW = {
    "ref": "OT/1",
    "customer": "=cmd()",
    "amount": Decimal("12.5"),
    "planned_date": PLAN,
    "phone": "+39 02 555",
}
hostile = {
    "ref": st.none() | st.text(max_size=10),
    "customer": st.none() | st.text(max_size=20),
    "amount": st.none() | st.decimals(-999, 999, places=2),
    "planned_date": st.none() | st.dates(),
    "phone": st.none() | st.text(max_size=20),
}


@tagged("post_install", "-at_install")
class TestWorkFile(BaseCase):
    def rows_of(self, data):
        text = data.decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))

    def test_headings_marks_dates_and_no_formula(self):
        self.assertEqual(
            self.rows_of(LAYOUT.to_bytes([ROW])),
            [
                ["Ordine", "Cliente", "Importo", "Il", "Tel", "Ditta"],
                ["OT/1", "'=cmd()", "12,50", "31/03/2027", "0039 02 555", "Acme"],
            ],
        )

    def test_what_a_column_cannot_carry_is_an_issue_of_its_row(self):
        self.assertEqual(LAYOUT.check(ROW), [])
        told = {
            "required": {"ref": None},
            "too_long": {"ref": "OT/123456"},
            "negative": {"amount": Decimal(-1)},
        }
        for rule, vals in told.items():
            found = LAYOUT.check({**ROW, **vals})
            self.assertEqual([issue.rule for issue in found], [rule])
        narrow = WorkFile(COLUMNS, encoding="cp1252")
        found = narrow.check({**ROW, "customer": "\u0141ukasz"})
        self.assertEqual(
            [(i.rule, i.field) for i in found], [("unencodable", "Cliente")]
        )

    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.fixed_dictionaries(hostile), max_size=4))
    @example([{**ROW, "customer": '"Da Gino" S.n.c.', "phone": '"'}])
    def test_whatever_the_values_the_file_reads_back_row_for_row(self, rows):
        good = [row for row in rows if not LAYOUT.check(row)]
        found = self.rows_of(LAYOUT.to_bytes(good))
        self.assertEqual(len(found), len(good) + 1)
        for line in found[1:]:
            self.assertEqual(len(line), len(COLUMNS))
            self.assertNotIn(line[1][:1], ("=", "+", "-", "@"))

    def test_the_same_columns_as_xml_and_as_workbook(self):
        xml = WorkFile(COLUMNS[:1], "xml", xml_root="Ordini", xml_record="Ordine")
        self.assertIn(b"<Ordine>OT/1</Ordine>", xml.to_bytes([ROW]))
        data = WorkFile(COLUMNS, "xlsx").to_bytes([ROW])
        book = load_workbook(io.BytesIO(data))
        values = [[cell.value for cell in row] for row in book["Elenco"].iter_rows()]
        self.assertEqual(values[1][:2], ["OT/1", "=cmd()"])
        self.assertEqual(book["Elenco"]["B2"].data_type, "s", "no formula")

    def test_bills_make_rows_when_a_column_asks_for_them(self):
        self.assertFalse(LAYOUT.is_per_bill)
        self.assertTrue(WorkFile((*COLUMNS, Column("N", "bill_number"))).is_per_bill)

    def test_every_source_has_a_kind_and_every_kind_a_source(self):
        known = set().union(*work_file.SOURCES.values())
        self.assertLessEqual(set(work_file.KINDS) | work_file.PER_BILL, known)
