"""The screens: what is searched is found, and every view opens for who works there."""

from lxml import etree

from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from .common import DunningCommon

ACTIONS = (
    "dunning_case_action",
    "dunning_case_action_person",
    "dunning_action_action",
    "dunning_action_action_by_hand",
    "dunning_communication_action",
    "dunning_run_action",
    "dunning_action_table_action",
    "dunning_action_rule_action",
    "dunning_action_type_action",
)


@tagged("post_install", "-at_install")
class TestViews(DunningCommon):
    def _domains(self):
        """{label: what the search field looks for, given the text typed}"""
        view = self.env.ref("creditbox_dunning.dunning_case_view_search")
        return {
            node.get("string"): node.get("filter_domain")
            for node in etree.fromstring(view.arch).iter("field")
        }

    def test_search_by_what_the_customer_says_on_the_phone(self):
        self.customer.write({"phone": "02 5551234", "dunning_mobile": "+39 333 999"})
        bill = self.overdue("FT/2027/77")
        self.overdue("B2", self._create_contract("C2", self._create_customer("X2")))
        self.run_on(1)
        case = self.case_of(bill)
        self.env["res.partner"].browse(
            self.customer.id
        ).l10n_it_codice_fiscale = "VRDLGU70A01F205R"
        typed = {
            "Anything: name, code, POD, bill, phone": (
                case.name,
                "CT001",
                "Cliente C001",
                self.contract.supply_point_id.code,
                "VRDLGU70A01F205R",
                "FT/2027/77",
                "333 999",
            ),
            "Customer's name": ("cliente c001",),
            "POD, PDR or point": (self.contract.supply_point_id.code,),
            "Tax code or VAT": ("VRDLGU70A01F205R",),
            "Bill number": ("FT/2027/77",),
            "Phone": ("5551234", "333 999"),
        }
        self.assertEqual(set(typed), set(self._domains()))
        cases = self.env["dunning.case"].with_user(self.operator)
        for label, domain in self._domains().items():
            for text in typed[label]:
                found = cases.search(safe_eval(domain, {"self": text}))
                self.assertEqual(found, case, f"{label}: {text}")

    def test_every_filter_is_a_domain(self):
        for model in ("dunning.case", "dunning.action", "dunning.communication"):
            views = (
                self.env[model].with_user(self.operator).get_views([(False, "search")])
            )
            arch = etree.fromstring(views["views"]["search"]["arch"])
            for node in arch.iter("filter"):
                if node.get("domain"):
                    domain = safe_eval(node.get("domain"), {"uid": self.operator.id})
                    self.env[model].with_user(self.operator).search(domain, limit=1)

    def test_every_view_opens(self):
        for name in ACTIONS:
            user = (
                self.dunning_admin
                if "type" in name or "rule" in name
                else self.operator
            )
            action = self.env.ref(f"creditbox_dunning.{name}")
            kinds = [(False, kind) for kind in action.view_mode.split(",")]
            views = self.env[action.res_model].with_user(user).get_views(kinds)
            self.assertEqual(len(views["views"]), len(kinds), name)

    def test_menu_is_for_the_people_of_creditbox(self):
        root = self.env.ref("creditbox_dunning.menu_root")
        menus = self.env["ir.ui.menu"]
        self.assertIn(root.id, menus.with_user(self.operator)._visible_menu_ids())
        self.assertNotIn(
            root.id, menus.with_user(self.utility_user)._visible_menu_ids()
        )
        self.assertTrue(root.web_icon_data)

    def test_a_button_calls_a_method_of_records(self):
        """The client sends the ids with each button, ticked or not: a method of the
        model alone (api.model) would refuse them."""
        views = self.env["ir.ui.view"].search([("type", "in", ("form", "list"))])
        wrong = []
        for view in views.filtered(lambda v: (v.xml_id or "").startswith("creditbox_")):
            for node in etree.fromstring(view.arch).iter("button"):
                if node.get("type") == "object" and node.get("name"):
                    method = getattr(type(self.env[view.model]), node.get("name"), None)
                    if getattr(method, "_api_model", False):
                        wrong.append((view.xml_id, node.get("name")))
        self.assertEqual(wrong, [])
