"""Lifecycle, patterns of codes, names: small pure rules."""

import ast
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..rules import lifecycle, past, patterns
from ..rules.person_name import split_name

VALUES = {
    "sector": "E",
    "year": "2026",
    "yy": "26",
    "company": "ED",
    "customer": "C001",
    "seq": 42,
}


@tagged("post_install", "-at_install")
class TestLifecycle(BaseCase):
    def test_every_source_is_a_state(self):
        for side, table in lifecycle.SOURCES.items():
            for target, sources in table.items():
                for source in sources:
                    self.assertIn(source, ("", *table), f"{side} {target}")

    def test_every_state_is_reached_from_birth(self):
        for side, table in lifecycle.SOURCES.items():
            reached, todo = set(), [""]
            while todo:
                for target in lifecycle.targets(side, todo.pop()):
                    if target not in reached:
                        reached.add(target)
                        todo.append(target)
            self.assertEqual(reached, set(table), side)

    def test_the_way_out(self):
        way = ("", "candidate", "ready", "exported", "sent", "accepted")
        for source, target in pairwise(way):
            self.assertTrue(lifecycle.can_move("outgoing", source, target))
        self.assertTrue(lifecycle.can_move("outgoing", "exported", "ready"))

    def test_forbidden(self):
        for source, target in (
            ("blocked", "ready"),
            ("candidate", "exported"),
            ("sent", "ready"),
            ("sent", "exported"),
            ("expired", "candidate"),
            ("ready", "sent"),
        ):
            with self.assertRaises(lifecycle.TransitionError):
                lifecycle.check_move("outgoing", source, target)


@tagged("post_install", "-at_install")
class TestPatterns(BaseCase):
    def test_code(self):
        code = patterns.practice_code("{sector}{yy}-{seq:8}", VALUES)
        self.assertEqual(code, "E26-00000042")
        code = patterns.practice_code("{company}_{customer:3}{seq}", VALUES)
        self.assertEqual(code, "ED_C0042")

    def test_refused(self):
        for pattern, reason in (
            ("{sector}{yy}", "no_seq"),
            ("{seq:16}", "too_long"),
            ("A B{seq}", "bad_char"),
            ("è{seq}", "bad_char"),
            ("{seq}{nome}", "unknown_token"),
            ("{seq}{", "brace"),
            ("{seq.__class__}", "brace"),
            # a spreadsheet would take it for a formula, and the layout refuses that
            ("-{seq}", "bad_char"),
            ("{0}{seq}", "brace"),
        ):
            with self.assertRaises(patterns.PatternError) as caught:
                patterns.practice_code(pattern, VALUES)
            self.assertEqual(caught.exception.args[0], reason, pattern)

    @given(st.text(max_size=30), st.integers(1, 10**9))
    def test_code_is_right_or_refused(self, pattern, number):
        try:
            code = patterns.practice_code(pattern, {**VALUES, "seq": number})
        except patterns.PatternError:
            return
        self.assertRegex(code, r"\A[A-Za-z0-9_][A-Za-z0-9_-]{0,14}\Z")

    def test_file_name_cannot_leave_its_folder(self):
        for pattern in ("../{n}", "a/b{n}", "..", "a\n{n}"):
            with self.assertRaises(patterns.PatternError):
                patterns.file_name(pattern, {"n": 1})


@tagged("post_install", "-at_install")
class TestPersonName(BaseCase):
    def test_both_orders(self):
        code = "RSSMRA80A01F205X"
        self.assertEqual(split_name("Mario Rossi", code), ("Mario", "Rossi"))
        self.assertEqual(split_name("ROSSI MARIO", code), ("MARIO", "ROSSI"))

    def test_double_names_and_accents(self):
        self.assertEqual(
            split_name("De Nicolò Maria Francesca", "DNCMFR80A41F205X"),
            ("Maria Francesca", "De Nicolò"),
        )
        self.assertEqual(split_name("Fo Ugo", "FOXGUO80A01F205X"), ("Ugo", "Fo"))

    def test_not_told(self):
        self.assertIsNone(split_name("Mario Rossi", "12345678901"))
        self.assertIsNone(split_name("Mario Rossi", None))
        self.assertIsNone(split_name("Bianchi Luca", "RSSMRA80A01F205X"))


@tagged("post_install", "-at_install")
class TestPurity(BaseCase):
    def test_rules_and_formats_know_no_odoo(self):
        root = Path(__file__).parents[1]
        files = [*root.glob("rules/*.py"), *root.glob("formats/*.py")]
        self.assertGreater(len(files), 8)
        for path in files:
            for node in ast.walk(ast.parse(path.read_text())):
                names = []
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom):
                    names = [node.module or ""]
                for name in names:
                    self.assertNotEqual(name.split(".")[0], "odoo", path.name)


DAYS = st.none() | st.integers(0, 60).map(lambda n: date(2026, 2, 1) + timedelta(n))


@tagged("post_install", "-at_install")
class TestPast(BaseCase):
    def test_steps_of_an_outgoing_practice(self):
        sent, accepted, paid = date(2026, 3, 1), date(2026, 3, 3), date(2026, 6, 1)
        told = past.Told("outgoing", "paid", sent, accepted, None, paid)
        self.assertEqual(
            past.steps(told),
            [
                ("", "sent", sent),
                ("sent", "accepted", accepted),
                ("accepted", "paid", paid),
            ],
        )
        # a refusal is not preceded by an admission
        told = past.Told("outgoing", "rejected", sent, accepted, accepted)
        self.assertEqual(
            past.steps(told), [("", "sent", sent), ("sent", "rejected", accepted)]
        )
        told = past.Told("outgoing", "sent", sent)
        self.assertEqual(past.steps(told), [("", "sent", sent)])

    def test_steps_of_an_incoming_practice(self):
        told = past.Told("incoming", "charged", None, date(2026, 3, 3))
        self.assertEqual(
            past.steps(told),
            [("", "received", date(2026, 3, 3)), ("received", "charged", None)],
        )

    @given(
        st.sampled_from(
            [("outgoing", s) for s in ("sent", "accepted", "paid", "closed")]
            + [("incoming", s) for s in ("received", "matched", "charged")]
        ),
        st.tuples(DAYS, DAYS, DAYS, DAYS),
    )
    def test_one_chain_that_ends_in_the_state(self, what, days):
        told = past.Told(*what, *days)
        found = past.steps(told)
        self.assertEqual(found[-1][1], told.state)
        self.assertEqual(found[0][0], "")
        for (_s, target, _d), (source, _t, _e) in pairwise(found):
            self.assertEqual(target, source)
        if past.are_in_order(told, date(2026, 12, 31)):
            dated = [day for *_states, day in found[:-1]]
            self.assertEqual(dated, sorted(dated))
