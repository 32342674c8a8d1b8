"""The direct feed: rows sent over RPC, same rules and same quarantine as files."""

import json

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..formats.issues import shorten
from .import_reading import feed_column

MAX_ROWS = 5000
MAX_KEY_LENGTH = 128
MAX_CONTROL_COUNT = 10**9
MAX_CONTROL_AMOUNT = 10**12


class UtilityImportBatch(models.Model):
    _inherit = "utility.import.batch"

    @api.model
    def ingest(
        self,
        profile_ref,
        rows,
        idempotency_key=None,
        company=None,
        control_count=None,
        control_amount=None,
    ):
        """Acquire ``rows`` at once, as if they were a file. Public: called over RPC.

        :param profile_ref: code of an import profile, e.g. "bills"
        :param rows: list of objects {field or column heading: value}; amounts as
            numbers, dates as "2026-12-31"; at most 5,000
        :param idempotency_key: text of the caller's choice, unique in the company: the
            same key with the same rows returns the same answer and loads nothing; the
            same rows with another key are loaded again. Without a key, rows that were
            received before return the answer of then
        :param company: id of the company, default the user's
        :param control_count: declared number of rows; control_amount: declared sum
        :return: {batch_id, state, received, applied, unchanged, quarantined,
            errors: [{row, code, column, message}]}, rows counted from 1
        Raises ValidationError (the call is wrong: nothing is kept), AccessError.
        """
        self.check_access("create")
        company = self._feed_company(company)
        profile = self._feed_profile(profile_ref, company)
        key = self._feed_key(idempotency_key)
        controls = self._feed_controls(control_count, control_amount)
        data = self._feed_bytes(profile, rows, key)
        answered = self._feed_answered(company, profile, data, key)
        if answered:
            return answered._feed_answer()
        batch = self._receive(
            company,
            f"{profile.code}.json",
            data,
            [profile],
            values={"is_feed": True, "idempotency_key": key, **controls},
        )
        batch = batch.sudo()
        batch._guarded().write({"state": "running"})
        batch._work()
        return batch._feed_answer()

    def _feed_company(self, company):
        """The company of the call; AccessError when the user may not act for it."""
        if company is None or company is False:
            return self.env.company
        if not isinstance(company, int):
            raise ValidationError(self.env._("Give the company by its id, a number."))
        found = self.env["res.company"].browse(company)
        if found not in self.env.user.company_ids:
            raise AccessError(self.env._("You may not act for this company."))
        return found

    def _feed_profile(self, code, company):
        """The profile of the call; ValidationError when there is none."""
        profile = self.env["utility.import.profile"]
        if isinstance(code, str) and code.isprintable():
            profile = profile._find(code, company)
        if not profile:
            raise ValidationError(
                self.env._("There is no import profile %(code)s.", code=shorten(code))
            )
        return profile

    def _feed_key(self, key):
        """The caller's key, False for none; ValidationError when it cannot be one."""
        if key is None or key is False:
            return False
        is_text = isinstance(key, str) and key.isprintable()
        if not is_text or len(key) > MAX_KEY_LENGTH:
            raise ValidationError(
                self.env._(
                    "The idempotency key is a text of at most %(max)s characters.",
                    max=MAX_KEY_LENGTH,
                )
            )
        return key.strip() or False

    def _feed_controls(self, count, amount):
        """The declared totals as values; ValidationError when they are no numbers."""
        has_amount = amount is not None and amount is not False
        count, amount = count or 0, amount if has_amount else 0
        # written so that NaN fails it
        is_good = (
            isinstance(count, int)
            and isinstance(amount, int | float)
            and 0 <= count < MAX_CONTROL_COUNT
            and abs(amount) < MAX_CONTROL_AMOUNT
        )
        if not is_good:
            raise ValidationError(self.env._("The declared totals are no numbers."))
        return {
            "control_count": count,
            "control_amount": amount,
            "has_control_amount": has_amount,
        }

    def _feed_bytes(self, profile, rows, key):
        """The call as the bytes to keep; ValidationError when ``rows`` are no rows.

        The key is a part of them: what goes there and back again in two calls is two
        files, not the same file twice.
        """
        if not isinstance(rows, list) or not rows:
            raise ValidationError(self.env._("Send a list of rows, at least one."))
        if len(rows) > MAX_ROWS:
            raise ValidationError(
                self.env._("Send at most %(max)s rows in a call.", max=MAX_ROWS)
            )
        columns = profile._feed_columns()
        for number, row in enumerate(rows, 1):
            self._check_feed_row(number, row, columns)
        kept = {"idempotency_key": key, "rows": rows} if key else {"rows": rows}
        text = json.dumps(kept, ensure_ascii=False, sort_keys=True)
        # half a character, which JSON lets pass, spoils its own row and no other
        return text.encode("utf-8", "surrogatepass")

    def _check_feed_row(self, number, row, columns):
        if not isinstance(row, dict):
            raise ValidationError(
                self.env._("Row %(number)s is not an object.", number=number)
            )
        filled = set()
        for name, value in row.items():
            column = feed_column(columns, name)
            if not column:
                raise ValidationError(
                    self.env._(
                        "Row %(number)s: the profile knows no field %(name)s.",
                        number=number,
                        name=shorten(name),
                    )
                )
            if column in filled:
                raise ValidationError(
                    self.env._(
                        "Row %(number)s names %(name)s twice.",
                        number=number,
                        name=column,
                    )
                )
            filled.add(column)
            if not isinstance(value, str | int | float | bool | None):
                raise ValidationError(
                    self.env._(
                        "Row %(number)s, %(name)s: send a text, a number or a date as"
                        " text.",
                        number=number,
                        name=column,
                    )
                )

    def _feed_answered(self, company, profile, data, key):
        """The batch that already answered this call, or nothing."""
        digest = self.env["utility.import.file"]._digest(data)
        batches = self.sudo()
        if key:
            found = batches.search(
                [("company_id", "=", company.id), ("idempotency_key", "=", key)]
            )
            if found and (found.sha256 != digest or found.profile_id != profile):
                raise ValidationError(
                    self.env._(
                        "Idempotency key %(key)s was already used for other rows.",
                        key=key,
                    )
                )
            if found:
                return found
        return batches._already_received(company, profile, digest)

    def _feed_answer(self):
        """What ``ingest`` returns for this batch; frozen at the first answer."""
        batch = self.sudo()
        if not batch.answer:
            open_rows = batch.row_ids.filtered(lambda row: row.state == "open")
            batch._guarded().answer = {
                "batch_id": batch.id,
                "state": batch.state,
                "received": batch.count_total,
                "applied": batch.count_created + batch.count_updated,
                "unchanged": batch.count_unchanged,
                "quarantined": len(open_rows),
                "errors": [row._feed_error() for row in open_rows.sorted("row_number")]
                or batch._feed_refusal(),
            }
        return batch.answer

    def _feed_refusal(self):
        if self.state != "refused":
            return []
        code = self.refusal_code or "refused"
        return [{"row": 0, "code": code, "column": "", "message": self.message}]

    # -- reception, shared by all ways in --------------------------------------------

    @api.model
    def _already_received(self, company, profile, digest):
        """The batch that holds these very bytes for ``company``, or nothing."""
        return self.sudo().search(
            [
                ("company_id", "=", company.id),
                ("profile_id", "=", profile.id),
                ("sha256", "=", digest),
                ("state", "not in", ("refused", "cancelled")),
            ],
            limit=1,
        )

    @api.model
    def _receive(
        self,
        company,
        filename,
        data,
        profiles,
        source=None,
        proofs=None,
        values=None,
        values_by_profile=None,
    ):
        """Keep ``data`` and make a batch of it for each of ``profiles``.

        Raises UserError naming the first batch when these bytes were received before
        for each of the profiles; profiles that have them already are left out.
        :param proofs: bytes of a ZIP with the proofs that notices name
        :param values: further values of all batches
        :param values_by_profile: {profile id: further values of its batch}
        :return: the batches, in state draft
        """
        files = self.env["utility.import.file"]
        digest = files._digest(data)
        known = {p.id: self._already_received(company, p, digest) for p in profiles}
        todo = [profile for profile in profiles if not known[profile.id]]
        if not todo:
            raise UserError(known[profiles[0].id]._already_text())
        kept = files._keep(company, filename, data, proofs)
        batches = (
            self.sudo()
            ._guarded()
            .create(
                [
                    {
                        "company_id": company.id,
                        "dataset": profile.dataset,
                        "profile_id": profile.id,
                        "source_id": source.id if source else False,
                        "file_id": kept.id,
                        "sha256": digest,
                        **(values or {}),
                        **(values_by_profile or {}).get(profile.id, {}),
                    }
                    for profile in todo
                ]
            )
        )
        kept.has_protected_data = any(b._protected_headings() for b in batches)
        return batches.with_env(self.env)

    @api.model
    def _receive_refused(self, source, filename, data, issues):
        """Keep a file that cannot be used at all, with the reasons."""
        sentence = self.env["utility.import.message"]._sentence
        batch = self.with_context(**self._quiet_context())
        kept = self.env["utility.import.file"]._keep(source.company_id, filename, data)
        return batch._guarded().create(
            {
                "company_id": source.company_id.id,
                "source_id": source.id,
                "file_id": kept.id,
                "sha256": kept.sha256,
                "state": "refused",
                "refusal_code": issues[0].code if issues else False,
                "is_in_folder": True,
                "message": "\n".join(sentence(one) for one in issues),
                "date_end": fields.Datetime.now(),
            }
        )

    def _already_text(self):
        """The polite answer to a file that is here already."""
        return self.env._(
            "This very file was already received on %(date)s as %(batch)s"
            " (%(state)s): nothing was loaded again.",
            date=self.env["ir.qweb.field.datetime"].value_to_html(
                self.create_date, {"hide_seconds": True}
            ),
            batch=self.name,
            state=dict(self._description_states())[self.state],
        )


class UtilityImportRow(models.Model):
    _inherit = "utility.import.row"

    def _feed_error(self):
        """This row as an entry of ``ingest``'s errors."""
        return {
            "row": self.row_number,
            "code": self.issue_code,
            "column": self.column or "",
            "message": self.reason,
        }
