"""The number of statements of a run depends on the chunks, not on the cases."""

from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.creditbox_dunning.models import dunning_run_work
from odoo.addons.creditbox_dunning.models.dunning_action import OPEN_STATES

from .common import DUE, DunningCommon
from .many import clone_bills


@tagged("post_install", "-at_install", "slow")
class TestRunScale(DunningCommon):
    """Cases by the thousand, on nights on which most of them wait, are closed, get a
    step for a person. Messages are left out: rendering each is the work itself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.email = False
        # the rows of a published table are nobody's to change but a test's
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE dunning_action_rule SET channel = 'task'"
            " WHERE table_id = %s AND op IN ('remind', 'notice')",
            [cls.table.id],
        )
        cls.env.invalidate_all()
        cls.first = cls.overdue("S0")

    def _statements_per_chunk(self, day):
        """[statements of each chunk] of the run of ``day``."""
        counts = []
        cases = type(self.env["dunning.case"])
        original = cases._run_chunk

        def counted(records, run, today):
            before = self.env.cr.sql_log_count
            result = original(records, run, today)
            self.env.flush_all()
            # what the chatter tells of them is written before the commit
            self.env.cr.precommit.run()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
            return result

        with patch.object(cases, "_run_chunk", counted):
            run = self.run_on(day)
        self.assertFalse(run.count_errors, run.error_ids.mapped("message"))
        return run, counts

    def test_statements_per_chunk_are_constant(self):
        """10, 1,000 and 10,000 cases: each chunk costs the same few statements."""
        told = {}
        for night, size in enumerate((9, 990, 9000)):
            clone_bills(self.first, size, prefix=f"N{night}")
            run, acting = self._statements_per_chunk(4 + 2 * night)
            self.assertGreaterEqual(run.count_actions, size)
            run, waiting = self._statements_per_chunk(5 + 2 * night)
            self.assertEqual(run.count_actions, 0)
            told[run.count_cases] = (max(acting), max(waiting))
        self.assertEqual(sorted(told), [10, 1000, 10000])
        few, thousand, many = (told[size] for size in sorted(told))
        # reading by prefetch goes a thousand rows at a time: one more at most
        for small, large in ((few, thousand), (thousand, many)):
            self.assertLessEqual(large[0], small[0] + 6, told)
            self.assertLessEqual(large[1], small[1] + 6, told)

    def test_batches_tell_each_chunk(self):
        """Gate 49: counts, errors and duration of each batch, and their sum."""
        clone_bills(self.first, 25, prefix="G")
        with patch.object(dunning_run_work, "CHUNK", 10):
            run = self.run_on(4)
        chunks = run.batch_ids.filtered("last_case")
        self.assertEqual([b.count_cases for b in chunks], [10, 10, 6])
        for name in ("cases", "actions", "waiting", "opened", "errors"):
            total = sum(run.batch_ids.mapped(f"count_{name}"))
            self.assertEqual(total, run[f"count_{name}"], name)
        self.assertTrue(all(batch.seconds > 0 for batch in run.batch_ids))
        self.assertEqual((run.count_total, run.progress), (26, 100))
        self.assertTrue(run.finished_at)
        last = DUE + timedelta(days=4)
        self.assertEqual(run.date, last)

    def _settle(self, cases):
        """The receivables of ``cases`` are paid: as the matching of payments leaves
        them, by one statement."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move_line SET amount_residual = 0,"
            " amount_residual_currency = 0, reconciled = TRUE"
            " WHERE dunning_case_id = ANY(%s)",
            [cases.ids],
        )
        self.env.invalidate_all()

    def test_closing_is_constant(self):
        """Gate 14: some hundred cases closed in one run, by the statements of ten.

        But for the notes in the chatter, of which the ORM writes a hundred a time.
        """
        told = {}
        for night, size in enumerate((9, 600)):
            clone_bills(self.first, size, prefix=f"C{night}")
            opened, _acting = self._statements_per_chunk(4 + 3 * night)
            # not the one that the next ones are copies of
            cases = opened.action_ids.case_id - self.case_of(self.first)
            self.assertEqual(len(cases), size)
            waiting = cases.action_ids.filtered(lambda a: a.state in OPEN_STATES)
            self.assertEqual(len(waiting), size)
            self._settle(cases)
            run, closing = self._statements_per_chunk(5 + 3 * night)
            self.assertEqual(run.count_closed, size)
            self.assertEqual(set(cases.mapped("state")), {"closed"})
            self.assertEqual(set(cases.mapped("closed_on")), {run.date})
            self.assertEqual(set(cases.mapped("close_reason")), {"paid"})
            self.assertEqual(set(cases.mapped("next_kind")), {False})
            self.assertEqual(set(waiting.mapped("state")), {"superseded"})
            self.assertEqual(
                [m.preview for m in cases.message_ids if "Closed" in m.preview],
                ["Closed: Paid"] * size,
            )
            told[size] = max(closing)
        few, many = told.values()
        self.assertLessEqual(many, few + 6 + 600 // 100, told)
