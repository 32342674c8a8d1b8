from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError

from odoo.addons.utility_supply.models.bulk import (
    flush_changed,
    insert_rows,
    update_changed,
)

from ..rules.messages import Word, Words
from .flow_file_maker import CHUNK, FileMaker
from .texts import issue_vals

ROME = ZoneInfo("Europe/Rome")


class CmorFlowFile(models.Model):
    """Files that we make: of claims (practices) and of requests about them.

    An item is a ``cmor.practice`` or a ``cmor.practice.request``: both know their
    values (``_flow_values``, ``_flow_issues``), their record (``_flow_record_vals``)
    and what follows when they are in a file (``_flow_written``). One transaction makes
    the file, its records and the states: killed in between, nothing has happened.
    """

    _inherit = "cmor.flow.file"

    @api.model
    def _lock_role(self, roles):
        """Only one export of a role at a time, and of those that give codes for the
        same VAT number.

        :raise UserError: another one is running
        """
        try:
            (roles | roles._code_roles()).lock_for_update()
        except LockError as error:
            raise UserError(
                self.env._("Another export is running for this role: try again.")
            ) from error
        roles.invalidate_recordset(["code_next", "file_next"])

    @api.model
    def _make(self, role, key, items, today, more=None):
        """Make the file of one role and flow. Role and items are locked.

        :param str key: key of the flow
        :param items: practices, requests, or answers to pass on
        :param dict more: further {source: value}, the same for all
        :return: the file, in state ``refused`` when nothing could be written
        """
        maker = FileMaker(self, role, key, today, more)
        for start in range(0, len(items), CHUNK):
            maker.add(items[start : start + CHUNK])
            if len(items) > CHUNK:
                self._forget_chunk()
        return maker.close()

    @api.model
    def _forget_chunk(self):
        """Write what is pending and keep nothing of it: a file may be long.

        The terms of its practices go first, while what they look at is in the cache.
        """
        practices = self.env["cmor.practice"]
        practices._refresh_queued_terms()
        flush_changed(practices)
        self.env.flush_all()
        self.env.invalidate_all()

    @api.model
    def _flow_common(self, layout, role, today):
        """{source: value} of what is the same for all records of a file."""
        service, flow = layout.type_id._split_code()
        parameters = self.env["cmor.parameter"]._values(role.company_id, today)
        return {
            "service_code": service,
            "flow_code": flow,
            "role_vat": role.vat,
            "udd_vat": role._udd_vat(),
            "cc_vat": role.vat,
            "gestore_vat": parameters.get("gestore_vat"),
        }

    @api.model
    def _create_file(self, role, layout):
        """The record of a file of which nothing is written yet."""
        now = fields.Datetime.now()
        local = fields.Datetime.context_timestamp(self.with_context(tz=str(ROME)), now)
        file = (
            self.sudo()
            .with_context(mail_create_nolog=True, mail_create_nosubscribe=True)
            ._guarded()
            .create(
                {
                    "company_id": role.company_id.id,
                    "name": self._free_file_name(role, layout, local),
                    "role_id": role.id,
                    "layout_id": layout.id,
                    "type_id": layout.type_id.id,
                    "layout_state": layout.state,
                    "exported_by_id": self.env.uid,
                    "exported_on": now,
                }
            )
        )
        return self.sudo().browse(file.id)

    def _finish(self, data, counts):
        """Keep the bytes and what is in them.

        :param dict counts: count_written, count_refused, amount_total
        """
        self._keep(data)
        vals = {**counts, "state": "generated" if data else "refused"}
        # it is made now: nobody needs to be told of a change of its state
        self.with_context(tracking_disable=True)._guarded().write(vals)

    @api.model
    def _free_file_name(self, role, layout, now):
        """A name that no file of the company has: roles may share the VAT number.

        :raise UserError: the pattern gives a name taken and has no number to change it
        """
        files = self.sudo()
        before = None
        while True:
            name = layout._file_name(role.vat, role.file_next, now)
            role.file_next += 1
            taken = [
                ("company_id", "=", role.company_id.id),
                ("direction", "=", "out"),
                ("name", "=", name),
            ]
            if not files.search_count(taken, limit=1):
                return name
            if name == before:
                raise UserError(
                    self.env._(
                        "%(name)s exists already: put {n:3} into the file name pattern"
                        " of the layout.",
                        name=name,
                    )
                )
            before = name

    def _create_records(self, written, refused, before=0):
        """One record for each item, in the file or refused by the layout.

        :param written: flow_io.WrittenRow sequence, keys are the items
        :param refused: flow_io.RefusedRow sequence
        :param int before: records of the file that were written before
        """
        same = {
            "file_id": self.id,
            "company_id": self.company_id.id,
            "type_id": self.type_id.id,
            "direction": self.direction,
        }
        rows = [
            {
                **same,
                **row.key._flow_record_vals(),
                "row_number": number,
                "raw_values": row.texts,
                "issues": False,
                "state": "written",
            }
            for number, row in enumerate(written, before + 1)
        ]
        rows += [
            {
                **same,
                **row.key._flow_record_vals(),
                "row_number": None,
                "raw_values": row.texts,
                "issues": [issue_vals(issue) for issue in row.issues],
                "state": "refused",
            }
            for row in refused
        ]
        insert_rows(self.env["cmor.flow.record"].sudo(), rows, flush=False)

    def _log_refused(self, refused):
        event = self.env["cmor.practice.event"]
        event.sudo()._guarded().create(
            [
                event._prepare_vals(
                    row.key._flow_owner()[0],
                    "refused",
                    {
                        "issues": Words(
                            tuple(Word("issue", issue_vals(i)) for i in row.issues)
                        )
                    },
                    file=self,
                )
                for row in refused
            ]
        )

    def _action_show(self):
        """Action that opens these files: the form when there is one only."""
        received = bool(self) and set(self.mapped("direction")) == {"in"}
        name = "cmor_flow_file_action_received" if received else "cmor_flow_file_action"
        action = self.env["ir.actions.actions"]._for_xml_id(f"cmor_utility.{name}")
        action = {**action, "context": {}, "domain": [("id", "in", self.ids)]}
        if len(self) == 1:
            action.update(res_id=self.id, view_mode="form", views=[(False, "form")])
        return action


class CmorPracticeCode(models.Model):
    _inherit = "cmor.practice.code"

    @api.model
    def _give(self, items, role, today):
        """Give a code for ever to the items that have none. The role is locked.

        :param items: practices or requests of one role
        """
        todo = items.filtered(lambda item: not item.code)
        if not todo:
            return
        given, number = self._next_codes(todo, role, today)
        companies = role._code_companies()
        if self._taken(companies, [code for _item, code in given]):
            # a changed pattern may run into codes of the past: skip them
            used = self._taken(companies)
            given, number = self._next_codes(todo, role, today, used)
        role.code_next = number
        rows = []
        for item, code in given:
            practice, request = item._flow_owner()
            rows.append(
                {
                    "company_id": role.company_id.id,
                    "code": code,
                    "practice_id": practice.id,
                    "request_id": request.id,
                    "role_id": role.id,
                    "date": today,
                }
            )
        insert_rows(self, rows, flush=False)
        update_changed(todo, {item: {"code": code} for item, code in given})

    @api.model
    def _next_codes(self, items, role, today, used=frozenset()):
        """Codes for ``items`` by the role's pattern, those ``used`` left out.

        :return: ([(item, code)], number of the next code)
        """
        number, given = role.code_next, []
        for item in items:
            customer = item._flow_owner()[0].partner_id.billing_code
            code = role._next_code(today, number, customer)
            while code in used:
                number += 1
                code = role._next_code(today, number, customer)
            number += 1
            given.append((item, code))
        return given, number
