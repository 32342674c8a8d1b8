from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class CmorPracticeCode(models.Model):
    """Every code (CP_UTENTE) ever given to a practice, burnt for ever.

    The SII refuses a code it has seen; so a code is never given again, not even when
    its file was discarded or its request refused.
    """

    _name = "cmor.practice.code"
    _description = "Practice code, burnt"
    _inherit = "utility.guarded.mixin"
    _rec_name = "code"
    _order = "id desc"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    code = fields.Char(required=True, readonly=True)
    practice_id = fields.Many2one(
        "cmor.practice",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    # the code of a request about the practice, not of the claim
    request_id = fields.Many2one(
        "cmor.practice.request",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
    )
    role_id = fields.Many2one("cmor.company.role", readonly=True, check_company=True)
    date = fields.Date(required=True, readonly=True)

    _code_uniq = models.Constraint(
        "UNIQUE(company_id, code)", "This practice code has been used already."
    )

    @api.model
    def _taken(self, companies, codes=None):
        """Codes ever given in the companies, and those of practices loaded otherwise.

        :param companies: those that the SII knows by one VAT number
        :param list codes: look at these only
        """
        wanted = SQL("AND code = ANY(%s)", codes) if codes is not None else SQL()
        rows = self.env.execute_query(
            SQL(
                "SELECT code FROM cmor_practice_code"
                " WHERE company_id = ANY(%(companies)s) %(wanted)s"
                " UNION SELECT code FROM cmor_practice"
                " WHERE company_id = ANY(%(companies)s)"
                " AND code IS NOT NULL %(wanted)s",
                companies=companies.ids,
                wanted=wanted,
            )
        )
        return {code for (code,) in rows}

    def _check_guarded(self, vals):
        # OVERRIDE utility_supply: nothing here is ever written by hand
        if vals and not self._is_guard_open():
            raise UserError(self.env._("Practice codes are given by the program."))

    def write(self, vals):
        # OVERRIDE: append-only, for everybody
        if vals:
            raise UserError(self.env._("A practice code is never changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        # for everybody, the superuser included
        raise UserError(self.env._("A practice code is burnt for ever."))
