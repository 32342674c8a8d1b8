"""How a batch is worked: read all, then apply in chunks that survive a kill.

Phases. *scan* reads the whole file once and writes nothing: it counts, sums, finds
double keys, and refuses the file when it cannot be used or a control total differs.
*apply* reads again from ``next_row`` on; each chunk is one savepoint, its outcome, the
rows set aside and the new ``next_row`` are written in the same transaction, so that
after a kill the next run goes on exactly where the last commit was. *finish* tries once
more the rows that waited for later rows of the same file.
"""

import logging
import time

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..formats import cells as cell_format
from ..formats.issues import FileRefused
from .import_batch import BUSY_STATES
from .import_message import issue, located
from .import_reading import BatchReader

_logger = logging.getLogger(__name__)

CHUNK = 500
# times that the scheduled action begins again when another process was faster
ATTEMPTS = 5
# a row in error of these kinds is tried again at the end of its file
DEFERRED_CODES = {"deferred", "unknown_bill", "unknown_payment"}


class UtilityImportBatch(models.Model):
    _inherit = "utility.import.batch"

    # -- driving -------------------------------------------------------------------

    @api.model
    def _cron_process(self):
        """Work all batches that wait, a commit per chunk, until the time is up."""
        for _attempt in range(ATTEMPTS):
            try:
                while batch := self._next_batch():
                    if batch._process(commit=True) <= 0:
                        break
                return
            except psycopg2.errors.SerializationFailure:
                # another process was faster: look again at what is left
                self.env.cr.rollback()
                self.env.invalidate_all(flush=False)

    @api.model
    def _next_batch(self):
        """The next batch to work on, locked; empty when there is none.

        All sheets of a workbook are scanned before the first one is applied: a control
        total that differs stops the whole workbook.
        """
        waiting = self.sudo().search([("state", "in", BUSY_STATES)])
        blocked = set()
        for batch in waiting.sorted(lambda b: (b.file_id.id, b._dataset_rank())):
            if batch.phase == "scan":
                if batch.try_lock_for_update(allow_referencing=True):
                    return batch
                blocked.add(batch.file_id)
        for batch in waiting.sorted(lambda b: (b.file_id.id, b._dataset_rank())):
            if batch.file_id in blocked:
                continue
            if batch.try_lock_for_update(allow_referencing=True):
                return batch
            blocked.add(batch.file_id)
        return self.browse()

    @api.model
    def _work_all_waiting(self):
        """Work all batches that wait to their end, in this transaction."""
        while batch := self._next_batch():
            batch._process()

    def _work(self, seconds=None, commit=False):
        """Work these batches for about ``seconds`` (None: to the end); the scheduled
        action does the rest."""
        end = time.monotonic() + seconds if seconds is not None else float("inf")
        batches = self.sudo().sorted(lambda b: (b.file_id.id, b._dataset_rank()))
        for phase_only in (True, False):
            for batch in batches:
                if time.monotonic() >= end:
                    break
                if batch.state in BUSY_STATES and batch.try_lock_for_update(
                    allow_referencing=True
                ):
                    batch._process(commit=commit, end=end, scan_only=phase_only)
        if batches.filtered(lambda b: b.state in BUSY_STATES):
            self._trigger_work()

    @api.model
    def _trigger_work(self):
        """Wake the scheduled action that works the batches."""
        self.env.ref("utility_supply.ir_cron_import_process").sudo()._trigger()

    def _process(self, commit=False, end=float("inf"), scan_only=False):
        """Work this (locked) batch. :return: seconds left of the scheduled action."""
        self.ensure_one()
        batch = self.sudo().with_company(self.company_id)._guarded()
        batch = batch.with_context(**batch._quiet_context())
        left = float("inf")
        try:
            if batch.phase == "scan":
                batch._do_scan()
                left = batch._commit(commit, 1)
                # the commit gave the lock back: another process may be at it by now
                if commit and not batch._still_mine(batch.next_row):
                    return left
            if not scan_only and batch.state == "running" and left > 0:
                left = batch._do_apply(commit, end)
        except FileRefused as refusal:
            batch._refuse(refusal.issues)
            left = batch._commit(commit, 1)
        except psycopg2.OperationalError:
            raise  # lost connection or concurrent update: the next run goes on
        except Exception as error:
            if not commit:
                raise  # a button: its user sees what happened, nothing is kept
            self.env.cr.rollback()
            _logger.exception("%s cannot be worked", self.name)
            batch._give_up(error)
            left = batch._commit(commit, 1)
        return left

    def _give_up(self, error):
        """Stop a batch that fails as a whole, so that it never blocks the others."""
        found = issue("unexpected_file", text=str(error)[:200])
        if self.next_row:
            sentence = self.env["utility.import.message"]._sentence(found)
            self.write({"state": "partial", "message": sentence})
        else:
            self._refuse([found])

    def _quiet_context(self):
        """Nothing is mailed, tracked or followed because a file was read."""
        return {
            "tracking_disable": True,
            "mail_create_nolog": True,
            "mail_create_nosubscribe": True,
            "mail_notrack": True,
            "no_vat_validation": True,
            "lang": "it_IT" if self._has_italian() else self.env.lang,
        }

    def _has_italian(self):
        return any(code == "it_IT" for code, _n in self.env["res.lang"].get_installed())

    def _commit(self, commit, processed):
        if not commit:
            return float("inf")
        remaining = self._rows_left()
        return self.env["ir.cron"]._commit_progress(processed, remaining=remaining)

    @api.model
    def _rows_left(self):
        """Rows that wait in all batches; at least one a batch not scanned yet."""
        waiting = self.sudo().search([("state", "in", BUSY_STATES)])
        return sum(max(b.count_total - b.next_row, 1) for b in waiting)

    # -- scan ----------------------------------------------------------------------

    def _do_scan(self):
        """Read the whole file; refuse it, end the dry check, or go on to apply."""
        checking = self.state == "checking"
        reader = BatchReader(self)
        scan = reader.scan()
        self.write(
            {
                "count_total": scan.count,
                "count_skipped": scan.skipped,
                "sum_amount": float(scan.amount),
                "scan_data": scan.to_json(),
            }
        )
        if not scan.count:
            raise FileRefused(located(issue("no_rows"), reader.sheet, 0))
        self._check_controls(scan, reader.sheet)
        if checking:
            self._do_check(reader)
        else:
            self.write({"phase": "apply", "next_row": 0})

    def _check_controls(self, scan, sheet):
        """Raise FileRefused when a declared total is not what the file says."""
        found = []
        if self.control_count and self.control_count != scan.count:
            found.append(
                issue("control_count", value=scan.count, expected=self.control_count)
            )
        if self.has_control_amount or scan.has_totals:
            told = self.control_amount if self.has_control_amount else scan.totals
            expected = f"{told:.2f}"
            if scan.unreadable:
                found.append(
                    issue(
                        "control_unreadable", value=scan.unreadable, expected=expected
                    )
                )
            elif f"{scan.amount:.2f}" != expected:
                found.append(
                    issue(
                        "control_amount", value=f"{scan.amount:.2f}", expected=expected
                    )
                )
        if found:
            raise FileRefused(*(located(one, sheet, 0) for one in found))

    def _refuse(self, issues):
        """Nothing of this file is used; siblings not begun wait for a person."""
        sentence = self.env["utility.import.message"]._sentence
        self.write(
            {
                "state": "refused",
                "refusal_code": issues[0].code if issues else False,
                "message": "\n".join(sentence(one) for one in issues),
                "date_end": fields.Datetime.now(),
            }
        )
        siblings = self.file_id.batch_ids.filtered(
            lambda b: b.state == "running" and not b.next_row
        )
        siblings._guarded().write(
            {"state": "ready", "message": sentence(issue("sibling_refused"))}
        )

    # -- dry check -----------------------------------------------------------------

    def _do_check(self, reader):
        """List every error of the file. Writes the report and nothing else."""
        loader = self._loader()
        known = reader.known_keys()
        failed, counts = [], {}
        for good, bad in reader.checkable_chunks(CHUNK):
            outcomes = loader._check(self, [(r.number, rec) for r, rec in good], known)
            rows = {raw.number: raw for raw, _record in good}
            for number, outcome in outcomes:
                if isinstance(outcome, str):
                    counts[outcome] = counts.get(outcome, 0) + 1
                else:
                    bad.append((rows[number], outcome))
            failed += [self._report_line(reader, raw, found) for raw, found in bad]
        failed.sort(key=lambda line: line[0])
        self.write(
            {
                "state": "ready",
                "date_end": fields.Datetime.now(),
                "count_failed": len(failed),
                "message": self._check_message(counts, failed),
                "report_attachment_id": self._report(reader, failed),
            }
        )

    def _report_line(self, reader, raw, found):
        return raw.number, cell_format.to_json(raw), reader.reason(raw, found)

    def _check_message(self, counts, failed):
        lines = [
            self.env._(
                "%(new)s new, %(changed)s to update, %(same)s unchanged, %(bad)s in"
                " error.",
                new=counts.get("created", 0),
                changed=counts.get("updated", 0),
                same=counts.get("unchanged", 0),
                bad=len(failed),
            )
        ]
        lines += [reason for _number, _cells, reason in failed[:50]]
        if len(failed) > 50:
            lines.append(self.env._("... all of them are in the report."))
        return "\n".join(lines)

    def _report(self, reader, failed):
        """The XLSX of the rows in error (replaces the last one); False when none."""
        self.report_attachment_id.unlink()
        if not failed:
            return False
        content = reader.error_workbook(failed)
        return self.env["ir.attachment"].create(
            {
                "name": self.env._("errors %(name)s.xlsx", name=self.name),
                "raw": content,
                "res_model": self.file_id._name,
                "res_id": self.file_id.id,
                "company_id": self.company_id.id,
            }
        )

    # -- apply ---------------------------------------------------------------------

    def _do_apply(self, commit, end):
        """Apply chunks until the file or the time ends. :return: seconds left."""
        left = float("inf")
        if self.phase == "apply":
            reader = BatchReader(self, self.scan_data)
            for good, bad in reader.chunks(self.next_row, CHUNK):
                self._apply_chunk(reader, good, bad)
                left = self._commit(commit, len(good) + len(bad))
                if left <= 0 or time.monotonic() >= end:
                    return left
                if commit and not self._still_mine(self.next_row):
                    return left
            self.write({"phase": "finish"})
        self._finish()
        return self._commit(commit, 1)

    def _still_mine(self, next_row):
        """Take the lock again after a commit; False when somebody else stopped the
        batch or went on with it meanwhile."""
        locked = self.try_lock_for_update(allow_referencing=True)
        self.invalidate_recordset(["state", "next_row"])
        return bool(locked) and (self.state, self.next_row) == ("running", next_row)

    def _apply_chunk(self, reader, good, bad):
        """One chunk, its rows set aside, the counts and the cursor: all or nothing."""
        outcomes = self._load_safely([(raw.number, rec) for raw, rec in good])
        rows = {raw.number: raw for raw, _record in good}
        counts = dict.fromkeys(("created", "updated", "unchanged"), 0)
        for number, outcome in outcomes:
            if isinstance(outcome, str):
                counts[outcome] += 1
            else:
                bad.append((rows[number], outcome))
        self._set_aside(reader, bad)
        self._close_older(reader, good, outcomes)
        last = max(raw.number for raw, _x in good + bad)
        self.write(
            {f"count_{name}": self[f"count_{name}"] + n for name, n in counts.items()}
            | {"next_row": last + 1}
        )
        self.env.flush_all()

    def _loader(self):
        return self.env[f"utility.import.loader.{self.dataset}"]

    def _load_safely(self, records):
        """Load ``records`` at once; when that fails, group by group.

        :param records: [(row number, record)]
        :return: [(row number, 'created' | 'updated' | 'unchanged' | [Issue])]
        """
        if not records:
            return []
        loader = self._loader()
        try:
            with self.env.cr.savepoint():
                outcomes = loader._load(self, records)
                self.env.flush_all()
                return outcomes
        except psycopg2.OperationalError:
            raise  # lost connection or concurrent update: the whole chunk is retried
        except Exception as error:  # noqa: BLE001 a bad row never stops good ones
            self.env.invalidate_all()
            groups = loader._groups(records)
            if len(groups) == 1:
                found = [self._issue_of(error)]
                return [(number, found) for number, _record in records]
        outcomes = []
        for group in groups:
            outcomes += self._load_safely(group)
        return outcomes

    def _issue_of(self, error):
        """What an exception of Odoo says about a row, as an issue."""
        if isinstance(error, UserError):
            return issue("refused_by_odoo", text=str(error))
        if isinstance(error, psycopg2.IntegrityError):
            _logger.warning("%s: %s", self.name, error)
        else:
            _logger.warning("%s: a row failed", self.name, exc_info=error)
        return issue("unexpected", text=str(error).splitlines()[0][:200])

    def _finish(self):
        """Try the rows that waited for others once more, then close the batch."""
        waiting = self.row_ids.filtered(
            lambda row: row.state == "open" and row.issue_code in DEFERRED_CODES
        )
        if waiting:
            self._retry(waiting)
            # a bill whose rows stood apart was never in error: leave no trace of it
            waiting.filtered(
                lambda row: row.issue_code == "deferred" and row.state == "applied"
            ).unlink()
        self.write({"state": "done", "date_end": fields.Datetime.now()})
        self._refresh_state()

    def _refresh_state(self):
        """done or partial, by whether rows wait for a correction."""
        self.env.flush_all()
        batches = self.sudo().filtered(lambda b: b.state in ("done", "partial"))
        batches.invalidate_recordset(["count_quarantined"])
        for batch in batches:
            state = "partial" if batch.count_quarantined else "done"
            if batch.state != state:
                batch._guarded().state = state
