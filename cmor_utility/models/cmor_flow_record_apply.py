import json
import logging
from collections import Counter
from functools import cached_property

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from odoo.addons.utility_supply.models.bulk import flush_changed, kept, update_changed
from odoo.addons.utility_supply.models.isolation import apart

from ..formats.flow_rows import Line, read_line
from ..rules import messages
from ..rules.answers import SIDES, TO_US
from .cmor_flow_file_receive import _count_once, _row_vals
from .cmor_flow_handler import Result, waiting
from .texts import PROBLEM_TEXTS, show_params

# problems that a person may overrule: the record holds all the same
CONFIRMABLE = (
    "row_issues",
    "amount_differs",
    "amount_before_differs",
    "old_code_admitted",
    "admitted_after_refusal",
    "cancelled_after_closing",
    "paid_says_who",
    "paid_unknown",
)
# flows that answer one request: its code (CP_UTENTE) decides; in the others, which tell
# of a practice, the code of the SII (CP_GESTORE) does
ANSWERS = frozenset(
    {
        *("claim_ack", "claim_outcome", "cancel_ack", "cancel_outcome"),
        *("suspend_ack", "suspend_outcome", "report_ack"),
    }
)
# the row as it stands in the file, and what is wrong with it
WORDS = ("raw_values", "issues")
_logger = logging.getLogger(__name__)


class CmorFlowRecord(models.Model):
    """Records received: found their practice, applied once, or waiting for a person.

    Records are applied in chunks, each in a savepoint. When something unexpected fails
    the chunk is halved until the one record that fails is alone: it waits, the others
    are applied.
    """

    _inherit = "cmor.flow.record"

    problem = fields.Char(readonly=True, index="btree_not_null")
    problem_params = fields.Json(readonly=True)
    problem_text = fields.Text(string="Why it waits", compute="_compute_problem_text")
    handled_on = fields.Datetime(string="Applied on", readonly=True)
    handled_by_id = fields.Many2one("res.users", string="Settled by", readonly=True)
    is_linked = fields.Boolean(
        string="Linked by hand", readonly=True, help="A person chose the practice."
    )
    is_confirmed = fields.Boolean(
        string="Confirmed by hand",
        readonly=True,
        help="A person decided that the record holds all the same.",
    )
    is_confirmable = fields.Boolean(compute="_compute_is_confirmable")
    set_aside_reason = fields.Char(readonly=True)

    @api.depends("problem", "problem_params", "issues")
    @api.depends_context("lang")
    def _compute_problem_text(self):
        for record in self:
            text = PROBLEM_TEXTS.get(record.problem)
            params = show_params(self.env, record.problem_params, record.currency_id)
            lines = [self.env._(text, **params)] if text else []
            if record.problem == "row_issues":
                lines.append(record.issue_text)
            record.problem_text = "\n".join(lines)

    @api.depends("problem", "state")
    def _compute_is_confirmable(self):
        for record in self:
            record.is_confirmable = (
                record.state == "waiting" and record.problem in CONFIRMABLE
            )

    # --- actions --------------------------------------------------------------

    def action_retry(self):
        """Button of an operator: try the waiting records again."""
        self._check_may_settle()
        todo = self.sudo()
        todo.filtered(lambda r: r.problem == "row_issues")._read_again()
        todo = todo.filtered(lambda r: r.problem != "row_issues")
        todo._apply_again()
        return True

    def action_apply_anyway(self):
        """Button of an operator: the record holds all the same.

        A row that breaks a rule of its layout is used as far as it could be read; an
        answer that contradicts what is known wins. Who decided it is kept.
        """
        self._check_may_settle()
        self.practice_id._check_may_operate()
        if not all(record.is_confirmable for record in self):
            raise UserError(self.env._("This reason cannot be overruled."))
        # a row that breaks its layout may contradict what is known all the same
        overruled = self.sudo().filtered(lambda r: r.problem != "row_issues")
        overruled._guarded().write({"is_confirmed": True})
        self.sudo()._apply_again()
        return True

    def action_link(self, practice_id=None):
        """An operator says which practice a record is about; then it is applied.

        :param int practice_id: id of a cmor.practice of the same company; without it
            a dialog asks
        """
        self._check_may_settle()
        if not practice_id:
            return self._open_settle("link", self.env._("Link to a practice"))
        practice = self.env["cmor.practice"].browse(practice_id)
        practice._check_may_operate()
        for record in self:
            if practice.company_id != record.company_id:
                raise UserError(self.env._("The practice is of another company."))
        self.sudo()._guarded().write(
            {"practice_id": practice.id, "request_id": False, "is_linked": True}
        )
        self.sudo()._apply_again()
        return True

    def action_set_aside(self, reason=None):
        """An operator decides that nothing follows from a record. It stays for ever.

        :param str reason: mandatory; None: a dialog asks
        """
        self._check_may_settle()
        if reason is None:
            return self._open_settle("set_aside", self.env._("Set aside"))
        if not (reason or "").strip():
            raise UserError(self.env._("Write why the record is set aside."))
        self.sudo()._guarded().write(
            {
                "state": "set_aside",
                "set_aside_reason": reason.strip(),
                "handled_by_id": self.env.uid,
                "handled_on": fields.Datetime.now(),
            }
        )
        self.sudo().file_id._close_received()
        return True

    def _open_settle(self, mode, name):
        return {
            "type": "ir.actions.act_window",
            "res_model": "cmor.settle.wizard",
            "view_mode": "form",
            "target": "new",
            "name": name,
            "context": {"default_mode": mode, "default_record_ids": self.ids},
        }

    # --- guards ---------------------------------------------------------------

    def _check_may_settle(self):
        """Waiting records only, by an operator of a role of their company."""
        self.check_access("read")
        for record in self:
            if record.state not in ("waiting", "new"):
                raise UserError(
                    self.env._("%(code)s does not wait.", code=record.code or record.id)
                )
        self._check_operator_of(self.company_id)

    @api.model
    def _check_operator_of(self, companies):
        """AccessError unless the user operates some role of each company."""
        if self.env.su:
            return
        roles = self.env["cmor.company.role"].sudo()
        for company in companies:
            if not roles.search_count(
                [("company_id", "=", company.id), ("user_ids", "=", self.env.uid)],
                limit=1,
            ):
                raise AccessError(
                    self.env._(
                        "Only the operators of a role of %(company)s may do this.",
                        company=company.name,
                    )
                )

    # --- business -------------------------------------------------------------

    def _values(self):
        """What the record says: {source: Python value}."""
        self.ensure_one()
        return messages.typed_params(kept(self, "values"))

    def _read_again(self):
        """Read raw rows once more by the layout in force now (it may be mended)."""
        for file, records in self.grouped("file_id").items():
            layouts = self.env["cmor.flow.layout"]
            key, day = file.type_id.key, file.exported_on.date()
            spec, seen = layouts._find(key, file.company_id, day)._spec(), set()
            for record in records:
                line = Line(record.row_number, record.raw_values)
                vals = _row_vals(spec, read_line(spec, line))
                vals["raw_values"] = record.raw_values
                _count_once(vals, seen)
                record._guarded().write(vals)

    def _apply_again(self):
        # what waits becomes new: the same code applies it, in chunks
        self._guarded().write(
            {"state": "new", "problem": False, "handled_by_id": self.env.uid}
        )
        files = self.file_id
        files._guarded().write({"state": "received"})
        files._work_received()

    def _apply(self):
        """Apply these new records of one file: at most a chunk."""
        records = self.filtered(lambda record: record.state == "new")
        if not records:
            return
        key = records.type_id.key
        found = records._match()
        for round_ in records._rounds(found):
            rest = [r.id for r in round_ if not _practice(r, found)]
            # what an earlier record of the file has made
            found |= self.browse(rest)._match()
            round_._apply_safely(key, found)

    @api.model
    def _applied_columns(self):
        """The columns that are read to apply records: not the words of the file, which
        are large."""
        return [
            name
            for name, field in self._fields.items()
            if field.store and field.column_type and name not in WORDS
        ]

    def _rounds(self, found):
        """These records so that a practice is in each set once, in their order."""
        seen, rounds = Counter(), {}
        for record in self:
            key = _practice(record, found) or record.sii_code or record.code or record
            rounds.setdefault(seen[key], []).append(record.id)
            seen[key] += 1
        return [self.browse(ids) for ids in rounds.values()]

    def _apply_safely(self, key, found):
        """Apply together; the record to blame for a failure waits, the others go.

        :param found: what ``_match`` found; written with what becomes of the records,
            for a row that is written twice costs twice
        """

        def blame(record, error):
            _logger.warning("Record %s waits: %s", record.id, error, exc_info=error)
            detail = messages.storable(str(error))[:500]
            record._keep_found(found)
            problem = waiting(record.practice_id, "failed", d=detail)
            record._write_results({record: problem})

        def work(records):
            records._keep_found(found)
            records._apply_locked(key)

        apart(self, work, blame)

    def _keep_found(self, found):
        update_changed(self, {r: found[r] for r in self if r in found})

    def _apply_locked(self, key):
        practices = self.practice_id
        locked = practices.try_lock_for_update()
        # who is being worked on by another user stays new: the scheduled action returns
        todo = self.filtered(lambda r: r.practice_id <= locked)
        locked.invalidate_recordset(["state"])
        # all that is asked for of each, by one statement
        locked.fetch()
        todo.request_id.invalidate_recordset(["state"])
        results = todo._foreign_results()
        rest = todo.filtered(lambda record: record not in results)
        if rest:
            results |= self.env["cmor.flow.handler"]._apply(key, rest)
        todo._write_results(results)
        flush_changed(self)
        # while all of it is in the cache: one UPDATE a practice
        self.env["cmor.practice"]._refresh_queued_terms()
        flush_changed(practices)

    def _foreign_results(self):
        """Records addressed to somebody else's VAT number wait."""
        if self.type_id.key not in TO_US:
            return {}
        roles = self.env["cmor.company.role"].with_context(active_test=False)
        ours = set(
            roles.search([("company_id", "in", self.company_id.ids)]).mapped("vat")
        )
        results = {}
        for record in self.filtered(lambda r: not r.is_linked):
            vat = (
                str((kept(record, "values") or {}).get("role_vat") or "")
                .strip()
                .upper()
            )
            if vat and ours and vat.removeprefix("IT") not in ours:
                results[record] = waiting(record.practice_id, "other_vat", vat=vat)
        return results

    def _write_results(self, results):
        now, alike = fields.Datetime.now(), {}
        found = {r: {"practice_id": result[1].id} for r, result in results.items()}
        update_changed(self.browse(), found)
        for record, result in results.items():
            result = Result(*result)
            params = messages.encode_params(result.params) or False
            key = (result.state, result.problem or False, json.dumps(params))
            alike.setdefault(key, (params, []))[1].append(record.id)
        # one write for all that became the same, not one each
        for (state, problem, _text), (params, ids) in alike.items():
            self.browse(ids)._guarded().write(
                {
                    "state": state,
                    "problem": problem,
                    "problem_params": params,
                    "handled_on": now,
                }
            )

    # --- records of ours --------------------------------------------------------

    def _claims(self):
        """The practices whose claim itself is in these records."""
        mine = self.filtered(
            lambda r: not (r.request_id or r.returned_id or r.receipt_id)
        )
        return mine.practice_id

    def _deem_sent(self):
        """An answer came: the files of these records have left, whoever forgot it."""
        self.file_id.filtered(lambda f: f.state == "generated")._mark_sent()

    # --- finding --------------------------------------------------------------

    def _match(self):
        """Find request, practice and the record of ours that is answered: by key.

        :return: {record: what is to be written on it}, without those linked by hand
        """
        todo = self.filtered(lambda record: not record.is_linked)
        if not todo:
            return {}
        found = _Found(todo, SIDES.get(todo.type_id.key, ()))
        return {record: found.of(record) for record in todo}


def _practice(record, found):
    """Id of the practice that a record is about; found already, or linked by hand."""
    told = found.get(record)
    return told["practice_id"] if told else record.practice_id.id


class _Found:
    """Practices, requests and records of ours by the keys that ``records`` tell: plain
    ids by few queries, each of them by an index of its own, whatever there is."""

    def __init__(self, records, sides):
        self.env, self.sides = records.env, sides
        self.company = records.company_id.id
        self.is_answer = records.type_id.key in ANSWERS
        self.codes = list({kept(record, "code") for record in records} - {None})
        self.sii_codes = list({kept(record, "sii_code") for record in records} - {None})
        self.env["cmor.practice"].flush_model(["code", "sii_code", "side"])
        self.env["cmor.practice.code"].flush_model()
        self.env["cmor.flow.record"].flush_model(["code", "state", "direction"])
        self.side_of, self.by_code, self.by_sii = {}, {}, {}
        for code, practice, request, side in self._rows(
            "SELECT c.code, c.practice_id, c.request_id, p.side"
            " FROM cmor_practice_code c JOIN cmor_practice p ON p.id = c.practice_id"
            " WHERE c.company_id = %s AND c.code = ANY(%s) ORDER BY c.id DESC",
            self.codes,
        ):
            self.by_code[code] = practice, request
            self.side_of[practice] = side
        for code, practice, side in self._rows(
            "SELECT code, id, side FROM cmor_practice"
            " WHERE company_id = %s AND code = ANY(%s) ORDER BY id",
            self.codes,
        ):
            self.by_code.setdefault(code, (practice, None))
            self.side_of[practice] = side
        for side in sides:
            for code, practice in self._rows(
                "SELECT sii_code, id FROM cmor_practice WHERE company_id = %s"
                " AND sii_code = ANY(%s) AND side = %s ORDER BY id",
                self.sii_codes,
                side,
            ):
                self.by_sii[code, side] = practice
        self.sent = dict(
            self._rows(
                "SELECT code, id FROM cmor_flow_record WHERE company_id = %s"
                " AND code = ANY(%s) AND direction = 'out'"
                " AND state IN ('written', 'sent') ORDER BY id DESC",
                self.codes,
            )
        )

    def _rows(self, query, codes, *more):
        return self.env.execute_query(SQL(query, self.company, codes, *more))

    @cached_property
    def request_by_sii(self):
        """{code of the SII: (request, practice)}; asked for only where a record has no
        practice yet."""
        self.env["cmor.practice.request"].flush_model()
        rows = self._rows(
            "SELECT sii_code, id, practice_id FROM cmor_practice_request"
            " WHERE company_id = %s AND sii_code = ANY(%s) ORDER BY id DESC",
            self.sii_codes,
        )
        return {code: (request, practice) for code, request, practice in rows}

    def of(self, record):
        """What a received record is about, as it is written on it."""
        code, sii_code = kept(record, "code"), kept(record, "sii_code")
        practice, request = self.by_code.get(code, (None, None))
        told = (self.by_sii.get((sii_code, side)) for side in self.sides)
        told = [one for one in told if one]
        if practice and self.side_of[practice] not in self.sides:
            # the code is another user's: only the code of the SII counts
            practice, request = None, None
        elif practice and told and not self.is_answer and practice not in told:
            # a notice may carry the code (CP_UTENTE) of any party, and every party
            # counts its own: ours may be the same by chance, even that of a request
            practice, request = told[0], None
        if not practice and told:
            practice = told[0]
        if not practice and sii_code in self.request_by_sii:
            request, practice = self.request_by_sii[sii_code]
        return {
            "practice_id": practice or False,
            "request_id": request or False,
            "answered_id": (practice and self.sent.get(code)) or False,
        }
