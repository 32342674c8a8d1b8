from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules import messages
from .cmor_company_role import SECTOR_CODES


class CmorPracticeRequest(models.Model):
    """Export of the requests about running practices: one file a role and flow.

    Same locks, same codes for ever, same "once only" as the claims.
    """

    _inherit = "cmor.practice.request"

    answer_days = fields.Integer(compute="_compute_answer_days")
    can_operate = fields.Boolean(related="role_id.can_operate")

    @api.depends("sent_on", "state")
    def _compute_answer_days(self):
        """Days since it was sent, while nobody has answered."""
        now = fields.Datetime.now()
        for request in self:
            waits = request.state == "sent" and request.sent_on
            request.answer_days = (now - request.sent_on).days if waits else 0

    # --- actions --------------------------------------------------------------

    def action_export(self):
        """Button of an operator: make the files of these requests.

        :return: action that opens the files, or the question about the layout
        """
        self._check_may_send()
        today = fields.Date.context_today(self)
        self._check_can_export(today)
        layouts = self.env["cmor.flow.layout"]
        for request in self:
            layouts |= layouts._find(request.key, request.company_id, today)
        if not all(layout._is_usable() for layout in layouts):
            return {
                "type": "ir.actions.act_window",
                "res_model": "cmor.export.wizard",
                "view_mode": "form",
                "target": "new",
                "name": self.env._("Layout to be checked"),
                "context": {
                    "default_request_ids": self.ids,
                    "default_layout_ids": layouts.ids,
                },
            }
        return self._export(today)._action_show()

    # --- guards ---------------------------------------------------------------

    def _check_may_send(self):
        """Access to the practices and assignment to the roles of the requests."""
        self.check_access("read")
        self.practice_id.check_access("write")
        for request in self:
            if not request.role_id and not self.env.su:
                raise UserError(
                    self.env._(
                        "%(name)s: the request has no role.",
                        name=request.practice_id.display_name,
                    )
                )
        self.role_id._check_operator()

    def _check_can_export(self, today):
        """UserError with all the reasons why these requests may not leave."""
        reasons = []
        for request in self:
            reason = request._cannot_export_reason(today)
            if reason:
                reasons.append(f"{request.practice_id.display_name}: {reason}")
        if reasons:
            raise UserError("\n".join(reasons))

    def _cannot_export_reason(self, today):
        self.ensure_one()
        if self.state != "to_export":
            return self.env._("only requests to be exported leave.")
        if not self.role_id:
            return self.env._("the request has no role.")
        role = self.role_id.sudo()
        return role._cannot_export_reason(today, self.practice_id.side)

    # --- export ---------------------------------------------------------------

    def _export(self, today):
        """Make one file for each role and flow.

        :param date today: day of the layouts
        :return: cmor.flow.file recordset
        """
        files = self.env["cmor.flow.file"].sudo()
        requests = self.sudo()
        files._lock_role(requests.role_id)
        if (
            requests.try_lock_for_update() != requests
            or requests.practice_id.try_lock_for_update() != requests.practice_id
        ):
            raise UserError(
                self.env._("Another user is working on these practices: try again.")
            )
        requests.invalidate_recordset(["state", "code"])
        requests._check_can_export(today)
        groups = requests.grouped(lambda request: (request.role_id, request.key))
        for (role, key), group in groups.items():
            files |= files._make(role, key, group, today)
        requests.practice_id._set_next()
        return files.with_env(self.env)

    def _flow_prefetch(self):
        self.practice_id._flow_prefetch()

    def _flow_owner(self):
        return self.practice_id, self

    def _flow_record_vals(self):
        return {
            "practice_id": self.practice_id.id,
            "request_id": self.id,
            "code": self.code,
            "amount": self.amount or 0.0,
        }

    def _flow_written(self, file):
        self._set_state("exported")
        self._log_flow("request_exported", file)

    def _log_flow(self, kind, file):
        """An event on the practice of each request."""
        event = self.env["cmor.practice.event"]
        event.sudo()._guarded().create(
            [
                event._prepare_vals(
                    request.practice_id,
                    kind,
                    {
                        "flow": request.type_id.name,
                        "code": request.code or "-",
                        "file": file.name,
                    },
                    file=file,
                )
                for request in self
            ]
        )

    # --- values ---------------------------------------------------------------

    def _flow_values(self, layout, common):
        """{field name: Python value} of this request for ``layout``."""
        self.ensure_one()
        sources = {**common, **self._flow_sources()}
        return {field.name: sources.get(field.source) for field in layout.fields}

    def _flow_sources(self):
        """{source: value}: of the practice, then what only the request says."""
        practice = self.practice_id
        partner = practice.partner_id
        electric = practice.sector == "electricity"
        point = practice.supply_point_id.code or None
        said = messages.typed_params(self.values)
        named = {}
        if practice.side == "incoming":
            # as the SII named it in its notice
            told = practice._flow_sources()
            named = {key: told[key] for key in ("pod", "pdr", "fiscal_code", "vat")}
        return {
            "sii_code": practice.sii_code,
            "sector_code": SECTOR_CODES[practice.sector],
            "pod": point if electric else None,
            "pdr": None if electric else point,
            "fiscal_code": partner.l10n_it_codice_fiscale or None,
            "vat": _plain(partner.vat) or None,
            **named,
            "cancel_sii_code": practice.sii_code,
            "cancel_code": practice.code or None,
            "side_code": "U" if practice.side == "outgoing" else "E",
            "event_date": self.event_date or None,
            **{key: value for key, value in said.items() if value not in ("", None)},
            "code": self.code,
        }

    def _flow_issues(self, values):
        """What the layout cannot know: nothing here."""
        return []


class CmorPractice(models.Model):
    _inherit = "cmor.practice"

    @api.model
    def _export_requests(self, requests, today):
        """Files of requests about practices; see ``cmor.practice.request``.

        :param requests: cmor.practice.request in state to_export
        :param date today: day of the layouts
        :return: cmor.flow.file recordset
        """
        return requests._export(today)


def _plain(vat):
    return "".join((vat or "").split()).upper().removeprefix("IT")
