"""Values written together: only what differs, in one statement, as `write` does."""

from odoo.tests import TransactionCase, tagged

from ..models.bulk import update_changed, update_links


@tagged("post_install", "-at_install")
class TestChanged(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.italy, cls.france = cls.env.ref("base.it"), cls.env.ref("base.fr")
        cls.partners = cls.env["res.partner"].create(
            [
                {"name": f"P{number}", "country_id": cls.italy.id, "ref": "same"}
                for number in range(5)
            ]
        )
        cls.env.flush_all()

    def test_what_differs(self):
        first, second, third, *_rest = self.partners
        changed = update_changed(
            self.partners,
            {
                first: {"ref": "same", "country_id": self.italy.id, "comment": False},
                second: {"ref": "other", "country_id": self.italy.id},
                third: {"ref": False, "country_id": self.france.id},
            },
        )
        self.assertEqual(changed, second | third)
        self.partners.invalidate_recordset()
        self.assertEqual(
            [(p.ref, p.country_id) for p in (first, second, third)],
            [("same", self.italy), ("other", self.italy), (False, self.france)],
        )

    def test_what_depends_on_it_follows(self):
        """As after `write`: stored computed fields, and one statement for all."""
        rows = {p: {"name": f"Nuovo {p.id}"} for p in self.partners}
        update_changed(self.partners, rows)
        for partner in self.partners:
            self.assertEqual(partner.complete_name, f"Nuovo {partner.id}")
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT name, complete_name, write_uid FROM res_partner WHERE id = ANY(%s)"
            " ORDER BY id",
            [self.partners.ids],
        )
        expected = [(p.name, p.name, self.env.uid) for p in self.partners]
        self.assertEqual(self.env.cr.fetchall(), expected)

    def test_several_steps_are_one_statement(self):
        for text in ("a", "b", "c"):
            update_changed(self.partners, {p: {"ref": text} for p in self.partners})
        # written uid and date with it: one UPDATE for all five
        with self.assertQueryCount(1):
            self.partners.flush_recordset(["ref"])

    def test_nothing_differs(self):
        rows = {p: {"ref": "same"} for p in self.partners}
        self.assertFalse(update_changed(self.partners, rows))
        self.assertFalse(update_changed(self.partners, {}))
        with self.assertQueryCount(0):
            self.env.flush_all()

    def test_the_same_value_for_many(self):
        """Those that get one value get it together, the others theirs."""
        first, second, *others = self.partners
        rows = {p: {"ref": "all", "partner_latitude": 1.5} for p in others}
        rows |= {first: {"ref": "one", "partner_latitude": 0.0}}
        rows |= {second.sudo(): {"ref": "all", "partner_latitude": 2.5}}
        update_changed(self.partners, rows)
        self.env.flush_all()
        self.partners.invalidate_recordset()
        self.assertEqual(self.partners.mapped("ref"), ["one"] + ["all"] * 4)
        self.assertEqual(
            self.partners.mapped("partner_latitude"), [0.0, 2.5, 1.5, 1.5, 1.5]
        )

    def test_links(self):
        """Those wanted and no others, on both sides; nothing when nothing differs."""
        tags = self.env["res.partner.category"].create(
            [{"name": name} for name in ("a", "b", "c")]
        )
        a, b, c = tags
        first, second, third, fourth, _fifth = self.partners
        first.category_id, second.category_id = a | b, c
        third.category_id = fourth.category_id = b
        self.env.flush_all()
        self.assertEqual(tags.mapped("partner_ids"), self.partners[:4])
        wanted = {first: [b.id, c.id], second: [], third: [b.id]}
        update_links(self.partners, "category_id", wanted)
        for _turn in range(2):
            self.assertEqual(first.category_id, b | c)
            self.assertFalse(second.category_id)
            self.assertEqual(third.category_id, b)
            self.assertEqual(fourth.category_id, b)
            self.assertFalse(a.partner_ids)
            self.assertEqual(c.partner_ids, first)
            self.env.invalidate_all()
        self.partners.mapped("category_id")
        with self.assertQueryCount(0):
            update_links(self.partners, "category_id", wanted)
        update_links(self.partners, "category_id", {})
