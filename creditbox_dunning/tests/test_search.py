"""Searching a case and opening the lists, with tens of thousands of cases.

`EXPLAIN` with the planner's own settings, after `ANALYZE`, on 20,000 cases with their
bills, actions and payments: no list and no search reads a large table from end to end.
What is *not* claimed: a total over all open cases (the figures at the top of a page)
has to read them all, and is not asked here.
"""

from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from .common import DunningCommon
from .large import PlansMixin, clone_cases
from .web_client import Client, actions_of

COUNT = 20_000
# filters that keep a good part of all cases: reading them in order is the right way,
# and their count stops at the web client's limit
BROAD = {"closed", "nobody"}
# models of which there is one for each case at least: none may be left out
LISTED = {
    "dunning.case",
    "dunning.action",
    "dunning.approval.request",
    "dunning.communication",
    "dunning.hold",
}


@tagged("post_install", "-at_install", "slow")
class TestLarge(PlansMixin, DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        bill = cls.overdue("FT/2027/77", amount=500.0)
        cls.run_on(7)
        cls.case = cls.case_of(bill)
        cls.pay(bill, 10.0)
        partial = bill.line_ids.matched_credit_ids
        hold = cls.env["dunning.hold"].suspend(
            "case", cls.case.ids, "promise", date_to=fields.Date.today() + timedelta(9)
        )
        request = cls.case.action_ids[:1]._ask_approval()
        cls.env.flush_all()
        cls.first = clone_cases(cls.case, partial, COUNT, 1, hold, request)
        cls.cases = cls.env["dunning.case"].with_user(cls.operator)

    def page(self, model, domain):
        """What the web client reads for the first page of a list."""
        client = Client.of_model(self.env(user=self.operator, su=False), model, domain)
        return client.page()

    def test_search_by_what_is_said_on_the_phone(self):
        """POD, tax code, VAT, bill number, phone, name, contract: each by an index."""
        customer = self.env["res.partner"].browse(
            self.env["dunning.case"].browse(self.first + 777).partner_id.id
        )
        customer.write(
            {"phone": "02 5551234", "l10n_it_codice_fiscale": "VRDLGU70A01F205R"}
        )
        self.env.flush_all()
        wanted = self.cases.browse(self.first + 777)
        point = wanted.contract_id.supply_point_id
        self.env.cr.execute(
            "UPDATE utility_supply_point SET code = 'IT001E77777777' WHERE id = %s",
            (point.id,),
        )
        self.env.invalidate_all()
        typed = {
            "search_point": "E7777777",
            "search_tax_code": "vrdlgu70a01",
            "search_bill": "ZB777",
            "search_phone": "025551234",
            "search_customer": "cliente z777",
            "display_name": "VRDLGU70A01F205R",
        }
        for name, text in typed.items():
            with self.subTest(name=name), self.queries() as queries:
                found = self.cases.search([(name, "ilike", text)], limit=80)
            self.assertIn(wanted, found, name)
            self.assert_no_scan(queries, name)

    def test_name_search_is_by_index_too(self):
        for text in ("L777", "Z19999", "ZB19999", "025551234", "cliente z1234"):
            with self.subTest(text=text), self.queries() as queries:
                self.cases.name_search(text, limit=8)
            self.assert_no_scan(queries, text)

    def test_short_text_and_wild_cards_are_harmless(self):
        for text in ("", "%", "_", "a", "';--", "\\", "%%%%", "  ", "🙂🙂🙂"):
            self.cases.name_search(text, limit=5)
            self.cases.search([("search_bill", "ilike", text)], limit=5)

    def test_first_page_of_every_list(self):
        """Each list of the menus as it opens: its filters, its order, its columns."""
        seen = {}
        for user in (self.operator, self._create_dunning_user("boss", "director")):
            env = self.env(user=user, su=False)
            for path, action in actions_of(env):
                client = Client(env, action)
                is_report = not env[action.res_model]._auto  # see the test below
                if action.id in seen or is_report or "list" not in client.kinds:
                    continue
                seen[action.id] = action.res_model
                with self.subTest(path=path):
                    with self.queries() as queries:
                        client.open("list")
                    if not client.groupby:
                        # a count may read all; it stops at the web client's limit
                        queries = [q for q in queries if "COUNT(*)" not in q[0]]
                    self.assert_no_scan(queries, f"{path} {action.res_model}")
        self.assertGreater(len(seen), 15)
        self.assertLessEqual(LISTED, set(seen.values()))

    def test_a_page_of_cases_is_read_together(self):
        """Each of the 80 cases has another step: they are not read one by one."""
        env = self.env(user=self.operator, su=False)
        client = Client(env, self.env.ref("creditbox_dunning.dunning_case_action"))
        for kind, bound in (("list", 40), ("kanban", 80)):
            env.invalidate_all()
            with self.subTest(kind=kind), self.queries() as queries:
                client.open(kind)
            self.assertLess(len(queries), bound, kind)

    def test_reports_read_their_period(self):
        """Three months out of three years: what was done and paid then, by index."""
        periods = {
            "dunning.recovery.report": [("date", ">=", "-30d")],
            # the actions of a period, and what followed
            "dunning.recovery.report ": [
                ("action_date", ">=", "-30d"),
                ("date", ">=", "-60d"),
            ],
            "dunning.group.report": [
                ("kind", "=", "recovered"),
                ("date", ">=", "-30d"),
            ],
        }
        self.operator.group_ids |= self.quick_ref(
            "creditbox_dunning.group_dunning_director"
        )
        tables = (
            "account_partial_reconcile",
            "account_move_line",
            "dunning_action",
            "dunning_communication",
        )
        for label, domain in periods.items():
            model = label.strip()
            with self.subTest(model=label):
                with self.queries() as queries:
                    self.page(model, domain)
                    self.env[model].with_user(self.operator)._read_group(
                        domain,
                        ["action_type_id" if "recov" in model else "node_id"],
                        ["recovered:sum", "cost:sum", "ratio:avg"]
                        if "recov" in model
                        else ["recovered:sum"],
                    )
                self.assert_no_scan(queries, label, tables)

    def test_every_filter_of_the_cases(self):
        """The page of each filter; of the narrow ones the count as well."""
        views = self.cases.get_views([(False, "search")])
        arch = etree.fromstring(views["views"]["search"]["arch"])
        filters = [node for node in arch.iter("filter") if node.get("domain")]
        self.assertGreater(len(filters), 15)
        narrow = 0
        for node in filters:
            domain = safe_eval(node.get("domain"), {"uid": self.operator.id})
            with self.subTest(name=node.get("name")):
                with self.queries() as queries:
                    result = self.page("dunning.case", domain)
                rows = [q for q in queries if "COUNT(*)" not in q[0]]
                if result["length"] < COUNT / 100:
                    narrow += 1
                    rows = queries
                if node.get("name") not in BROAD:
                    self.assert_no_scan(rows, node.get("name"))
        self.assertGreater(narrow, 3)

    def test_worklists(self):
        """Each list of the page Today: its count and its first page."""
        worklists = self.env["dunning.worklist"].with_user(self.operator)
        day = fields.Date.context_today(worklists)
        for values in worklists._lists(day):
            with self.subTest(name=values["key"]):
                with self.queries() as queries:
                    counted = worklists._counted(values)
                if counted["count"] < COUNT / 100:
                    self.assert_no_scan(queries, values["key"])

    def test_the_test_can_fail(self):
        """Without the index the same search reads the table, and is caught."""
        self.env.cr.execute("DROP INDEX res_partner_dunning_tax_code_idx")
        with self.queries() as queries:
            self.cases.search([("search_tax_code", "ilike", "VRDLGU70A01")])
        self.assertTrue(self.scanned(queries))

    def test_gate_39_lists_are_of_this_world(self):
        """The copies are cases like the others: one sentence, one date."""
        some = self.cases.search([("state", "!=", "closed")], limit=80)
        self.assertEqual(len(some), 80)
        for case in some:
            self.assertTrue(case.sentence)
            self.assertTrue(case.key_date)
