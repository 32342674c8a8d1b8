from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError

from ..formats import flow_io
from ..formats.flow_rows import RefusedRow
from .texts import issue_line, issue_vals

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
        """Only one export of a role at a time.

        :raise UserError: another one is running
        """
        try:
            roles.lock_for_update()
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
        layout = self.env["cmor.flow.layout"]._find(key, role.company_id, today)
        if key != "cc_answer":
            self.env["cmor.practice.code"].sudo()._give(items, role, today)
        common = {**self._flow_common(layout, role, today), **(more or {})}
        records = [(item, item._flow_values(layout, common)) for item in items]
        wrong = {item: item._flow_issues(values) for item, values in records}
        result = flow_io.write(
            layout._spec(), [pair for pair in records if not wrong[pair[0]]]
        )
        refused = list(result.refused)
        refused += [
            RefusedRow(item, {}, tuple(issues))
            for item, issues in wrong.items()
            if issues
        ]
        file = self._create_file(role, layout, result, refused)
        file._create_records(result.written, refused)
        items.browse([row.key.id for row in result.written])._flow_written(file)
        file._log_refused(refused)
        return file

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
    def _create_file(self, role, layout, result, refused):
        now = fields.Datetime.now()
        local = fields.Datetime.context_timestamp(self.with_context(tz=str(ROME)), now)
        amounts = (row.key._flow_record_vals()["amount"] for row in result.written)
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
                    "state": "generated" if result.data else "refused",
                    "count_written": len(result.written),
                    "count_refused": len(refused),
                    "amount_total": sum(amounts),
                    "exported_by_id": self.env.uid,
                    "exported_on": now,
                }
            )
        )
        file._keep(result.data)
        return self.sudo().browse(file.id)

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

    def _create_records(self, written, refused):
        """One record for each item, in the file or refused by the layout.

        :param written: flow_io.WrittenRow sequence, keys are the items
        :param refused: flow_io.RefusedRow sequence
        """
        vals_list = [
            {
                "file_id": self.id,
                **row.key._flow_record_vals(),
                "row_number": number,
                "raw_values": row.texts,
                "state": "written",
            }
            for number, row in enumerate(written, 1)
        ]
        vals_list += [
            {
                "file_id": self.id,
                **row.key._flow_record_vals(),
                "raw_values": row.texts,
                "issues": [issue_vals(issue) for issue in row.issues],
                "state": "refused",
            }
            for row in refused
        ]
        self.env["cmor.flow.record"].sudo()._guarded().create(vals_list)

    def _log_refused(self, refused):
        event = self.env["cmor.practice.event"]
        event.sudo()._guarded().create(
            [
                event._prepare_vals(
                    row.key._flow_owner()[0],
                    "refused",
                    {
                        "issues": " ".join(
                            issue_line(self.env, issue_vals(issue))
                            for issue in row.issues
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
        number, vals_list = role.code_next, []
        used = self._taken(role.company_id)
        for item in todo:
            practice, request = item._flow_owner()
            customer = practice.partner_id.billing_code
            code = role._next_code(today, number, customer)
            # a changed pattern may run into a code of the past: skip it
            while code in used:
                number += 1
                code = role._next_code(today, number, customer)
            number += 1
            used.add(code)
            item._guarded().write({"code": code})
            vals_list.append(
                {
                    "company_id": role.company_id.id,
                    "code": code,
                    "practice_id": practice.id,
                    "request_id": request.id,
                    "role_id": role.id,
                    "date": today,
                }
            )
        role.code_next = number
        self._guarded().create(vals_list)
