import re

from stdnum.exceptions import ValidationError as NumberError
from stdnum.it import iva

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

from ..rules import patterns

SECTORS = [("electricity", "Electricity"), ("gas", "Gas")]
SECTOR_CODES = {"electricity": "E", "gas": "G"}
DEFAULT_PATTERN = "{sector}{yy}-{seq:8}"


class CmorCompanyRole(models.Model):
    """In which capacity a company takes part in the Sistema Indennitario.

    Only the operators assigned to an accredited role produce its flows or mark them as
    sent; a role without accreditation exports nothing and says why.
    """

    _name = "cmor.company.role"
    _description = "Role of a company in the Sistema Indennitario"
    _inherit = "mail.thread"
    _keeps_notes = True
    _order = "company_id, sector, role, date_from desc"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    active = fields.Boolean(default=True)
    role = fields.Selection(
        [
            ("udd", "Dispatching (electricity) or distribution (gas) user"),
            ("cc", "Seller (commercial counterpart)"),
        ],
        required=True,
        default="udd",
        tracking=True,
    )
    sector = fields.Selection(SECTORS, required=True, tracking=True)
    side_outgoing = fields.Boolean(
        string="Outgoing side",
        default=True,
        help="Claims the credit of customers who left.",
    )
    side_incoming = fields.Boolean(
        string="Incoming side", help="Is charged the CMOR of customers who arrive."
    )
    vat = fields.Char(
        string="VAT number", required=True, tracking=True, help="As known to the SII."
    )
    date_from = fields.Date(required=True)
    date_to = fields.Date()
    udd_partner_id = fields.Many2one(
        "res.partner",
        string="Its UDD",
        check_company=True,
        tracking=True,
        help="The user of the network through which this seller's requests leave.",
    )
    accreditation_state = fields.Selection(
        [
            ("none", "Not requested"),
            ("requested", "Requested"),
            ("accredited", "Accredited"),
            ("suspended", "Suspended"),
        ],
        string="Accreditation",
        required=True,
        default="none",
        tracking=True,
        help="Registration to the indemnity system on the portal (TISIND art. 3).",
    )
    accreditation_date = fields.Date(tracking=True)
    portal_user = fields.Char(help="Code of the user on the portal; no password here.")
    user_ids = fields.Many2many(
        "res.users",
        "cmor_company_role_user_rel",
        "role_id",
        "user_id",
        string="Operators",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Who may confirm practices, produce files and mark them as sent.",
    )
    code_pattern = fields.Char(
        string="Pattern of the practice codes",
        required=True,
        default=DEFAULT_PATTERN,
        help="Tokens: {sector} {year} {yy} {company} {customer} {seq:N}. At most 15"
        " characters, letters, digits, - and _.",
    )
    company_code = fields.Char(
        string="Company code", size=4, help="What {company} stands for in the pattern."
    )
    code_next = fields.Integer(string="Next number", default=1, required=True)
    code_preview = fields.Char(compute="_compute_code_preview")
    file_next = fields.Integer(default=1, required=True, readonly=True, copy=False)
    can_operate = fields.Boolean(compute="_compute_can_operate")
    warning = fields.Char(compute="_compute_warning")

    _role_uniq = models.Constraint(
        "UNIQUE(company_id, role, sector, date_from)",
        "The company has this role from that date already.",
    )
    _dates_check = models.Constraint(
        "CHECK(date_to IS NULL OR date_to >= date_from)",
        "A role cannot end before it begins.",
    )
    _next_check = models.Constraint(
        "CHECK(code_next > 0)", "The next number starts from 1."
    )

    @api.depends("role", "sector", "company_id")
    def _compute_display_name(self):
        roles = {"udd": "UDD", "cc": "CC"}
        sectors = dict(self._fields["sector"]._description_selection(self.env))
        for record in self:
            parts = [
                record.company_id.name or "",
                roles.get(record.role, ""),
                sectors.get(record.sector, ""),
            ]
            record.display_name = " · ".join(part for part in parts if part)

    @api.depends("code_pattern", "company_code", "sector", "code_next")
    def _compute_code_preview(self):
        today = fields.Date.context_today(self)
        for role in self:
            try:
                role.code_preview = role._make_code(today, role.code_next, "C0012345")
            except patterns.PatternError as error:
                role.code_preview = role._pattern_error_text(error)

    @api.depends("user_ids")
    @api.depends_context("uid")
    def _compute_can_operate(self):
        for role in self:
            role.can_operate = role._is_operator()

    @api.depends(
        "active",
        "accreditation_state",
        "user_ids",
        "date_from",
        "date_to",
        "role",
        "side_outgoing",
        "side_incoming",
    )
    def _compute_warning(self):
        today = fields.Date.context_today(self)
        for role in self:
            side = "outgoing" if role.side_outgoing else "incoming"
            role.warning = role._cannot_export_reason(today, side)

    @api.constrains("code_pattern", "company_code", "sector", "code_next")
    def _check_code_pattern(self):
        today = fields.Date.context_today(self)
        for role in self:
            try:
                role._make_code(today, role.code_next, "C0012345")
            except patterns.PatternError as error:
                raise ValidationError(role._pattern_error_text(error)) from error

    @api.constrains("vat")
    def _check_vat(self):
        for role in self:
            try:
                iva.validate(role.vat)
            except NumberError as error:
                raise ValidationError(
                    self.env._("%(vat)s is not a valid VAT number.", vat=role.vat)
                ) from error

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("vat"):
                vals["vat"] = iva.compact(vals["vat"])
        return super().create(vals_list)

    def write(self, vals):
        if vals.get("vat"):
            vals = {**vals, "vat": iva.compact(vals["vat"])}
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if (
            self.env["cmor.flow.file"]
            .sudo()
            .search_count([("role_id", "in", self.ids)], limit=1)
        ):
            raise ValidationError(
                self.env._("A role that has produced files is archived, not deleted.")
            )

    # --- who may act ----------------------------------------------------------

    def _is_operator(self):
        """Whether the current user is assigned to this role (or is the program)."""
        self.ensure_one()
        return self.env.su or self.env.user in self.sudo().user_ids

    def _cannot_export_reason(self, day, side="outgoing"):
        """Why no flow may leave for this role on ``day``; False when it may.

        :param str side: side of the practices that the flow is about; None: any
        """
        self.ensure_one()
        if not self.active:
            return self.env._("The role is archived: nothing leaves for it any more.")
        if self.date_from and self.date_from > day:
            return self.env._(
                "The role begins on %(date)s.",
                date=format_date(self.env, self.date_from),
            )
        if self.date_to and self.date_to < day:
            return self.env._(
                "The role ended on %(date)s.", date=format_date(self.env, self.date_to)
            )
        if side == "outgoing" and not self.side_outgoing:
            return self.env._("The role does not cover the outgoing side.")
        if side == "incoming" and not self.side_incoming:
            return self.env._("The role does not cover the incoming side.")
        if self.role != "udd" and not self.udd_partner_id:
            return self.env._(
                "A seller that is not the user of the network never talks to the SII:"
                " its requests leave through its UDD. Write on the role who that is."
            )
        if self.role == "udd" and self.accreditation_state != "accredited":
            return self.env._(
                "The role is not accredited to the indemnity system (TISIND art. 3)."
            )
        if not self.sudo().user_ids:
            return self.env._(
                "No operator is assigned to the role: add one in Configuration, Roles."
            )
        return False

    def _check_operator(self):
        """AccessError unless the current user is assigned to every role of ``self``."""
        for role in self:
            if not role._is_operator():
                raise AccessError(
                    self.env._(
                        "Only the operators assigned to %(role)s may do this: a manager"
                        " adds them in Configuration, Roles.",
                        role=role.display_name,
                    )
                )

    @api.model
    def _find_roles(self, companies, day, side="outgoing"):
        """Roles of a side in force on ``day``.

        :param str side: outgoing or incoming
        :return: {(company id, sector): role}; the network user (UDD) before the seller,
            an accredited role before one that is not
        """
        found = self.sudo().search(
            Domain("company_id", "in", companies.ids)
            & Domain(f"side_{side}", "=", True)
            & Domain("date_from", "<=", day)
            & (Domain("date_to", "=", False) | Domain("date_to", ">=", day))
        )
        ranked = found.sorted(
            lambda r: (r.role == "udd", r.accreditation_state == "accredited", r.id)
        )
        return {(role.company_id.id, role.sector): role for role in ranked}

    # --- codes -----------------------------------------------------------------

    def _code_roles(self):
        """The roles with the VAT numbers of these, whatever their company: the SII
        knows a code by that number and refuses it the second time."""
        roles = self.sudo().with_context(active_test=False)
        return roles.search([("vat", "in", self.mapped("vat"))])

    def _code_companies(self):
        """The companies that may have given codes under the VAT number of this role."""
        return self._code_roles().company_id | self.company_id

    def _make_code(self, day, number, customer_code):
        """The practice code number ``number`` by the role's pattern."""
        values = {
            "sector": SECTOR_CODES.get(self.sector, ""),
            "year": str(day.year),
            "yy": f"{day.year % 100:02d}",
            "company": self.company_code or "",
            # of the customer's code what a practice code may hold: C/12 is C12
            "customer": re.sub(r"[^A-Za-z0-9]", "", customer_code or ""),
            "seq": number,
        }
        return patterns.practice_code(self.code_pattern or "", values)

    def _next_code(self, day, number, customer_code):
        """Like ``_make_code``; UserError when the pattern has no code left."""
        try:
            return self._make_code(day, number, customer_code)
        except patterns.PatternError as error:
            raise UserError(
                self.env._(
                    "No practice code can be given for %(role)s: %(reason)s Change the"
                    " pattern of the practice codes on the role: the codes given stay.",
                    role=self.display_name,
                    reason=self._pattern_error_text(error),
                )
            ) from error

    def _claim_key(self):
        """Key of the flow by which claims leave: to the SII, or to our UDD."""
        self.ensure_one()
        return "claim_request" if self.role == "udd" else "cc_request"

    def _udd_vat(self):
        """VAT number of the network user: our own, or that of our UDD."""
        self.ensure_one()
        if self.role == "udd":
            return self.vat
        vat = "".join((self.udd_partner_id.vat or "").split()).upper()
        return vat.removeprefix("IT") or None

    def _pattern_error_text(self, error):
        code, value = error.args
        texts = {
            "unknown_token": self.env._("Unknown token {%(value)s}.", value=value),
            "brace": self.env._("A brace is not closed in %(value)s.", value=value),
            "no_seq": self.env._("The pattern needs {seq:N}: codes must differ."),
            "too_long": self.env._(
                "%(value)s is longer than 15 characters.", value=value
            ),
            "bad_char": self.env._(
                "%(value)s: only letters, digits, - and _ are allowed.", value=value
            ),
        }
        return texts[code]
