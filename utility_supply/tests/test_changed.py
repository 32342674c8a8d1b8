"""Values written together: only what differs, in one statement, as `write` does."""

from datetime import date, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from ..models.bulk import (
    _array,
    _rows,
    flush_changed,
    plain_values,
    update_changed,
    update_links,
    update_rows,
)

# what PostgreSQL holds: any text without NUL and halves of surrogates
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
NASTY = ["", "NULL", "null", "{}", "a,b", '"', "\\", '{"x"}', "%s", "'", "è\n", " a "]


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

    def test_who_did_not_change_it_is_not_reckoned_again(self):
        """Of a field that one record changes, what depends on it is of that one."""
        named, placed, *_rest = self.partners
        update_changed(
            self.partners,
            {named: {"name": "Nuovo"}, placed: {"country_id": self.france.id}},
        )
        waiting = self.env.records_to_compute(named._fields["complete_name"])
        self.assertEqual(waiting & self.partners, named)
        self.assertEqual(named.complete_name, "Nuovo")

    def test_values_as_they_are_kept(self):
        """Rows by their names; a many2one is an id, what is empty is None."""
        first, second, *_rest = self.partners
        second.write({"ref": False, "country_id": False})
        rows = plain_values(first | second, ("ref", "country_id", "active"))
        self.assertEqual(rows[first.id], ("same", self.italy.id, True))
        self.assertEqual(rows[first.id].country_id, self.italy.id)
        self.assertEqual(rows[second.id], (None, None, True))
        self.assertEqual(plain_values(first.browse(), ("ref",)), {})

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

    def test_flush_is_one_statement_a_set_of_columns(self):
        """What ``flush_model`` writes, with who and when; then nothing waits."""
        first, *others = self.partners
        update_changed(
            self.partners,
            {p: {"ref": f"r{p.id}", "color": p.id} for p in others},
        )
        before = self.env.cr.sql_log_count
        flush_changed(self.partners)
        self.env.flush_all()
        self.assertEqual(self.env.cr.sql_log_count - before, 1)
        admin = self.env.ref("base.user_admin")
        first.with_user(admin).ref = False
        flush_changed(self.partners)
        self.env.cr.execute(
            "SELECT ref, color, write_uid FROM res_partner WHERE id = ANY(%s)"
            " ORDER BY id",
            [self.partners.ids],
        )
        expected = [(f"r{p.id}", p.id, self.env.uid) for p in others]
        told = [(None, 0, admin.id), *expected]
        self.assertEqual(self.env.cr.fetchall(), told)

    def test_flush_of_what_has_many_texts(self):
        """A translated field is left to Odoo, and so is what goes with it."""
        country = self.italy
        country.name, country.code = "Italien", "ZQ"
        flush_changed(country)
        self.env.cr.execute(
            "SELECT name->>'en_US', code FROM res_country WHERE id = %s", [country.id]
        )
        self.assertEqual(self.env.cr.fetchone(), ("Italien", "ZQ"))

    def test_lists_follow_a_new_parent(self):
        """The lists of both parents that were read before, without a flush of ours."""
        old, new, *children = self.partners
        children[0].parent_id = children[1].parent_id = old
        self.assertEqual(len(old.child_ids), 2)
        self.assertFalse(new.child_ids)
        update_changed(self.partners, {children[0]: {"parent_id": new.id}})
        self.assertEqual(new.child_ids, children[0])
        self.assertEqual(old.child_ids, children[1])

    def test_texts_arrive_as_they_are(self):
        partners = self.partners.create([{"name": text or "-"} for text in NASTY])
        rows = zip(partners.ids, self._nasty_rows("update"), strict=True)
        update_rows(partners, dict(rows))
        self._check_nasty(partners, "update")

    def _nasty_rows(self, mark):
        return [
            {
                "name": f"{mark}{text}",
                "ref": text,
                "active": len(text) % 2 == 0,
                "color": len(text),
                "partner_latitude": len(text) / 3,
                "country_id": self.italy.id if text else False,
                "email_normalized": text or False,
            }
            for text in NASTY
        ]

    def _check_nasty(self, partners, mark):
        partners.invalidate_recordset()
        self.env.cr.execute(
            "SELECT name, ref, active, color, country_id, email_normalized"
            " FROM res_partner WHERE id = ANY(%s) ORDER BY id",
            [partners.ids],
        )
        found = self.env.cr.fetchall()
        for text, row in zip(NASTY, found, strict=True):
            with self.subTest(text=text):
                self.assertEqual(
                    row,
                    (
                        f"{mark}{text}",
                        text,
                        len(text) % 2 == 0,
                        len(text),
                        self.italy.id if text else None,
                        text or None,
                    ),
                )

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.one_of(st.none(), TEXTS), min_size=1, max_size=6))
    def test_any_text_in_an_array(self, texts):
        field = self.env["res.partner"]._fields["ref"]
        self.env.cr.execute("SELECT %s::varchar[]", [_array(field, texts)])
        self.assertEqual(self.env.cr.fetchone()[0], texts)

    def test_numbers(self):
        """As `write` takes them: a float for an integer, False for none."""
        first, second, third, *_rest = self.partners
        told = {first.id: 3.0, second.id: False, third.id: True}
        update_rows(self.partners, {id_: {"color": v} for id_, v in told.items()})
        self.assertEqual(self.partners[:3].mapped("color"), [3, 0, 1])
        told = {first.id: 1, second.id: False, third.id: Decimal("2.50")}
        update_rows(
            self.partners, {id_: {"partner_latitude": v} for id_, v in told.items()}
        )
        latitudes = self.partners[:3].mapped("partner_latitude")
        self.assertEqual(latitudes, [1.0, 0.0, 2.5])

    def test_days_and_documents(self):
        """Dates, moments and documents; an empty document is no document."""
        model = self.env["utility.import.row"]
        told = [{"a": ['"', "\\", "è"]}, {}, False, [1, None]]
        moment = datetime(2026, 11, 29, 1, 2, 3)
        rows = [{"raw": value, "closed_on": moment} for value in told]
        query = SQL(
            "SELECT NULLIF(t.raw, 'null'), t.moment, t.place FROM %s"
            " WITH ORDINALITY AS t(raw, moment, place)",
            _rows(model, ["raw", "closed_on"], rows),
        )
        found = self.env.execute_query(query)
        self.assertEqual([row[0] for row in found], [told[0], None, None, told[3]])
        self.assertEqual({row[1] for row in found}, {moment})
        lines = _rows(
            self.env["utility.contract"],
            ["date_start"],
            [{"date_start": date(2026, 1, 2)}],
        )
        self.assertEqual(
            self.env.execute_query(SQL("SELECT * FROM %s AS t(d)", lines)),
            [(date(2026, 1, 2),)],
        )
