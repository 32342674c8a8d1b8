from odoo import http
from odoo.exceptions import AccessError, MissingError
from odoo.http import request

from odoo.addons.utility_supply.controllers.file_response import file_response


class DunningStatement(http.Controller):
    """The statement of account of a customer, with the reader's own rights."""

    @http.route(
        "/creditbox_dunning/statement/<int:partner_id>/<int:company_id>",
        type="http",
        auth="user",
        methods=["GET"],
    )
    def document(self, partner_id, company_id, **_ignored):
        """PDF, or HTML where there is no wkhtmltopdf."""
        # a company of the reader's own: the others do not exist for the reader
        company = request.env.user.company_ids.filtered(lambda c: c.id == company_id)
        if not company:
            raise request.not_found()
        env = request.env(
            context={**request.env.context, "allowed_company_ids": company.ids}
        )
        try:
            partner = env["res.partner"].browse(partner_id)
            return file_response(*partner._dunning_statement_document(company))
        except (AccessError, MissingError) as error:
            raise request.not_found() from error
