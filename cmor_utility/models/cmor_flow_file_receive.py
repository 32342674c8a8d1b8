import hashlib
import logging
from decimal import Decimal
from time import monotonic

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.utility_supply.formats.messages import describe
from odoo.addons.utility_supply.models.bulk import insert_rows

from ..formats import flow_io
from ..formats.flow_rows import FlowRefused
from ..formats.flow_zip import base_name
from ..rules import messages
from .texts import REFUSAL_TEXTS, issue_vals
from .texts_answers import REFUSALS

_logger = logging.getLogger(__name__)

#: records applied together, between two commits of the scheduled action; the terms of
#: their practices are reckoned while all is in the cache: not more than fit there too
CHUNK = 1000
# the amount that a record is about, by source, the first that is there
AMOUNTS = ("paid_amount", "cmor_amount", "billed_amount", "refund_amount", "indemnity")
# where a received text may break its length or its table without changing its meaning
HARMLESS = {
    ("too_long", "cause_text"),
    ("too_long", "note"),
    ("too_long", "practice_state"),
    ("too_long", "cause_code"),
    ("not_in_table", "cause_code"),
}


class CmorFlowFile(models.Model):
    """Files that are received: bytes first, then records, then their effects.

    Each step is kept before the next begins: a process killed in between leaves a file
    in state ``received``, which the scheduled action takes up.
    """

    _inherit = "cmor.flow.file"

    parent_id = fields.Many2one(
        "cmor.flow.file",
        string="Out of the ZIP",
        readonly=True,
        index="btree_not_null",
        check_company=True,
    )
    child_ids = fields.One2many("cmor.flow.file", "parent_id", string="Files in it")
    source_id = fields.Many2one(
        "utility.import.source",
        string="Polled folder",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    is_in_folder = fields.Boolean(
        readonly=True, help="It has not been moved out of the folder yet."
    )
    refusal = fields.Json(readonly=True)
    refusal_text = fields.Text(string="Why", compute="_compute_refusal_text")
    count_waiting = fields.Integer(string="To be checked", readonly=True)

    _sha256_uniq = models.UniqueIndex(
        "(company_id, sha256) WHERE direction = 'in'",
        "This very file was received already.",
    )

    @api.depends("refusal")
    @api.depends_context("lang")
    def _compute_refusal_text(self):
        texts = {**REFUSAL_TEXTS, **REFUSALS}
        for file in self:
            lines = [
                self.env._(
                    texts.get(code, texts["unexpected"]), **{"detail": "", **params}
                )
                for code, params in file.refusal or []
            ]
            file.refusal_text = "\n".join(lines)

    # --- actions --------------------------------------------------------------

    def action_retry(self):
        """Button of an operator: apply again what waits in these files."""
        self.check_access("read")
        waiting = self.record_ids.filtered(lambda r: r.state in ("waiting", "new"))
        waiting.action_retry()

    def action_read_again(self, layout_id=None):
        """Button of an operator: read a refused file by another layout.

        :param int layout_id: id of a cmor.flow.layout; without it a dialog asks
        """
        self.ensure_one()
        self.check_access("read")
        if not self._is_refused():
            raise UserError(self.env._("Only a refused file is read again."))
        if not layout_id:
            return self._open_settle("read", self.env._("Read again"))
        self.env["cmor.flow.record"]._check_operator_of(self.company_id)
        layout = self.env["cmor.flow.layout"].browse(layout_id)
        layout.check_access("read")
        file = self.sudo()
        file._read_received(layout.sudo())
        file._work_received()
        return True

    def action_set_aside(self, reason=None):
        """Button of an operator: nothing follows from a file that cannot be read.

        Its bytes stay, and it can still be read again.

        :param str reason: mandatory; None: a dialog asks
        """
        self.check_access("read")
        if not all(f._is_refused() and f.state == "refused" for f in self):
            raise UserError(self.env._("Only a refused file is set aside."))
        if reason is None:
            self.ensure_one()
            return self._open_settle("file_aside", self.env._("Set aside"))
        self.env["cmor.flow.record"]._check_operator_of(self.company_id)
        if not (reason or "").strip():
            raise UserError(self.env._("Write why the file is set aside."))
        files = self.sudo()
        vals = {"state": "set_aside", "discard_reason": reason.strip()}
        files._guarded().write(vals)
        if files.parent_id:
            files.parent_id._close_received()
        return True

    def _is_refused(self):
        """A received file that could not be read, set aside or not."""
        self.ensure_one()
        could_not = self.direction == "in" and self.state in ("refused", "set_aside")
        return could_not and not self.child_ids

    def action_refused_by_portal(self):
        """Button: dialog that asks what the portal said."""
        self.ensure_one()
        self._check_may_operate()
        return self._open_settle("file_error", self.env._("Refused by the portal"))

    def action_open_waiting(self):
        """Smart button: the records of the file that wait for somebody."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "cmor_utility.cmor_flow_record_action_waiting"
        )
        return {**action, "domain": [("file_id", "in", self.ids)]}

    def _open_settle(self, mode, name):
        return {
            "type": "ir.actions.act_window",
            "res_model": "cmor.settle.wizard",
            "view_mode": "form",
            "target": "new",
            "name": name,
            "context": {"default_mode": mode, "default_file_id": self.id},
        }

    # --- receiving ------------------------------------------------------------

    @api.model
    def _receive(self, name, data, company, source=None, seconds=None):
        """Keep what arrived and apply its records.

        The same bytes a second time change nothing: the files of the first time are
        given back.

        :param str name: file name as it arrived
        :param bytes data: CSV, XML, XLSX or a ZIP of them
        :param company: res.company the file is for
        :param source: utility.import.source it came from, or None
        :param seconds: how long to work; the rest is left to the scheduled action
            (None: all of it, now)
        :return: cmor.flow.file recordset: the file, or those in the ZIP, each with its
            state, its records with theirs
        """
        known = self._known(data, company)
        if known:
            return known.child_ids or known
        file = self.sudo()._keep_received(name, data, company, source=source)
        files = file._open_received()
        files._work_received(seconds)
        return files.with_env(self.env)

    @api.model
    def _known(self, data, company):
        """The received file of the company with these very bytes, if any."""
        digest = hashlib.sha256(data).hexdigest()
        return self.search(
            [
                ("direction", "=", "in"),
                ("company_id", "=", company.id),
                ("sha256", "=", digest),
            ],
            limit=1,
        )

    def _keep_received(self, name, data, company, source=None, parent=None):
        """The record of new bytes, in state received. Nothing is read yet."""
        file = (
            self.with_company(company)
            .with_context(mail_create_nolog=True, mail_create_nosubscribe=True)
            ._guarded()
            .create(
                {
                    "company_id": company.id,
                    "name": base_name(name),
                    "direction": "in",
                    "state": "received",
                    # at once: the index on it settles two uploads at the same time
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "exported_by_id": self.env.uid,
                    "exported_on": fields.Datetime.now(),
                    "source_id": source.id if source else False,
                    "is_in_folder": bool(source) and not parent,
                    "parent_id": parent.id if parent else False,
                }
            )
        )
        file = self.sudo().browse(file.id)
        file._keep(data)
        return file

    def _open_received(self):
        """Read what was kept: the records of each file, or the files of a ZIP.

        :return: the files that hold records, those known before included
        """
        files = self.browse()
        for file in self:
            data = file.attachment_id.raw or b""
            try:
                members = flow_io.members(data, file.name)
            except FlowRefused as refusal:
                file._refuse_for(refusal)
                files |= file
                continue
            if len(members) == 1 and members[0][1] == data:
                file._read_received()
                files |= file
            else:
                files |= file._open_zip(members)
        return files

    def _open_zip(self, members):
        files, known = self.browse(), []
        for name, data in members:
            old = self._known(data, self.company_id)
            if old:
                files |= old
                known.append(("member_known", {"name": name, "first": old.name}))
                continue
            new = self._keep_received(name, data, self.company_id, parent=self)
            new._read_received()
            files |= new
        self._guarded().write({"refusal": known})
        self._close_received()
        return files

    def _read_received(self, layout=None):
        """Make the records of this file, by ``layout`` or the one in force.

        A file that cannot be read as a whole is refused, with the reason.
        """
        self.ensure_one()
        data = self.attachment_id.raw or b""
        try:
            with self.env.cr.savepoint():
                if not data.strip():
                    raise FlowRefused("empty")
                layout = layout or self._layout_of(data)
                spec = layout._spec()
                reader = flow_io.open_flow(spec, data, self.name)
                self._guarded().write(
                    {
                        "layout_id": layout.id,
                        "type_id": layout.type_id.id,
                        "layout_state": layout.state,
                        "refusal": False,
                        "discard_reason": False,
                        "state": "received",
                    }
                )
                self._create_received(spec, reader)
        except FlowRefused as refusal:
            self._refuse_for(refusal)
        except OperationalError:
            raise
        except Exception as error:
            _logger.exception("%s cannot be read", self.name)
            detail = type(error).__name__
            self._refuse([("unexpected", {"detail": detail})])

    def _layout_of(self, data):
        """The layout in force on the day the file arrived; FlowRefused without one."""
        headings = self.env["cmor.flow.layout"]._code_headings()
        found = flow_io.sniff(data, self.name, headings)
        if not found:
            # broken off, or of no kind that is read: that is the reason to tell
            flow_io.check_readable(data, headings)
            raise FlowRefused("unknown_flow")
        code = ".".join(found)
        flow = self.env["cmor.flow.type"].search([("code", "=", code)], limit=1)
        if not flow:
            raise FlowRefused("unknown_code", detail=code)
        day = fields.Datetime.context_timestamp(
            self.with_context(tz="Europe/Rome"), self.exported_on
        ).date()
        try:
            return self.env["cmor.flow.layout"]._find(flow.key, self.company_id, day)
        except UserError as error:
            raise FlowRefused("no_layout", detail=code) from error

    def _create_received(self, spec, reader):
        records = self.env["cmor.flow.record"].sudo()
        same = {
            "file_id": self.id,
            "company_id": self.company_id.id,
            "type_id": self.type_id.id,
            "direction": self.direction,
        }
        rows, seen = [], set()
        for row in reader.rows():
            vals = _row_vals(spec, row)
            _count_once(vals, seen)
            rows.append({**same, **vals})
            if len(rows) == CHUNK:
                insert_rows(records, rows, flush=False)
                rows, seen = [], set()
                # a file may have a hundred thousand rows
                records.invalidate_model()
        insert_rows(records, rows)

    def _refuse_for(self, refusal):
        """Refused by a reader: its code, and its own words on a workbook or a ZIP."""
        words = [
            ("words", {"detail": describe(issue, self.env._, place=False)})
            for issue in refusal.issues
        ]
        self._refuse([(refusal.code, refusal.params), *words])

    def _refuse(self, reasons):
        """Keep the file as refused, with its reasons.

        :param reasons: list of (key of REFUSAL_TEXTS, parameters)
        """
        plain = [
            (
                code,
                {key: messages.storable(str(value)) for key, value in params.items()},
            )
            for code, params in reasons
        ]
        self._guarded().write({"state": "refused", "refusal": plain})
        self.parent_id._close_received()

    # --- applying -------------------------------------------------------------

    def _work_received(self, seconds=None, commit=None):
        """Apply the records that were not applied yet, chunk by chunk.

        :param seconds: stop after so long; the rest is for the scheduled action
        :param commit: function to call after each chunk, False when it has to stop
        """
        stop = monotonic() + seconds if seconds else None
        for file in self.filtered(lambda f: f.state == "received"):
            last = 0
            while file.try_lock_for_update():
                records = self.env["cmor.flow.record"]
                chunk = records.search_fetch(
                    [
                        ("file_id", "=", file.id),
                        ("state", "=", "new"),
                        ("id", ">", last),
                    ],
                    records._applied_columns(),
                    order="id",
                    limit=CHUNK,
                )
                last = chunk[-1:].id
                chunk._apply()
                is_last = len(chunk) < CHUNK or bool(stop and monotonic() > stop)
                if is_last:
                    # once a file: it looks at all of its records
                    file._close_received()
                if commit and not commit():
                    return
                if is_last:
                    break
                # a file may have a hundred thousand rows: keep none of them
                self.env.flush_all()
                self.env.invalidate_all()
        if self.filtered(lambda f: f.state == "received"):
            self.env.ref("cmor_utility.ir_cron_cmor_received").sudo()._trigger()

    def _close_received(self):
        """Counts and state of received files, and of the ZIP they came in."""
        groups = self.env["cmor.flow.record"]._read_group(
            [("file_id", "in", self.ids)], ["file_id", "state"], ["__count"]
        )
        counts = {}
        for file, state, count in groups:
            counts.setdefault(file.id, {})[state] = count
        for file in self.filtered(lambda f: f.direction == "in"):
            found = counts.get(file.id, {})
            state = _file_state(found)
            if file.child_ids:
                state = _parent_state(file.child_ids.mapped("state"))
            elif not file.type_id and file.state == "refused":
                state = "refused"
            vals = {
                "count_written": sum(found.values()),
                "count_waiting": found.get("waiting", 0),
                "state": state,
            }
            file._guarded().write({k: v for k, v in vals.items() if file[k] != v})
        self._answered_files()._sum_answers()
        if self.parent_id:
            self.parent_id._close_received()

    def _answered_files(self):
        """The files of ours that records of these files answer."""
        self.env["cmor.flow.record"].flush_model(["answered_id"])
        ours = self.env.execute_query(
            SQL(
                "SELECT array_agg(answered_id) FROM cmor_flow_record"
                " WHERE file_id = ANY(%s) AND answered_id IS NOT NULL",
                self.ids,
            )
        )[0][0]
        # apart: of a join the database may make a loop over all records there are
        query = "SELECT DISTINCT file_id FROM cmor_flow_record WHERE id = ANY(%s)"
        rows = self.env.execute_query(SQL(query, ours))
        return self.browse(file_id for (file_id,) in rows)

    @api.model
    def _cron_received(self):
        """Take up what was kept and not applied: killed in between, or too long."""
        files = self.sudo().search(
            [("direction", "=", "in"), ("state", "=", "received")], order="id"
        )
        progress = self.env["ir.cron"]._commit_progress
        progress(remaining=len(files))
        for file in files:
            opened = file
            if not file.type_id and not file.child_ids:
                opened = file._open_received()
                progress(0)
            opened._work_received(commit=lambda: progress(0) > 0)
            if progress(1) <= 0:
                break


def _file_state(found):
    if found.get("new"):
        return "received"
    return "partial" if found.get("waiting") else "applied"


def _parent_state(states):
    if "received" in states:
        return "received"
    if set(states) <= {"refused"}:
        return "refused"
    return "partial" if {"partial", "refused"} & set(states) else "applied"


def _text(value):
    return messages.storable(str(value or "")).strip() or False


def _clean(values):
    """What is there, in a form that the database holds."""
    cleaned = {}
    for key, value in values.items():
        if isinstance(value, str):
            value = messages.storable(value)
        elif isinstance(value, list):
            value = [_clean(item) for item in value]
        if value not in (None, "", []):
            cleaned[key] = value
    return cleaned


def _count_once(vals, seen):
    """A row that stands there twice, word for word, counts once.

    :param dict vals: values of its record, changed when it is a double
    :param set seen: the rows before it
    """
    vals["handled_on"] = False
    raw = vals["raw_values"]
    words = (*raw, *raw.values())
    if vals["state"] == "new" and words in seen:
        vals.update(state="repeated", handled_on=fields.Datetime.now())
    seen.add(words)


def _row_vals(spec, row):
    """Values of the record of a row received."""
    meaning = flow_io.by_source(spec, row.values)
    amounts = (meaning.get(name) for name in AMOUNTS)
    vals = {
        "row_number": row.number,
        "raw_values": messages.storable_texts(row.raw),
        "values": messages.encode_params(_clean(meaning)),
        "code": _text(meaning.get("code")),
        "sii_code": _text(meaning.get("sii_code")),
        "amount": next((a for a in amounts if isinstance(a, Decimal)), 0),
        "issues": [messages.storable_texts(issue_vals(i)) for i in row.issues],
        "state": "new",
        "problem": False,
    }
    if not row.issues:
        return vals
    sources = {field.name: field.source for field in spec.fields}
    wrong = [
        issue
        for issue in row.issues
        if (issue.rule, sources.get(issue.field)) not in HARMLESS
    ]
    if wrong:
        vals.update(state="waiting", problem="row_issues")
    return vals
