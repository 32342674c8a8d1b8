"""Where a gateway of text messages tells what became of them."""

from odoo import http
from odoo.http import request

from ..drivers.sms_gateway import MAX_ANSWER


class SmsReport(http.Controller):
    @http.route(
        "/creditbox/sms/<string:token>",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
    )
    def report(self, token, **_query):
        """A delivery report. 404: no such gateway; 403: not signed by it; 404 with a
        body: no message of it is known (yet), the gateway may tell again."""
        data = request.httprequest.get_data(cache=True, parse_form_data=False)
        provider = request.env["dunning.service.provider"]._of_report_token(token)
        if not provider:
            return request.make_response("unknown", status=404)
        signature = request.httprequest.headers.get(
            provider.sms_report_header or "X-Signature", ""
        )
        if len(data) > MAX_ANSWER or not provider._is_report_signed(data, signature):
            return request.make_response("refused", status=403)
        known = request.env["dunning.channel.sms"].sudo()._read(provider, data)
        return request.make_response(
            "ok" if known else "no message", status=200 if known else 404
        )
