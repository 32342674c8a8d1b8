"""The score band as a key of the action table: optional, and any by default."""

from dataclasses import replace

from odoo.tests import BaseCase, tagged

from ..formats import action_table_xlsx
from ..rules import doctor
from ..rules.facts import Key
from ..rules.sets import choose_set, key_of
from .common import DunningCommon
from .planner_common import standard_rules

SUPPLY = ("domestic", "electricity", "active", "suspendible")


@tagged("post_install", "-at_install")
class TestScoreBandRules(BaseCase):
    def banded(self, band):
        """The standard table with, besides, a set of one row for ``band``."""
        rules = tuple(standard_rules())
        first = choose_set(rules, Key(*SUPPLY))[0][0]
        mine = replace(first, id=9999, key=replace(first.key, score_band=band))
        return (*rules, mine)

    def test_tables_without_bands_are_the_same_for_everybody(self):
        rules = standard_rules()
        for key in doctor.all_keys():
            plain = choose_set(rules, key)
            for band in "ABCDE":
                self.assertEqual(
                    plain, choose_set(rules, replace(key, score_band=band))
                )

    def test_a_row_with_a_band_takes_only_that_band(self):
        rules = self.banded("E")
        ids = {
            band: [r.id for r in choose_set(rules, Key(*SUPPLY, band))[0]]
            for band in ("", "A", "E")
        }
        self.assertEqual(ids["E"], [9999])
        self.assertEqual(ids["A"], ids[""])
        self.assertNotIn(9999, ids["A"])

    def test_key_of(self):
        self.assertEqual(key_of(SUPPLY, "", "", "", "D").score_band, "D")
        self.assertEqual(key_of(SUPPLY, "", "", "", None).score_band, "")
        self.assertEqual(key_of((), "", "", "consumer", "B").score_band, "B")

    def test_coverage_looks_at_the_bands_that_are_named(self):
        self.assertEqual(len(doctor.all_keys(standard_rules())), 256)
        self.assertEqual(len(doctor.all_keys(self.banded("E"))), 512)
        # a table that knows only customers of band E leaves all others without a set
        only = [r for r in self.banded("E") if r.id == 9999]
        (hole,) = (f for f in doctor.examine(only) if f.code == "no_set")
        missing = dict(hole.params)["keys"]
        self.assertIn(Key(*SUPPLY), missing)
        self.assertNotIn(Key(*SUPPLY, "E"), missing)


@tagged("post_install", "-at_install")
class TestScoreBand(DunningCommon):
    def banded_table(self, band):
        """A published version with a set of one row for SUPPLY and ``band``."""
        draft = self.table.sudo().copy()
        rules = draft.rule_ids.filtered(
            lambda r: (
                (r.customer_type, r.service, r.supply_state, r.suspendibility) == SUPPLY
            )
        )
        rules[0].copy({"table_id": draft.id, "score_band": band})
        draft.action_publish()
        return draft

    def test_the_case_walks_the_set_of_the_customers_band(self):
        bill = self.overdue("A", self.contract, 6000)
        table = self.banded_table("E")
        runs = self.env["dunning.valuation.run"].sudo()
        day = self.day(200)
        runs._value_company(self.company, day)
        one = self.env["dunning.valuation"]._of_customers(self.customer, self.company)
        band = one[self.company.id, self.customer.id].band
        self.assertIn(band, "CD", "60 points")
        self.run_on(1)
        case = self.case_of(bill)
        self.assertEqual(case.table_id, table)
        self.assertEqual(case.score_band, band)
        self.assertIn("6", case.score_reasons)
        facts = self.env["dunning.facts"].sudo()._collect(case, day)[case.id]
        self.assertEqual(facts.key.score_band, band)
        rows, _why = choose_set(table.rule_ids._as_rules(), facts.key)
        self.assertGreater(len(rows), 1, "its band is none of those named")
        named = replace(facts.key, score_band="E")
        rows, _why = choose_set(table.rule_ids._as_rules(), named)
        self.assertEqual([row.key.score_band for row in rows], ["E"])

    def test_sets_caught_cases_and_check_know_the_band(self):
        self.overdue("A", self.contract, 6000)
        table = self.banded_table("D")
        runs = self.env["dunning.valuation.run"].sudo()
        runs._value_company(self.company, self.day(200))
        self.run_on(1)
        one = self.env["dunning.valuation"]._of_customers(self.customer, self.company)
        one[self.company.id, self.customer.id].sudo()._guarded().band = "D"
        self.env.flush_all()
        sets = self.env["dunning.action.set"].search([("table_id", "=", table.id)])
        mine = sets.filtered(lambda s: s.score_band == "D")
        self.assertEqual((len(mine), mine.rule_count, mine.case_count), (1, 1, 1))
        row = table.rule_ids.filtered("score_band")
        self.assertEqual(row.caught_count, 1)
        self.assertEqual(len(table._caught_by(row)), 1)
        self.assertIn("D", row._set_label())
        labels = {s["label"] for s in table.get_workflow_sets()}
        self.assertTrue([label for label in labels if label.endswith("D")])

    def test_workbook_out_and_in(self):
        table = self.banded_table("D")
        data = action_table_xlsx.write(table.rule_ids._as_rows())
        rows, wrong = table._read_xlsx(data, "tabella.xlsx")
        self.assertFalse(wrong)
        told = [row["score_band"] for row in rows if row["score_band"]]
        self.assertEqual(told, ["D"])
        draft = table.copy()
        draft._apply_rows(rows)
        self.assertEqual(draft.rule_ids.filtered("score_band").score_band, "D")
        self.assertEqual(len(draft.rule_ids), len(table.rule_ids))

    def test_a_workbook_without_the_column_means_any(self):
        headings = [c.heading for c in action_table_xlsx.COLUMNS]
        self.assertIn("Fascia", headings)
        headings.remove("Fascia")
        self.assertFalse(action_table_xlsx.missing_columns(headings))
