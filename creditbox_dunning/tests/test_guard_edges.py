"""Edges of the guard that a change of one sign, word or number must not pass unseen.

Each test kills mutants that the other tests of the guard let live.
"""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from odoo.tests.common import BaseCase, tagged

from odoo.addons.creditbox_dunning.rules.facts import CaseFacts, Line
from odoo.addons.creditbox_dunning.rules.guard_common import is_open_day

from .guard_common import ask, codes, done, facts, key, supply

DUE = date(2027, 1, 20)
SENT, ARRIVED = date(2027, 2, 19), date(2027, 2, 26)
LATE = date(2027, 6, 7)


def noticed(service, *more, **vals):
    notice = done("default", SENT, ARRIVED, "ar")
    reminder = done("notice", date(2027, 2, 1), date(2027, 2, 8), "ar")
    return facts(key(service), reminder, notice, *more, supply=supply(**vals))


@tagged("post_install", "-at_install")
class TestGuardEdges(BaseCase):
    def test_nothing_owed_blocks(self):
        of = replace(noticed("gas"), lines=())
        verdict = ask("suspend", of, LATE)
        self.assertTrue(verdict.blocked)
        self.assertEqual(codes(verdict), ["guard_nothing_owed"])

    def test_a_water_reminder_lists_only_bills_eleven_days_overdue(self):
        """REMSI: not before ten full days after each bill's own due date."""
        of = facts(key("water"))
        young = Line(2, DUE + timedelta(days=1), Decimal(10))
        of = replace(of, lines=(*of.lines, young))
        verdict = ask("notice", of, DUE + timedelta(days=11), "ar")
        self.assertEqual(verdict.lines, {1})
        verdict = ask("notice", of, DUE + timedelta(days=12), "ar")
        self.assertEqual(verdict.lines, {1, 2})

    def test_without_a_service_a_default_follows_the_due_date(self):
        of = CaseFacts(key=key(""), lines=(Line(1, DUE, Decimal(100)),))
        verdict = ask("default", of, DUE, "ar")
        self.assertEqual(codes(verdict), ["guard_after_due"])
        self.assertEqual(verdict.earliest, DUE + timedelta(days=1))
        self.assertEqual(codes(ask("default", of, LATE, "email")), ["guard_channel"])
        self.assertEqual(codes(ask("suspend", of, LATE)), ["guard_no_supply"])
        self.assertEqual(ask("notice", of, DUE, "email").reasons, ())

    def test_only_the_telephone_counts_from_the_suspension(self):
        for service in ("electricity", "gas", "water"):
            verdict = ask("terminate", noticed(service), LATE, "ar")
            self.assertFalse(verdict.blocked)
            self.assertIsNone(verdict.earliest)
        cut = done("suspend", date(2027, 6, 1))
        verdict = ask("terminate", noticed("telephone", cut), LATE, "ar")
        self.assertEqual(codes(verdict), ["guard_after_suspension"])
        self.assertEqual(verdict.earliest, date(2027, 6, 17))
        mail = ask("terminate", noticed("gas"), LATE, "email")
        self.assertEqual(codes(mail), ["guard_channel"])

    def test_the_list_waits_for_the_term_to_pay(self):
        """Gas by letter: 15 days from sending; water: 40 from the first reminder."""
        for service, term in (
            ("electricity", SENT + timedelta(days=15)),
            ("gas", SENT + timedelta(days=15)),
            ("water", date(2027, 2, 8) + timedelta(days=40)),
        ):
            verdict = ask("list", noticed(service), SENT)
            self.assertEqual(codes(verdict), ["guard_list_after_term"], service)
            self.assertEqual(verdict.earliest, term + timedelta(days=1), service)
            self.assertEqual(verdict.reasons[0].as_dict()["anchor"], term)
        self.assertIsNone(ask("list", noticed("telephone"), SENT).earliest)

    def test_a_notice_to_terminate_opens_the_list_as_well(self):
        end = done("terminate", SENT, ARRIVED, "ar")
        self.assertFalse(ask("list", facts(key("gas"), end), LATE).blocked)
        bare = ask("list", facts(key("gas")), LATE)
        self.assertEqual(codes(bare), ["guard_no_default_notice"])

    def test_the_day_that_binds_comes_first_and_the_forbidden_day_after_it(self):
        of = noticed("gas")
        first = ask("suspend", of, SENT)
        self.assertEqual(codes(first), ["guard_after_notified"])
        friday = date(2027, 6, 11)
        verdict = ask("suspend", of, friday)
        self.assertEqual(
            codes(verdict), ["guard_after_notified", "guard_forbidden_day"]
        )
        moved = verdict.reasons[1].as_dict()
        self.assertEqual((moved["day"], moved["date"]), (friday, date(2027, 6, 14)))
        monday = ask("suspend", of, date(2027, 6, 14))
        self.assertEqual(codes(monday), ["guard_after_notified"])
        self.assertEqual(monday.earliest, date(2027, 6, 14))

    def test_the_reduction_counts_however_it_is_known(self):
        """By what was done, or by the state of the supply: 15 full days."""
        day = date(2027, 4, 7)
        by_done = noticed("electricity", done("reduce", day))
        state = key("electricity", state="reduced")
        by_state = replace(noticed("electricity", state_since=day), key=state)
        for of in (by_done, by_state):
            verdict = ask("suspend", of, day)
            self.assertEqual(codes(verdict)[0], "guard_after_reduction")
            self.assertEqual(verdict.reasons[0].as_dict()["date"], date(2027, 4, 23))
            self.assertEqual(verdict.earliest, date(2027, 4, 26), "no Friday")
        unknown = ask("suspend", noticed("electricity"), day)
        self.assertEqual(codes(unknown), ["guard_needs_reduction"])

    def test_default_of_energy_names_its_rule(self):
        for service in ("electricity", "gas", "telephone", "water"):
            reminder = done("notice", DUE, DUE, "ar")
            verdict = ask("default", facts(key(service), reminder), DUE, "ar")
            self.assertEqual(codes(verdict), ["guard_after_due"], service)

    def test_the_telephone(self):
        """40 full days from notification, then 15 from the suspension; no reduction."""
        verdict = ask("suspend", noticed("telephone"), ARRIVED)
        self.assertEqual(codes(verdict)[0], "guard_after_notified")
        self.assertEqual(verdict.reasons[0].as_dict()["anchor"], ARRIVED)
        reduced = ask("reduce", noticed("telephone"), LATE)
        self.assertEqual(codes(reduced), ["impossible_operation"])
        bare = ask("terminate", noticed("telephone"), LATE, "ar")
        self.assertEqual(codes(bare), ["guard_not_suspended"])
        since = replace(
            noticed("telephone", state_since=date(2027, 6, 1)),
            key=key("telephone", state="suspended"),
        )
        self.assertEqual(
            ask("terminate", since, LATE, "ar").earliest, date(2027, 6, 17)
        )

    def test_gas_has_no_partial_step(self):
        for op in ("reduce", "limit"):
            verdict = ask(op, noticed("gas"), LATE)
            self.assertEqual(codes(verdict), ["impossible_operation"], op)

    def test_open_days(self):
        """Monday to Thursday; neither a holiday nor its eve, national or local."""
        monday = date(2027, 6, 7)
        week = [is_open_day(monday + timedelta(days=n), frozenset()) for n in range(7)]
        self.assertEqual(week, [True] * 4 + [False] * 3)
        for name in ("holidays", "closed"):
            days = frozenset({date(2027, 6, 9)})
            known = {"holidays": frozenset(), name: days}
            week = [is_open_day(monday + timedelta(days=n), **known) for n in range(4)]
            self.assertEqual(week, [True, False, False, True], name)
