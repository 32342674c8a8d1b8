"""One bad record of many: blamed, undone, and found without trying each."""

import random

from psycopg2 import errors

from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from ..models.isolation import apart


@tagged("post_install", "-at_install")
class TestApart(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partners = cls.env["res.partner"].create(
            [{"name": f"P{number:02d}"} for number in range(16)]
        )

    def work_with(self, *bad):
        """Work that writes on all it gets and fails when one of ``bad`` is there."""
        self.attempts = []

        def work(some):
            self.attempts.append(len(some))
            some.write({"comment": "done"})
            if any(self.partners[index] in some for index in bad):
                raise ValueError("poisoned")
            return some

        return work

    def done(self):
        self.partners.invalidate_recordset()
        return [bool(partner.comment) for partner in self.partners]

    def test_all_are_good(self):
        answers = apart(self.partners, self.work_with(), self.fail)
        self.assertEqual(answers, [self.partners])
        self.assertEqual(self.attempts, [16])
        self.assertEqual(set(self.done()), {True})

    def test_nothing_to_do(self):
        self.assertEqual(apart(self.partners.browse(), self.fail, self.fail), [])

    def test_one_is_poisoned(self):
        blamed = []
        answers = apart(
            self.partners,
            self.work_with(5),
            lambda record, error: blamed.append((record, str(error))) or record,
        )
        self.assertEqual(blamed, [(self.partners[5], "poisoned")])
        self.assertEqual(self.done(), [number != 5 for number in range(16)])
        self.assertEqual(self.partners.union(*answers), self.partners)
        together = self.partners.browse().concat(*answers)
        self.assertEqual(together.ids, self.partners.ids, "in their order")
        # 16, then two halves at each of four levels
        self.assertEqual(len(self.attempts), 9)

    def test_any_of_them_may_be(self):
        """Whoever is poisoned: all others are done, each blamed once."""
        chance = random.Random(4)  # noqa: S311 repeatable, not secret
        for _round in range(15):
            self.partners.comment = False
            bad = set(chance.sample(range(16), chance.randint(1, 16)))
            blamed = []
            apart(
                self.partners,
                self.work_with(*bad),
                lambda record, _error, blamed=blamed: blamed.append(record.id),
            )
            self.assertEqual(blamed, [self.partners[i].id for i in sorted(bad)])
            self.assertEqual(self.done(), [i not in bad for i in range(16)])

    def test_what_failed_is_forgotten(self):
        """Neither written nor kept in the cache when the blame is told."""
        seen = []
        apart(
            self.partners[:1],
            self.work_with(0),
            lambda record, _error: seen.append(record.comment),
        )
        self.assertEqual(seen, [False])

    def test_the_database_refuses_one(self):
        """A constraint speaks inside the attempt, not at the commit."""
        blamed = []

        def work(some):
            for partner in some:
                key = "apart.same" if partner in self.partners[1:3] else partner.name
                self.env["ir.config_parameter"].create({"key": key, "value": "1"})

        with mute_logger("odoo.sql_db"):
            apart(self.partners, work, lambda record, error: blamed.append(record))
        self.assertEqual(blamed, [self.partners[2]], "the first took the key")

    def _losing(self, lost, attempts):
        def work(some):
            attempts.append(some)
            raise lost()

        return work

    def test_the_transaction_itself_is_lost(self):
        """Nothing is blamed and nothing else tried: only another attempt helps."""
        for lost in (errors.SerializationFailure, errors.DeadlockDetected):
            attempts = []
            work = self._losing(lost, attempts)
            with self.assertRaises(lost):
                apart(self.partners, work, self.fail)
            self.assertEqual(attempts, [self.partners])
