"""Points, bands and reasons: total, monotone, deterministic."""

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..rules import score
from ..rules.score import Limits, Row, Table, faults, rate, serial, worsening

TOPS = (10, 30, 60, 90)
D = Decimal
TABLE = Table(
    (
        Row("overdue", D(0), D(100), 0),
        Row("overdue", D(100), D(1000), 10),
        Row("overdue", D(1000), None, 25),
        Row("broken_promises", D(1), D(2), 20),
        Row("broken_promises", D(2), None, 40),
        Row("cover", D(0), D(50), 15),
        Row("info_score", D(0), D(300), 30),
    ),
    TOPS,
)
numbers = st.one_of(
    st.none(), st.decimals(-(10**9), 10**9, places=2, allow_nan=False), st.integers()
)
values = st.dictionaries(st.sampled_from(sorted(score.MEASURES)), numbers)
any_rows = st.builds(
    Row,
    st.sampled_from(["overdue", "cover", "dso", "nonsense"]),
    st.decimals(-10, 100, places=1),
    st.one_of(st.none(), st.decimals(-10, 100, places=1)),
    st.integers(-50, 50),
)
any_tables = st.builds(
    Table,
    st.lists(any_rows, max_size=8).map(tuple),
    st.tuples(*[st.integers(-5, 100)] * 4),
)


@st.composite
def good_tables(draw):
    """Tables that the check accepts: steps that rise (or fall) measure by measure."""
    rows = []
    for measure, worse_up in score.MEASURES.items():
        edges = sorted(draw(st.sets(st.integers(0, 50), max_size=4)))
        points = sorted(draw(st.lists(st.integers(0, 40), min_size=4, max_size=4)))
        if not worse_up:
            edges = [0, *[edge for edge in edges if edge]]
            points = sorted([*points, 40], reverse=True)
        for index, edge in enumerate(edges):
            high = edges[index + 1] if index + 1 < len(edges) else None
            top = None if high is None else D(high)
            rows.append(Row(measure, D(edge), top, points[index]))
    tops = sorted(draw(st.sets(st.integers(0, 300), min_size=4, max_size=4)))
    return Table(tuple(rows), tuple(tops))


# a busy machine is no fault of the rule
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@tagged("post_install", "-at_install")
class TestScoreRules(BaseCase):
    def test_points_band_and_reasons(self):
        told = rate({"overdue": D("100"), "broken_promises": 3, "cover": D(50)}, TABLE)
        self.assertEqual((told.points, told.band), (50, "C"))
        self.assertEqual(
            [(why.measure, why.points) for why in told.reasons],
            [("broken_promises", 40), ("overdue", 10)],
        )

    def test_limits_of_a_row(self):
        self.assertEqual(rate({"overdue": D("99.99")}, TABLE).points, 0)
        self.assertEqual(rate({"overdue": D("100.00")}, TABLE).points, 10)
        self.assertEqual(rate({"overdue": D("1000")}, TABLE).points, 25)

    def test_unknown_gives_nothing_and_a_credit_counts_as_zero(self):
        self.assertEqual(rate({"info_score": None}, TABLE).points, 0)
        self.assertEqual(rate({"info_score": 0}, TABLE).points, 30)
        self.assertEqual(rate({"overdue": D(-500)}, TABLE).points, 0)

    def test_bands(self):
        told = [score.band_of(n, TOPS) for n in (0, 10, 11, 30, 60, 61, 90, 91)]
        self.assertEqual("".join(told), "AABBCDDE")

    def test_faults(self):
        def of(*rows, tops=TOPS):
            return [code for code, _params in faults(Table(rows, tops))]

        self.assertEqual(faults(TABLE), [])
        self.assertEqual(of(), ["empty"])
        one = Row("overdue", D(0), None, 1)
        self.assertEqual(of(one, tops=(10, 10, 60, 90)), ["tops"])
        self.assertEqual(of(Row("overdue", D(5), D(5), 1)), ["upside_down"])
        self.assertEqual(of(Row("moon", D(5), None, 1)), ["unknown"])
        self.assertEqual(of(one, Row("overdue", D(5), D(9), 1)), ["overlap"])
        # a gap is zero points: then a higher debt would weigh less
        self.assertEqual(of(Row("overdue", D(5), D(9), 1)), ["direction"])
        self.assertEqual(of(Row("cover", D(50), None, 5)), ["direction"])

    @PATIENT
    @given(values, any_tables)
    def test_total_and_deterministic(self, told, table):
        first = rate(told, table)
        self.assertEqual(first, rate(dict(reversed(told.items())), table))
        self.assertIn(first.band, score.BANDS)
        self.assertEqual(first.points, sum(why.points for why in first.reasons))
        faults(table)

    @PATIENT
    @given(good_tables())
    def test_good_tables_pass_the_check(self, table):
        if table.rows:
            self.assertEqual(faults(table), [])

    @PATIENT
    @given(
        good_tables(),
        values,
        st.sampled_from(sorted(score.MEASURES)),
        st.integers(0, 60),
        st.integers(0, 60),
    )
    def test_worse_never_gives_fewer_points(self, table, told, measure, one, two):
        low, high = sorted((one, two))
        better, worse = (low, high) if score.MEASURES[measure] else (high, low)
        before = rate({**told, measure: better}, table)
        after = rate({**told, measure: worse}, table)
        self.assertLessEqual(before.points, after.points)
        self.assertLessEqual(before.band, after.band)

    def test_figures(self):
        self.assertEqual(score.dso(D(100), D(1200)), D("30.4"))
        self.assertIsNone(score.dso(D(100), D(0)))
        self.assertEqual(score.dso(D(-1), D(10)), 0)
        self.assertEqual(score.average_late(D(450), D(100)), D("4.5"))
        self.assertIsNone(score.average_late(D(0), D(0)))
        self.assertEqual(score.cover(D(50), D(200)), D("25.0"))
        self.assertIsNone(score.cover(D(50), D(0)))

    def test_worsening(self):
        limits = Limits(bands=2, points=20, overdue=D(500))
        before = (10, "A", D(0))
        self.assertEqual(worsening(None, (99, "E", D(9999)), limits), ())
        self.assertEqual(worsening(before, (29, "B", D(499)), limits), ())
        told = worsening(before, (30, "C", D(500)), limits)
        self.assertEqual([one[0] for one in told], ["band", "points", "overdue"])
        self.assertEqual(worsening((30, "C", D(500)), before, limits), ())
        self.assertEqual(worsening(before, (99, "E", D(9)), Limits(0, 0, D(0))), ())

    def test_serial(self):
        limits = Limits(switches=2, left_debt=D(50))
        self.assertEqual(serial(2, D("49.99"), 0, limits), ())
        told = serial(3, D(50), 1, limits)
        self.assertEqual(
            [one[0] for one in told], ["switches", "left_debt", "cmor_received"]
        )
        self.assertEqual(serial(99, D(99), 0, Limits(switches=0, left_debt=D(0))), ())
