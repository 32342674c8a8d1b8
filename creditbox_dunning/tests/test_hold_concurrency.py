"""Two users at once: the database has the last word."""

import threading

from psycopg2 import errors

from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import mute_logger

from .hold_common import HoldCommon


@tagged("post_install", "-at_install")
class TestHoldConcurrency(HoldCommon):
    """On a copy of the table with its constraints: transactions here are real ones."""

    def _cursor(self):
        return db_connect(self.env.cr.dbname).cursor()

    def test_two_transactions_make_one_suspension(self):
        """Neither sees the other's row: the second waits, then is refused."""
        with self._cursor() as cr:
            cr.execute("CREATE TABLE hold_race (LIKE dunning_hold INCLUDING ALL)")
            cr.execute(
                "SELECT count(*) FROM pg_constraint"
                " WHERE conrelid = 'hold_race'::regclass AND contype = 'x'"
            )
            self.addCleanup(self._drop)
            self.assertEqual(cr.fetchone(), (4,), "one exclusion for each scope")
        outcome, started = {}, threading.Event()

        def second():
            with self._cursor() as cr, mute_logger("odoo.sql_db"):
                started.set()
                try:
                    self._insert(cr)
                    outcome["second"] = "made"
                except errors.ExclusionViolation:
                    outcome["second"] = "refused"
                    cr.rollback()

        with self._cursor() as first:
            self._insert(first)
            thread = threading.Thread(target=second)
            thread.start()
            started.wait(10)
            thread.join(0.5)
            self.assertTrue(thread.is_alive(), "the second did not wait for the first")
            first.commit()
        thread.join(20)
        self.assertEqual(outcome, {"second": "refused"})

    def _insert(self, cr):
        cr.execute(
            """
            INSERT INTO hold_race (id, company_id, case_id, reason_id, customer_id,
                scope, stops, clock, end_rule, date_from, date_to, resume_date)
            VALUES (nextval('dunning_hold_id_seq'), 1, 7, 3, 1, 'case', 'all', 'run',
                'date', '2027-01-01', '2027-01-10', '2027-01-11')
            """
        )

    def _drop(self):
        with self._cursor() as cr:
            cr.execute("DROP TABLE hold_race")
