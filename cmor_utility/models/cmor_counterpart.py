from stdnum.exceptions import ValidationError as NumberError
from stdnum.it import iva

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

KINDS = [
    ("distributor", "Distributor"),
    ("udd", "Network user (UDD)"),
    ("cc", "Seller (CC)"),
    ("csea", "CSEA"),
    ("gestore", "Gestore (SII)"),
]


class CmorCounterpart(models.Model):
    """In which capacity a partner takes part in the Sistema Indennitario.

    A distributor is found from the POD (characters 3 to 5) or from the first digits of
    the PDR, by the codes written here.
    """

    _name = "cmor.counterpart"
    _description = "Counterpart of the Sistema Indennitario"
    _order = "kind, partner_id, date_from desc, id"
    _rec_name = "partner_id"
    _check_company_auto = True

    partner_id = fields.Many2one(
        "res.partner", required=True, index=True, check_company=True, ondelete="cascade"
    )
    kind = fields.Selection(KINDS, string="SII role", required=True)
    sector = fields.Selection(
        [("electricity", "Electricity"), ("gas", "Gas")], help="Empty: both."
    )
    vat = fields.Char(
        string="VAT number",
        compute="_compute_vat",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        help="As known to the SII; proposed from the partner.",
    )
    date_from = fields.Date()
    date_to = fields.Date()
    point_codes = fields.Char(
        string="POD / PDR codes",
        help="Distributor: characters 3 to 5 of its PODs, or first digits of its PDRs,"
        " separated by commas.",
    )
    company_id = fields.Many2one(
        "res.company", index=True, help="Empty: the same for all companies."
    )
    active = fields.Boolean(default=True)

    _dates_check = models.Constraint(
        "CHECK(date_to IS NULL OR date_from IS NULL OR date_to >= date_from)",
        "A role cannot end before it begins.",
    )

    @api.depends("partner_id")
    def _compute_vat(self):
        for counterpart in self:
            vat = "".join((counterpart.partner_id.vat or "").split()).upper()
            counterpart.vat = vat.removeprefix("IT") or counterpart.vat

    @api.constrains("vat")
    def _check_vat(self):
        for counterpart in self:
            try:
                iva.validate(counterpart.vat)
            except NumberError as error:
                raise ValidationError(
                    self.env._(
                        "%(vat)s is not a valid VAT number.", vat=counterpart.vat
                    )
                ) from error

    @api.constrains("point_codes", "kind")
    def _check_point_codes(self):
        for counterpart in self:
            codes = counterpart._codes()
            if codes and counterpart.kind != "distributor":
                raise ValidationError(
                    self.env._("Only a distributor has codes of PODs and PDRs.")
                )
            if any(not code.isalnum() for code in codes):
                raise ValidationError(
                    self.env._("The codes are letters and digits, between commas.")
                )

    def _codes(self):
        codes = (self.point_codes or "").split(",")
        return [code.strip().upper() for code in codes if code.strip()]

    @api.model
    def _in_force(self, company, kind, day):
        """Counterparts of a kind on ``day``: the company's own first."""
        found = self.sudo().search(
            Domain("kind", "=", kind)
            & Domain("company_id", "in", [False, company.id])
            & (Domain("date_from", "=", False) | Domain("date_from", "<=", day))
            & (Domain("date_to", "=", False) | Domain("date_to", ">=", day))
        )
        return found.sorted(lambda c: not c.company_id)

    @api.model
    def _by_vat(self, company, kind, day):
        """{VAT number: counterpart} of a kind on ``day``."""
        found = {}
        for counterpart in self._in_force(company, kind, day):
            found.setdefault(counterpart.vat, counterpart)
        return found

    @api.model
    def _distributors(self, company, points, day):
        """Who distributes at these points.

        :param points: list of (sector, POD or PDR)
        :return: {(sector, code): res.partner}, only those found; the longest code wins
        """
        table = []
        for counterpart in self._in_force(company, "distributor", day):
            table += [(code, counterpart) for code in counterpart._codes()]
        table.sort(key=lambda row: -len(row[0]))
        answer = {}
        for sector, point in points:
            text = "".join((point or "").split()).upper()
            digits = text[2:5] if sector == "electricity" else text
            for code, counterpart in table:
                fits = not counterpart.sector or counterpart.sector == sector
                if fits and digits and digits.startswith(code):
                    answer[sector, point] = counterpart.partner_id
                    break
        return answer
