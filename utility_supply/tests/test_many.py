"""What waits for many records is one statement, and the same as the ORM's own."""

from unittest.mock import patch

from odoo.tests import TransactionCase, tagged

from ..models import bulk

COLUMNS = (
    "ref, color, active, country_id, type, comment, partner_latitude, tz, write_uid"
)


@tagged("post_install", "-at_install")
class TestMany(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.italy = cls.env.ref("base.it")
        cls.partners = cls.env["res.partner"].create(
            [{"name": f"P{number}", "ref": "old"} for number in range(60)]
        )
        cls.env.flush_all()

    def _values(self, number):
        """Values of several types, empty ones too; every third has a column less."""
        values = {
            "ref": f"a'b\\c;{{{number}}}" if number % 2 else None,
            "color": number,
            "active": bool(number % 2),
            "country_id": self.italy.id if number % 2 else None,
            "type": "invoice" if number % 2 else "contact",
            "comment": "<p>più</p>" if number % 2 else None,
            "partner_latitude": 45.1234567,
        }
        if number % 3 == 0:
            del values["color"]
        return values

    def _columns(self, partners):
        self.env.cr.execute(
            f"SELECT {COLUMNS} FROM res_partner WHERE id = ANY(%s)"  # noqa: S608
            " ORDER BY id",
            [partners.ids],
        )
        return self.env.cr.fetchall()

    def test_as_the_orm_writes(self):
        mine, theirs = self.partners[:30], self.partners[30:]
        values = [self._values(number) for number in range(30)]
        with self.assertQueryCount(2):  # two sets of columns
            self.assertTrue(bulk.write_many(mine, values))
        with patch.object(bulk, "MANY", 10000):
            self.assertFalse(bulk.write_many(theirs, values))
        theirs._write_multi(values)
        self.assertEqual(
            [row[:1] + row[2:] for row in self._columns(mine)],
            [row[:1] + row[2:] for row in self._columns(theirs)],
        )
        colors = [row[1] for row in self._columns(mine)]
        self.assertEqual(colors, [n if n % 3 else 0 for n in range(30)])

    def test_few_or_translated_are_the_orms(self):
        few = self.partners[:3]
        self.assertFalse(bulk.write_many(few, [{"color": 1}] * 3))
        states = self.env["res.country"].search([], limit=40)
        self.assertFalse(bulk.write_many(states, [{"name": {"en_US": "X"}}] * 40))
