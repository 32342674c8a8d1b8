"""What the post tells of a letter: dates that start legal clocks (gate 12)."""

from datetime import date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..rules import postal
from ..rules.outcomes import OUTCOMES, POSTAL, RESEND, SEARCH
from ..rules.postal import Event, translate, what_happened

QUICK = settings(max_examples=300, deadline=None, database=None, derandomize=True)
EVENTS = st.lists(
    st.builds(
        Event,
        st.datetimes(datetime(2026, 1, 1), datetime(2026, 2, 28)),
        st.sampled_from([*POSTAL, "", "X9"]),
    ),
    max_size=8,
)


def at(day, code, hour=10):
    """An event of a day of March 2026."""
    return Event(datetime(2026, 3, day, hour), code)


@tagged("post_install", "-at_install")
class TestWhatHappened(BaseCase):
    def test_nothing_told(self):
        self.assertEqual(what_happened([]), postal.Letter())

    def test_on_its_way(self):
        letter = what_happened([at(2, "RCV")])
        self.assertEqual((letter.state, letter.sent_on), ("taken", None))
        letter = what_happened([at(2, "RCV"), at(4, "ACC"), at(7, "ABS")])
        self.assertEqual((letter.state, letter.code), ("sent", "ABS"))
        self.assertEqual(letter.sent_on, date(2026, 3, 4))
        self.assertEqual((letter.notified_on, letter.outcome), (None, ""))

    def test_handed_over_by_inference(self):
        """A card left at the door proves that it left, not on which day."""
        letter = what_happened([at(7, "ABS")])
        self.assertEqual((letter.state, letter.sent_on), ("sent", None))

    def test_delivered_refused_and_fetched_are_notified(self):
        """Gate 12."""
        for code, outcome in (
            ("DEL", "delivered"),
            ("DELO", "delivered"),
            ("REF", "delivery_refused"),
        ):
            letter = what_happened([at(4, "ACC"), at(9, code)])
            self.assertEqual(letter.state, "notified")
            self.assertEqual(letter.notified_on, date(2026, 3, 9))
            self.assertEqual(letter.outcome, outcome)

    def test_stored_by_parameter(self):
        """Gate 12: compiuta giacenza, by the day of the post or by that of the law."""
        events = [at(4, "ACC"), at(6, "ABS"), at(7, "STO"), at(20, "CG")]
        days = {None: 20, 0: 6, 10: 16, 30: 20}
        for stored_days, day in days.items():
            letter = what_happened(events, stored_days)
            self.assertEqual(letter.notified_on, date(2026, 3, day), stored_days)
            self.assertEqual(letter.outcome, "stored")

    def test_stored_without_a_notice_left(self):
        letter = what_happened([at(4, "ACC"), at(20, "CG")], 0)
        self.assertEqual(letter.notified_on, date(2026, 3, 20))

    def test_notice_left_after_the_end_counts_for_nothing(self):
        letter = what_happened([at(20, "CG"), at(25, "ABS")], 0)
        self.assertEqual(letter.notified_on, date(2026, 3, 20))

    def test_never_notified_before_it_was_sent(self):
        letter = what_happened([at(10, "ACC"), at(8, "DEL")])
        self.assertEqual(letter.notified_on, date(2026, 3, 10))

    def test_returned(self):
        """Gate 12."""
        for code, outcome in POSTAL.items():
            if postal.EFFECTS[code] != postal.FAILED:
                continue
            letter = what_happened([at(4, "ACC"), at(9, code)])
            self.assertEqual((letter.state, letter.outcome), ("failed", outcome))
            self.assertIsNone(letter.notified_on)
            self.assertEqual(letter.ended_on, date(2026, 3, 9))

    def test_rejected_by_the_mail_house(self):
        letter = what_happened([at(3, "REJ")])
        self.assertEqual((letter.state, letter.outcome), ("rejected", ""))

    def test_contradiction_is_told_and_the_first_stands(self):
        letter = what_happened([at(9, "DEL"), at(12, "UNK")])
        self.assertTrue(letter.is_conflict)
        self.assertEqual((letter.code, letter.outcome), ("DEL", "delivered"))
        # fetched at the counter after the time was over: nothing contradicts
        self.assertFalse(what_happened([at(9, "CG"), at(12, "DELO")]).is_conflict)

    def test_unknown_codes_are_told(self):
        letter = what_happened([at(9, "DEL"), at(10, "")])
        self.assertTrue(letter.has_unknown)
        self.assertEqual(letter.state, "notified")

    @given(EVENTS, st.randoms(), st.none() | st.integers(0, 40))
    @QUICK
    def test_order_and_repetition_change_nothing(self, events, random, days):
        """Gates 11 and 12: out of order, doubled."""
        told = what_happened(events, days)
        again = [*events, *events[:3]]
        random.shuffle(again)
        self.assertEqual(what_happened(again, days), told)

    @given(EVENTS, st.none() | st.integers(0, 40))
    @QUICK
    def test_notified_only_on_proof(self, events, days):
        """A clock starts on a final event of delivery and never before any proof."""
        letter = what_happened(events, days)
        self.assertEqual(letter.notified_on is not None, letter.state == "notified")
        if letter.notified_on:
            earliest = min(event.at.date() for event in events)
            self.assertGreaterEqual(letter.notified_on, earliest)
            if letter.sent_on:
                self.assertGreaterEqual(letter.notified_on, letter.sent_on)
        if letter.outcome:
            told = {"notified": "done", "failed": "failed"}[letter.state]
            self.assertEqual(OUTCOMES[letter.outcome].state, told)

    @given(EVENTS, st.datetimes(datetime(2026, 3, 1), datetime(2026, 3, 30)))
    @QUICK
    def test_later_news_never_move_a_clock(self, events, when):
        """Once notified, whatever the post tells later leaves the day as it is."""
        before = what_happened(events)
        if before.state != "notified":
            return
        for code in POSTAL:
            after = what_happened([*events, Event(when, code)])
            self.assertEqual(after.state, "notified")
            self.assertGreaterEqual(after.notified_on, before.notified_on)
            if postal.EFFECTS[code] != postal.SENT:
                self.assertEqual(after.notified_on, before.notified_on)


@tagged("post_install", "-at_install")
class TestCodes(BaseCase):
    def test_every_code_has_an_effect(self):
        self.assertEqual(set(postal.EFFECTS), set(POSTAL))
        for code, effect in postal.EFFECTS.items():
            told = POSTAL[code]
            expected = {"notified": "done", "failed": "failed"}.get(effect)
            self.assertEqual(told and OUTCOMES[told].state, expected, code)

    def test_standard_tables_speak_our_codes(self):
        for name, table in postal.STANDARD_CODES.items():
            self.assertLessEqual(set(table.values()), set(POSTAL), name)
            for code in table:
                self.assertEqual(code, postal.clean_code(code))

    def test_second_attempt_as_the_public_platform_does(self):
        """It tries another address for M01, M03, M04, M06-M09, not for M02 and M05."""
        send = postal.STANDARD_CODES["send"]
        routes = {
            code: OUTCOMES[POSTAL[send[code]]].route
            for code in send
            if code.startswith("M")
        }
        again = {code for code, route in routes.items() if route == SEARCH}
        self.assertEqual(again, {"M01", "M03", "M04", "M06", "M07", "M08"})
        self.assertEqual(routes["M09"], "channel")
        self.assertEqual(OUTCOMES[POSTAL["LOS"]].route, RESEND)

    def test_translate(self):
        send = postal.STANDARD_CODES["send"]
        self.assertEqual(translate("RECRN002F", "M03", send), "UNK")
        self.assertEqual(translate("recrn 001c", "", send), "DEL")
        self.assertEqual(translate("RECRN002F", "", send), "")
        self.assertEqual(translate("RECRN001C", "M99", send), "DEL")
        table = {"A+B": "REF", "B": "DEL", "A": "CG"}
        self.assertEqual(translate("A", "B", table), "REF")
        self.assertEqual(translate("A", "C", table), "CG")

    def test_our_own_codes_need_no_table(self):
        self.assertEqual(translate("del", "", {}), "DEL")
        # unless the provider means something else with the same word
        self.assertEqual(translate("DEL", "", {"DEL": "REJ"}), "REJ")
        self.assertEqual(translate("NEW", "", {"NEW": "BAD"}), "")

    @given(st.text(max_size=80), st.none() | st.text(max_size=80))
    @QUICK
    def test_any_text_is_a_code_or_none(self, code, cause):
        found = translate(code, cause, postal.STANDARD_CODES["send"])
        self.assertIn(found, {"", *POSTAL})
