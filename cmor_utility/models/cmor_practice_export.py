from stdnum.it import codicefiscale, iva

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.utility_supply.formats.record_layout import Issue

from ..rules import eligibility
from ..rules.amount import netted
from ..rules.person_name import split_name
from .cmor_company_role import SECTOR_CODES
from .cmor_practice_facts import _cents
from .flow_file_maker import CHUNK, FileMaker

# ready before the export, and no longer when the facts were read again
STAYED = ("candidate", "blocked", "expired")
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
        # many practices: not every column of them
        self.fetch(["role_id", "state", "side"])
        self._check_may_operate()
        today = fields.Date.context_today(self)
        self._check_can_export(today)
        layouts = self.env["cmor.flow.layout"]
        for role in self.role_id:
            layouts |= layouts._find(role._claim_key(), role.company_id, today)
        if not all(layout._is_usable() for layout in layouts):
            return self._ask_about_layout(layouts)
        return self._show_files(self._export(today))

    # --- guards ---------------------------------------------------------------

    def _check_can_export(self, today):
        """UserError with all the reasons why these practices may not leave."""
        problems = self._export_problems(today)
        if problems:
            raise UserError("\n".join(problems))

    def _export_problems(self, today):
        """Why practices may not leave: a text for each that may not."""
        return [
            f"{practice.display_name}: {reason}"
            for practice in self
            if (reason := practice._cannot_export_reason(today))
        ]

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
        goes back to candidate, stays out and is told; the others leave.

        :param date today: day of the facts and of the layout
        :return: cmor.flow.file recordset (a file where nothing could be written is in
            state ``refused`` and says why)
        """
        files = self.env["cmor.flow.file"].sudo()
        practices = self._locked_for_export()
        makers, problems = {}, []
        for start in range(0, len(practices), CHUNK):
            chunk = practices[start : start + CHUNK]
            others = chunk.filtered(lambda p: p.state != "ready")
            problems += others._export_problems(today)
            chunk._evaluate(today)
            # what changed behind the confirmation is seen and confirmed again first
            chunk = chunk.filtered(lambda p: p.state == "ready")
            problems += chunk._export_problems(today)
            if not problems:  # else nothing leaves: what was written is undone
                for role, group in chunk.grouped("role_id").items():
                    if role not in makers:
                        key = role._claim_key()
                        makers[role] = FileMaker(files, role, key, today)
                    makers[role].add(group)
                chunk._set_next()
            if len(practices) > CHUNK:
                files._forget_chunk()
        if problems:
            raise UserError("\n".join(problems))
        files = files.union(*(maker.close() for maker in makers.values()))
        return files.with_env(self.env)

    def _locked_for_export(self):
        """The practices, behind the lock of their rows and of their roles."""
        practices = self.sudo()
        domain = [("id", "in", practices.ids)]
        roles = self.env["cmor.company.role"].sudo()
        for (role,) in practices._read_group(domain, ["role_id"]):
            roles |= role
        self.env["cmor.flow.file"].sudo()._lock_role(roles)
        if practices.try_lock_for_update() != practices:
            raise UserError(
                self.env._("Another user is working on these practices: try again.")
            )
        practices.invalidate_recordset(["state", "code"])
        return practices

    # --- what the maker of files asks of a practice -----------------------------

    def _flow_prefetch(self):
        """Read what the values need, for all at once, and no other columns."""
        self.partner_id.fetch(
            [
                "name",
                "is_company",
                "vat",
                "l10n_it_codice_fiscale",
                "billing_code",
                "country_id",
            ]
        )
        self.supply_point_id.fetch(["code"])
        self.line_ids.fetch(["move_id", "name", "relevant_amount", "total_amount"])
        self.line_ids.move_id.fetch(["invoice_date", "invoice_date_due"])
        self.notice_ids.fetch(
            ["channel", "sent_date", "notified_date", "pay_term", "ref"]
        )

    def _flow_owner(self):
        """The practice, and the request when it is not the claim itself."""
        return self, self.env["cmor.practice.request"]

    def _flow_record_vals(self):
        """Values of its record in the file."""
        return {
            "practice_id": self.id,
            "code": self.code,
            "amount": self.indemnity,
        }

    def _flow_written(self, file):
        """They are in the file: the state follows."""
        self._move_to(
            "exported",
            "exported",
            lambda practice: {"code": practice.code, "file": file.name},
            file,
        )

    # --- values ---------------------------------------------------------------

    def _flow_values(self, layout, common):
        """{field name: Python value} of this practice for ``layout``."""
        self.ensure_one()
        sources = {**common, **self._flow_sources()}
        return {field.name: sources.get(field.source) for field in layout.fields}

    def _flow_sources(self):
        """{source: value}: the closed list of what a layout may ask of a practice."""
        partner = self.partner_id
        fiscal_code = (partner.l10n_it_codice_fiscale or "").strip().upper()
        vat = _plain_vat(partner.vat)
        name = None if partner.is_company else split_name(partner.name, fiscal_code)
        bills = self._flow_bills()
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
            "bill_count": len(bills),
            "bills": bills,
            "notice_count": len(notices),
            "notices": [_notice_item(notice) for notice in notices],
            "art4": int(self._is_art4_declared()),
            "cc_vat": self._seller_vat(),
            "note": None,
        }

    def _flow_bills(self):
        """The bills claimed as items of the flow; their amounts add up to the credit.

        An open credit note is no item: it lowers those of the bills.
        """
        lines = self.line_ids.filtered("relevant_amount")
        parts = {line: _cents(line.relevant_amount) for line in lines}
        return [
            {**line._flow_item(), "amount": amount}
            for line, amount in netted(parts).items()
        ]

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
        """Declared by a person, and all conditions, so those of art. 4.1, are met."""
        return bool(self.art4_declared_by_id) and self.verdict == eligibility.YES

    def _seller_vat(self):
        """VAT number of the seller: our own, or that of the seller we act for."""
        return self.cc_vat or self.role_id.vat

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
        """Action that opens the files made; who stayed here is told first."""
        self.fetch(["state"])
        stayed = self.filtered(lambda practice: practice.state in STAYED)
        action = (files or stayed)._action_show()
        if not stayed:
            return action
        names = stayed[:5].mapped("display_name")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "message": self.env._(
                    "%(count)s practices stayed here, their facts have changed since"
                    " they were confirmed: look at them and confirm again. %(names)s",
                    count=len(stayed),
                    names=", ".join(names) + (" ..." if stayed[5:] else ""),
                ),
                "next": action,
            },
        }


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
