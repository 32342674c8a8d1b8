from odoo import fields, models


class UtilityResidualReport(models.Model):
    """What is open of each bill: the billing system against Odoo.

    Both amounts are in the sense of the document: positive while something is due on
    a bill or to be given back on a credit note.
    """

    _name = "utility.residual.report"
    _description = "Residual comparison"
    _auto = False
    _rec_name = "billing_ref"
    _order = "id desc"

    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    move_id = fields.Many2one("account.move", string="Bill", readonly=True)
    move_type = fields.Selection(
        [("out_invoice", "Bill"), ("out_refund", "Credit note")], readonly=True
    )
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    contract_id = fields.Many2one("utility.contract", readonly=True)
    billing_ref = fields.Char(string="Bill number", readonly=True)
    invoice_date = fields.Date(string="Issued", readonly=True)
    odoo_residual = fields.Monetary(string="Open in Odoo", readonly=True)
    billing_residual = fields.Monetary(string="Open in billing", readonly=True)
    difference = fields.Monetary(readonly=True, help="Odoo minus billing.")
    is_different = fields.Boolean(string="Different", readonly=True)
    date = fields.Date(string="Told by billing on", readonly=True)

    @property
    def _table_query(self):
        # `is_different` is written as in the partial index of account_move, so that
        # the default filter reads the index and not the table
        return """
            SELECT id,
                   id AS move_id,
                   company_id,
                   currency_id,
                   move_type,
                   partner_id,
                   utility_contract_id AS contract_id,
                   billing_ref,
                   invoice_date,
                   amount_residual AS odoo_residual,
                   billing_residual,
                   amount_residual - COALESCE(billing_residual, 0) AS difference,
                   (abs(sign(amount_residual - COALESCE(billing_residual, 0))) = 1)
                       AS is_different,
                   billing_residual_date AS date
              FROM account_move
             WHERE billing_residual_date IS NOT NULL
               AND state = 'posted'
        """

    def action_open_bill(self):
        """Button: the bill behind the row."""
        self.ensure_one()
        return self.move_id._get_records_action(name=self.move_id.name)
