"""Layouts of the files that go out, and providers that a group shares (E05, gate 1)."""

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .test_technical_order import WorkCommon


@tagged("post_install", "-at_install")
class TestWorkLayout(WorkCommon):
    def setUp(self):
        super().setUp()
        shipped = self.env.ref("creditbox_dunning.file_layout_technical")
        self.layout = shipped.copy({"name": "Del distributore"})

    def column(self, source):
        return self.layout.column_ids.filtered(lambda c: c.source == source)

    def test_what_answers_need_cannot_be_left_out(self):
        for source in ("ref", "movement"):
            with self.assertRaises(ValidationError):
                self.layout.column_ids = [(2, self.column(source).id)]

    def test_only_what_the_file_knows(self):
        with self.assertRaises(ValidationError):
            self.layout.column_ids = [
                (0, 0, {"heading": "Mandato", "source": "mandate_to"})
            ]
        with self.assertRaises(ValidationError):
            self.layout.column_ids = [(0, 0, {"heading": "Ordine", "source": "note"})]
        with self.assertRaises(ValidationError):
            self.layout.column_ids = [(0, 0, {"heading": "X", "source": "constant"})]

    def test_xml_needs_names(self):
        with self.assertRaises(ValidationError):
            self.layout.file_format = "xml"

    def test_the_providers_own_columns(self):
        self.layout.column_ids = [
            (5,),
            (0, 0, {"heading": "Numero", "source": "ref"}),
            (0, 0, {"heading": "Tipo", "source": "movement"}),
            (0, 0, {"heading": "Venditore", "source": "constant", "constant": "AB1"}),
        ]
        self.layout.write({"file_format": "xml", "xml_root": "Ordini/Lista"})
        self.office.file_layout_id = self.layout
        self.to_reduce()
        file = self.send(70)
        text = file.attachment_id.raw.decode("utf-8-sig")
        self.assertIn("<Venditore>AB1</Venditore>", text)
        self.assertIn(f"<Numero>{self.order('reduce').name}</Numero>", text)

    def test_a_value_too_long_keeps_its_row_back(self):
        self.column("customer").max_length = 3
        self.office.file_layout_id = self.layout
        self.to_reduce()
        self.assertFalse(self.send(70))
        order = self.order("reduce")
        self.assertEqual(order.state, "to_send")
        self.assertIn("Cliente", order.problem)
        self.column("customer").max_length = 0
        self.assertTrue(self.send(70))
        self.assertFalse(order.problem)

    def test_a_provider_of_the_group_and_companies_apart(self):
        other = self.setup_other_company(name="Capogruppo S.p.A.")["company"]
        group = self.env["utility.group"].create(
            {
                "name": "Gruppo",
                "head_company_id": other.id,
                "member_ids": [(6, 0, (other | self.company).ids)],
            }
        )
        self.office.active = False
        shared = self.env["dunning.service.provider"].create(
            {
                "name": "Condiviso",
                "kind": "technical",
                "company_id": other.id,
                "group_id": group.id,
            }
        )
        self.to_reduce()
        file = self.send(70)
        self.assertEqual((file.provider_id, file.company_id), (shared, self.company))
        order = self.order("reduce")
        orders = self.env["dunning.technical.order"]
        self.assertEqual(orders._with_ref([order.name], other), {})
        stranger = self._create_dunning_user("straniero", "manager")
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        for record in (order, file, order.event_ids[:1]):
            self.assertFalse(
                record.with_user(stranger).search([("id", "=", record.id)]),
                record._name,
            )
