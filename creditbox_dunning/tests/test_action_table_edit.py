"""Moving rows, comparing tables, the workbook: the pure part of editing a table."""

import io
from decimal import Decimal

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests.common import BaseCase, tagged
from odoo.tools import file_open

from odoo.addons.creditbox_dunning.formats import action_table_xlsx as sheet
from odoo.addons.creditbox_dunning.formats.action_table import read_action_table
from odoo.addons.creditbox_dunning.rules import table_diff, table_edit
from odoo.addons.utility_supply.formats.tabular import open_table

from .planner_common import MAPS, TABLE

Row = table_edit.Row
D = Decimal


def moved(rows, order):
    """[(id, seq)] after the dragging, in the new order, and the changed jumps."""
    changes = table_edit.renumber(rows, order)
    seqs = {r.id: changes.get(r.id, {}).get("seq", r.seq) for r in rows}
    jumps = {
        i: {k: v for k, v in vals.items() if k != "seq"} for i, vals in changes.items()
    }
    return sorted(seqs.items(), key=lambda item: item[1]), {
        i: vals for i, vals in jumps.items() if vals
    }


@tagged("post_install", "-at_install")
class TestRenumber(BaseCase):
    rows = (
        Row(1, 20),
        Row(2, 30, next_ko=50),
        Row(3, 40),
        Row(4, 41),
        Row(5, 50, next_ok=45),
        Row(6, 900, next_ok=20),
    )

    def test_nothing_moved_nothing_changes(self):
        self.assertEqual(table_edit.renumber(self.rows, [1, 2, 3, 4, 5, 6]), {})
        self.assertEqual(table_edit.renumber(self.rows, []), {})
        self.assertEqual(table_edit.renumber(self.rows, [99, 98]), {})

    def test_a_row_takes_its_step_along_and_tens_in_use_stay_in_use(self):
        order, jumps = moved(self.rows, [1, 3, 2, 4, 5, 6])
        self.assertEqual(order, [(1, 20), (3, 30), (4, 31), (2, 40), (5, 50), (6, 900)])
        self.assertEqual(jumps, {})

    def test_jumps_follow_the_row_they_meant(self):
        order, jumps = moved(self.rows, [5, 1, 2, 3, 4, 6])
        self.assertEqual(order, [(5, 20), (1, 30), (2, 40), (3, 50), (4, 51), (6, 900)])
        # 45 had no row: it arrived at row 50, which is now 20
        self.assertEqual(
            jumps, {2: {"next_ko": 20}, 5: {"next_ok": 20}, 6: {"next_ok": 30}}
        )

    def test_a_step_is_never_torn_apart(self):
        order, _jumps = moved(self.rows, [2, 3, 1, 4, 5, 6])
        self.assertEqual([row for row, _seq in order], [2, 3, 4, 1, 5, 6])
        order, _jumps = moved(self.rows, [1, 2, 3, 5, 4, 6])
        self.assertEqual([row for row, _seq in order], [1, 2, 5, 3, 4, 6])

    def test_alternatives_change_places(self):
        order, _jumps = moved(self.rows, [1, 2, 4, 3, 5, 6])
        self.assertEqual(order[2:4], [(4, 40), (3, 41)])

    def test_only_the_range_that_the_list_sends(self):
        order, _jumps = moved(self.rows, [5, 2, 3, 4])
        self.assertEqual([row for row, _seq in order], [1, 5, 2, 3, 4, 6])
        order, _jumps = moved(self.rows, [3, 4, 5, 2])
        self.assertEqual([row for row, _seq in order], [1, 3, 4, 5, 2, 6])

    @settings(max_examples=300, deadline=None)
    @given(
        st.lists(
            st.integers(1, 99).map(lambda n: n * 5),
            min_size=1,
            max_size=10,
            unique=True,
        ),
        st.data(),
    )
    def test_whatever_is_dragged_alternatives_stay_together(self, seqs, data):
        rows = [Row(n, seq, next_ok=seqs[0]) for n, seq in enumerate(seqs, 1)]
        order = data.draw(st.permutations([row.id for row in rows]))
        changes = table_edit.renumber(rows, order)
        after = {r.id: changes.get(r.id, {}).get("seq", r.seq) for r in rows}
        tens = {seq // 10 for seq in seqs}
        self.assertEqual({seq // 10 for seq in after.values()}, tens)
        self.assertEqual(len(set(after.values())), len(rows))
        for one in rows:
            for two in rows:
                self.assertEqual(
                    one.seq // 10 == two.seq // 10,
                    after[one.id] // 10 == after[two.id] // 10,
                )
        # every jump meant the first row and still does
        target = next(row for row in rows if row.seq == seqs[0])
        for row in rows:
            jump = changes.get(row.id, {}).get("next_ok", row.next_ok)
            self.assertEqual(jump, after[target.id])


def standard():
    with file_open(TABLE, "r") as file:
        rows = read_action_table(file.read())
    names = table_diff.IDENTITY[:4]
    for row in rows:
        keys = zip(names, MAPS, row.pop("keys"), strict=True)
        row.update({name: words.get(digit, "") for name, words, digit in keys})
    return rows


def reread(data):
    table = open_table(data, "tabella.xlsx")
    return sheet.read((row.number, row.cells) for row in table.rows())


def edited(**cells):
    """A workbook with one row of which some cells are replaced."""
    row = next(r for r in standard() if r["seq"] == 30)
    book = openpyxl.load_workbook(io.BytesIO(sheet.write([row])))
    page = book.active
    headings = {cell.value: cell.column for cell in page[1]}
    for heading, value in cells.items():
        page.cell(2, headings[heading.replace("_", " ")]).value = value
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@tagged("post_install", "-at_install")
class TestWorkbook(BaseCase):
    def test_gate_37_round_trip_is_equal(self):
        """Gate 37: what goes out comes in again without a difference."""
        rows = standard()
        again, issues = reread(sheet.write(rows))
        self.assertEqual(issues, [])
        self.assertEqual(len(again), 257)
        self.assertEqual(table_diff.diff(rows, again), ())

    def test_dangerous_text_stays_text(self):
        row = {**standard()[0], "short_description": "=1+1", "description": "@SUM(A1)"}
        data = sheet.write([row])
        again, issues = reread(data)
        self.assertEqual(issues, [])
        self.assertEqual(again[0]["short_description"], "=1+1")
        cells = [c for r in openpyxl.load_workbook(io.BytesIO(data)).active for c in r]
        self.assertNotIn("f", {cell.data_type for cell in cells})
        quoted = {cell.value for cell in cells if cell.quotePrefix}
        self.assertEqual(quoted, {"=1+1", "@SUM(A1)"})

    def test_codes_are_read_as_digit_word_or_both(self):
        for said in ("1", 1, "domestici", "1 Domestici", "1 - DOMESTICI", "domestic"):
            rows, issues = reread(edited(Cliente=said))
            self.assertEqual((issues, rows[0]["customer_type"]), ([], "domestic"), said)
        for said in ("", "0", 0, "Tutti"):
            rows, issues = reread(edited(Cliente=said or None))
            self.assertEqual((issues, rows[0]["customer_type"]), ([], ""), said)

    def test_every_wrong_cell_is_told_with_row_and_column(self):
        data = edited(
            Cliente="9",
            Operazione="boh",
            Canale="fax",
            Attesa_prima="presto",
            Attesa_dopo=-1,
            Importo_da="1.500",
            Soglia_minima="=A1*2",
            Descrizione_breve=None,
            Azione=True,
            Se_positivo_vai_a=99999,
        )
        rows, issues = reread(data)
        self.assertEqual(rows, [])
        self.assertEqual(
            {(issue.row, issue.column): issue.code for issue in issues},
            {
                (2, "Cliente"): "cell_unknown_code",
                (2, "Operazione"): "cell_unknown_code",
                (2, "Canale"): "cell_bad_channel",
                (2, "Attesa prima"): "cell_not_integer",
                (2, "Attesa dopo"): "cell_out_of_range",
                (2, "Importo da"): "cell_ambiguous_amount",
                (2, "Soglia minima"): "cell_formula",
                (2, "Descrizione breve"): "cell_missing",
                (2, "Azione"): "cell_wrong_type",
                (2, "Se positivo vai a"): "cell_out_of_range",
            },
        )

    def test_amounts_are_exact(self):
        for said, meant in (("1.500,50", "1500.50"), ("12,3", "12.30"), (0.1, "0.10")):
            rows, issues = reread(edited(Importo_da=said, Importo_a=None))
            self.assertEqual((issues, rows[0]["amount_from"]), ([], D(meant)), said)
        for said in (-1, "1,234", 10**13, "1e3", "0x10"):
            rows, issues = reread(edited(Importo_da=said, Importo_a=None))
            self.assertEqual(len(issues), 1, said)

    def test_two_rows_with_one_number(self):
        row = standard()[0]
        rows, issues = reread(sheet.write([row, row]))
        self.assertEqual([(i.code, i.row) for i in issues], [("row_twice", 3)])
        self.assertEqual(len(rows), 1)

    def test_a_band_upside_down(self):
        _rows, issues = reread(edited(Importo_da=500, Importo_a=100))
        self.assertEqual([i.code for i in issues], ["band_upside_down"])

    def test_missing_columns(self):
        self.assertEqual(sheet.missing_columns([c.heading for c in sheet.COLUMNS]), [])
        self.assertIn("Canale", sheet.missing_columns(["azione", "Progressivo"]))

    @settings(max_examples=150, deadline=None)
    @given(
        st.dictionaries(
            st.sampled_from([c.heading for c in sheet.COLUMNS]),
            st.tuples(
                st.one_of(st.text(max_size=300), st.integers(), st.booleans()),
                st.sampled_from(
                    ["text", "number", "bool", "date", "empty", "formula", "error"]
                ),
            ),
        )
    )
    def test_no_cell_raises(self, cells):
        rows, issues = sheet.read([(7, cells)])
        self.assertEqual(bool(rows), not issues)
        for issue in issues:
            self.assertEqual(issue.row, 7)


@tagged("post_install", "-at_install")
class TestDiff(BaseCase):
    def test_added_removed_and_changed_with_old_and_new(self):
        old = standard()
        new = [dict(row) for row in old[1:]]
        new[0]["wait_before"] = 99
        new.append({**old[5], "seq": 777})
        found = table_diff.diff(old, new)
        self.assertEqual(
            sorted(change.kind for change in found), ["added", "changed", "removed"]
        )
        changed = next(change for change in found if change.kind == "changed")
        self.assertEqual(changed.columns, (("wait_before", old[1]["wait_before"], 99),))

    def test_the_same_amount_in_other_digits_is_the_same(self):
        row = standard()[0]
        other = {**row, "amount_from": float(row["amount_from"]), "next_ok": None}
        self.assertEqual(table_diff.diff([row], [other]), ())

    def test_duplicates(self):
        rows = standard()
        self.assertEqual(table_diff.duplicates(rows), [])
        self.assertEqual(len(table_diff.duplicates([*rows, rows[0], rows[0]])), 1)
