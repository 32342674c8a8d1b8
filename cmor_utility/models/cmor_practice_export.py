from zoneinfo import ZoneInfo

from stdnum.it import codicefiscale, iva

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError

from ..formats import flow_csv
from ..formats.flow_layout import Issue
from ..rules import eligibility
from ..rules.person_name import split_name
from .cmor_company_role import SECTOR_CODES
from .cmor_practice_facts import _cents
from .texts import issue_line, issue_vals

FLOW_KEY = "claim_request"
ROME = ZoneInfo("Europe/Rome")
NOTICE_CODES = {"ar": "R", "pec": "P"}


class CmorPractice(models.Model):
    """Export of the requests: values, check against the layout, file; only once.

    Two users who export at once never put a practice into two files: the role's row is
    locked first, then the practices', states are read again behind the lock, and a
    unique index on the live record is the last word.
    """

    _inherit = "cmor.practice"

    # --- actions --------------------------------------------------------------

    def action_export(self):
        """Button of an operator: make the request file (SI1.0050) of ready practices.

        With a layout that nobody has confirmed or accepted yet, asks first.

        :return: action that opens the file made, or the question
        """
        self._check_may_operate()
        today = fields.Date.context_today(self)
        self._check_can_export(today)
        layouts = self.env["cmor.flow.layout"]
        for company in self.company_id:
            layouts |= layouts._find(FLOW_KEY, company, today)
        if not all(layout._is_usable() for layout in layouts):
            return self._ask_about_layout(layouts)
        return self._show_files(self._export(today))

    # --- guards ---------------------------------------------------------------

    def _check_can_export(self, today):
        """UserError with all the reasons why these practices may not leave."""
        reasons = []
        for practice in self:
            reason = practice._cannot_export_reason(today)
            if reason:
                reasons.append(f"{practice.display_name}: {reason}")
        if reasons:
            raise UserError("\n".join(reasons))

    def _cannot_export_reason(self, today):
        """Why the practice may not be exported; False when it may."""
        self.ensure_one()
        if self.side != "outgoing" or self.state != "ready":
            return self.env._("only ready practices are exported.")
        return self._role_warning(today)

    # --- export ---------------------------------------------------------------

    def _export(self, today):
        """Make one file for each role.

        The facts are read again: a practice whose facts changed since it was confirmed
        goes back to candidate and stays out.

        :param date today: day of the facts and of the layout
        :return: cmor.flow.file recordset (a file where nothing could be written is in
            state ``refused`` and says why)
        """
        files = self.env["cmor.flow.file"].sudo()
        practices = self._locked_for_export(today)
        for role, group in practices.grouped("role_id").items():
            layout = self.env["cmor.flow.layout"]._find(
                FLOW_KEY, role.company_id, today
            )
            files |= group._export_role(role, layout, today)
        practices._set_next()
        return files.with_env(self.env)

    def _locked_for_export(self, today):
        """The practices of ``self`` that are ready, behind the lock of their rows."""
        practices = self.sudo()
        try:
            practices.role_id.lock_for_update()
        except LockError as error:
            raise UserError(
                self.env._("Another export is running for this role: try again.")
            ) from error
        if practices.try_lock_for_update() != practices:
            raise UserError(
                self.env._("Another user is working on these practices: try again.")
            )
        practices.invalidate_recordset(["state", "code"])
        practices.role_id.invalidate_recordset(["code_next", "file_next"])
        practices._evaluate(today)
        practices._check_can_export(today)
        return practices

    def _export_role(self, role, layout, today):
        self._give_codes(role, today)
        common = self._flow_common(layout, role, today)
        records = [(p, p._flow_values(layout, common)) for p in self]
        wrong = {p: p._flow_issues(values) for p, values in records}
        result = flow_csv.write(
            layout._spec(), [item for item in records if not wrong[item[0]]]
        )
        refused = list(result.refused)
        refused += [
            flow_csv.RefusedRow(p, {}, tuple(issues))
            for p, issues in wrong.items()
            if issues
        ]
        file = self._create_file(role, layout, result, refused)
        file._create_records(result.written, refused)
        written = self.browse([row.key.id for row in result.written])
        written._move_to(
            "exported",
            "exported",
            lambda practice: {"code": practice.code, "file": file.name},
            file,
        )
        self._log_refused(refused, file)
        return file

    def _give_codes(self, role, today):
        """Give a code for ever to the practices that have none. The role is locked."""
        todo = self.filtered(lambda practice: not practice.code)
        codes = self.env["cmor.practice.code"].sudo()
        number, vals_list = role.code_next, []
        used = codes._taken(role.company_id)
        for practice in todo:
            code = role._next_code(today, number, practice.partner_id.billing_code)
            # a changed pattern may run into a code of the past: skip it
            while code in used:
                number += 1
                code = role._next_code(today, number, practice.partner_id.billing_code)
            number += 1
            used.add(code)
            practice._guarded().write({"code": code})
            vals_list.append(
                {
                    "company_id": role.company_id.id,
                    "code": code,
                    "practice_id": practice.id,
                    "role_id": role.id,
                    "date": today,
                }
            )
        role.code_next = number
        codes._guarded().create(vals_list)

    def _create_file(self, role, layout, result, refused):
        now = fields.Datetime.now()
        local = fields.Datetime.context_timestamp(self.with_context(tz=str(ROME)), now)
        name = self._free_file_name(role, layout, local)
        file = (
            self.env["cmor.flow.file"]
            .sudo()
            .with_context(mail_create_nolog=True, mail_create_nosubscribe=True)
            ._guarded()
            .create(
                {
                    "company_id": role.company_id.id,
                    "name": name,
                    "role_id": role.id,
                    "layout_id": layout.id,
                    "type_id": layout.type_id.id,
                    "layout_state": layout.state,
                    "state": "generated" if result.data else "refused",
                    "count_written": len(result.written),
                    "count_refused": len(refused),
                    "amount_total": sum(row.key.indemnity for row in result.written),
                    "exported_by_id": self.env.uid,
                    "exported_on": now,
                }
            )
        )
        file._keep(result.data)
        return self.env["cmor.flow.file"].sudo().browse(file.id)

    @api.model
    def _free_file_name(self, role, layout, now):
        """A name that no file of the company has: roles may share the VAT number.

        :raise UserError: the pattern gives a name taken and has no number to change it
        """
        files = self.env["cmor.flow.file"].sudo()
        before = None
        while True:
            name = layout._file_name(role.vat, role.file_next, now)
            role.file_next += 1
            if not files.search_count(
                [("company_id", "=", role.company_id.id), ("name", "=", name)], limit=1
            ):
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

    def _log_refused(self, refused, file):
        event = self.env["cmor.practice.event"]
        event.sudo()._guarded().create(
            [
                event._prepare_vals(
                    row.key,
                    "refused",
                    {
                        "issues": " ".join(
                            issue_line(self.env, issue_vals(issue))
                            for issue in row.issues
                        )
                    },
                    file=file,
                )
                for row in refused
            ]
        )

    # --- values ---------------------------------------------------------------

    @api.model
    def _flow_common(self, layout, role, today):
        """{source: value} of what is the same for all practices of a file."""
        service, flow = layout.type_id._split_code()
        parameters = self.env["cmor.parameter"]._values(role.company_id, today)
        return {
            "service_code": service,
            "flow_code": flow,
            "role_vat": role.vat,
            "gestore_vat": parameters.get("gestore_vat"),
            "cc_vat": role._seller_vat(),
        }

    def _flow_values(self, layout, common):
        """{field name: Python value} of this practice for ``layout``."""
        self.ensure_one()
        sources = {**common, **self._flow_sources()}
        return {field.name: sources.get(field.source) for field in layout.field_ids}

    def _flow_sources(self):
        """{source: value}: the closed list of what a layout may ask of a practice."""
        partner = self.partner_id
        fiscal_code = (partner.l10n_it_codice_fiscale or "").strip().upper()
        vat = _plain_vat(partner.vat)
        name = None if partner.is_company else split_name(partner.name, fiscal_code)
        lines = self.line_ids.filtered(lambda line: line.relevant_amount > 0)
        notices = self.notice_ids.sorted(lambda notice: (notice.sent_date, notice.id))
        electric = self.sector == "electricity"
        prev = self.prev_cmor_amount
        return {
            "code": self.code,
            "sii_code": self.sii_code,
            "sector_code": SECTOR_CODES[self.sector],
            "pod": self.supply_point_id.code if electric else None,
            "pdr": None if electric else self.supply_point_id.code,
            "fiscal_code": fiscal_code or None,
            "vat": vat or None,
            "foreign": int(self._is_foreign(fiscal_code)),
            "first_name": name[0] if name else None,
            "last_name": name[1] if name else None,
            "company_name": None if name else partner.name,
            "date_end": self.date_end,
            "credit": _cents(self.credit_amount),
            "indemnity": _cents(self.indemnity),
            "has_prev": int(bool(prev)),
            "prev_sii_code": self.prev_sii_code or None if prev else None,
            "prev_amount": _cents(prev) if prev else None,
            "bill_count": len(lines),
            "bills": [line._flow_item() for line in lines],
            "notice_count": len(notices),
            "notices": [_notice_item(notice) for notice in notices],
            "art4": int(self._is_art4_declared()),
            "note": None,
        }

    def _flow_issues(self, values):
        """What the layout cannot know: numbers with a check digit, the declaration."""
        issues = []
        fiscal_code, vat = values.get("CF"), values.get("PIVA")
        if fiscal_code and not self._is_foreign(fiscal_code):
            is_valid = codicefiscale.is_valid if len(fiscal_code) > 11 else iva.is_valid
            if not is_valid(fiscal_code):
                issues.append(Issue("bad_fiscal_code", "CF", fiscal_code))
        if vat and not self._is_foreign(fiscal_code) and not iva.is_valid(vat):
            issues.append(Issue("bad_vat", "PIVA", vat))
        return issues

    def _is_foreign(self, fiscal_code):
        """No Italian tax code and an address abroad (CF_STRANIERO)."""
        country = self.partner_id.country_id
        return bool(country) and country.code != "IT" and not fiscal_code

    def _is_art4_declared(self):
        """Declared by a person, and the conditions of art. 4.1 answered yes."""
        results = {c.code: c.result for c in self.condition_ids}
        return bool(self.art4_declared_by_id) and all(
            results.get(code) == eligibility.YES for code in eligibility.ART4_CODES
        )

    # --- dialogs --------------------------------------------------------------

    def _ask_about_layout(self, layouts):
        return {
            "type": "ir.actions.act_window",
            "res_model": "cmor.export.wizard",
            "view_mode": "form",
            "target": "new",
            "name": self.env._("Layout to be checked"),
            "context": {
                "default_practice_ids": self.ids,
                "default_layout_ids": layouts.ids,
            },
        }

    def _show_files(self, files):
        action = self.env["ir.actions.actions"]._for_xml_id(
            "cmor_utility.cmor_flow_file_action"
        )
        if len(files) == 1:
            return {
                **action,
                "res_id": files.id,
                "view_mode": "form",
                "views": [(False, "form")],
            }
        return {**action, "domain": [("id", "in", files.ids)]}


def _plain_vat(vat):
    """VAT number without the country's letters and blanks."""
    vat = "".join((vat or "").split()).upper()
    return vat.removeprefix("IT")


def _notice_item(notice):
    return {
        "sent": notice.sent_date,
        "channel": NOTICE_CODES.get(notice.channel, ""),
        "received": notice.notified_date or None,
        "term": notice.pay_term or None,
        "reference": notice.ref,
    }
