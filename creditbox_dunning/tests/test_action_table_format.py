"""Reading the seed's CSV: strict, and telling which cell is wrong."""

from odoo.tests.common import BaseCase, tagged

from odoo.addons.creditbox_dunning.formats.action_table import (
    COLUMNS,
    TableError,
    read_action_table,
)

from .planner_common import standard_rules

GOOD = "1;3;1;1;10;1;remind;sms;SMS;Promemoria;due;feriali;-3;4;5;0;5.50;;40"
HEAD = ";".join(COLUMNS)


@tagged("post_install", "-at_install")
class TestActionTableFormat(BaseCase):
    def test_a_row(self):
        (row,) = read_action_table(f"{HEAD}\n{GOOD}\n")
        self.assertEqual(row["keys"], ("1", "3", "1", "1"))
        self.assertEqual(row["day_kind"], "weekdays")
        self.assertEqual(
            (row["wait_before"], row["next_ok"], row["next_ko"]), (-3, 0, 40)
        )
        self.assertEqual(str(row["min_threshold"]), "5.50")

    def test_a_wrong_cell_is_named(self):
        for position, value, column in (
            (0, "5", "cust"),
            (4, "dieci", "seq"),
            (10, "pasqua", "anchor"),
            (11, "lunari", "day_kind"),
            (14, "-1", "amt_from"),
            (14, "NaN", "amt_from"),
        ):
            cells = GOOD.split(";")
            cells[position] = value
            with self.assertRaises(TableError) as error:
                read_action_table(f"{HEAD}\n{GOOD}\n{';'.join(cells)}\n")
            self.assertEqual((error.exception.row, error.exception.column), (3, column))

    def test_wrong_columns(self):
        with self.assertRaises(TableError):
            read_action_table("a;b\n1;2\n")
        with self.assertRaises(TableError):
            read_action_table(f"{HEAD}\n{GOOD};too;many\n")

    def test_the_shipped_table(self):
        rules = standard_rules()
        self.assertEqual(len(rules), 257)
        self.assertEqual({row.action for row in rules}, set(range(1, 11)))
        # domain: the water reminder goes by registered letter or PEC only
        water = {
            row.channel
            for row in rules
            if row.op == "notice" and row.key.service == "water"
        }
        self.assertEqual(water, {"ar", "pec"})
