from odoo import api, models
from odoo.fields import Domain


class CmorFlowFile(models.Model):
    """Files: to be sent, without an answer, with records that wait."""

    _name = "cmor.flow.file"
    _inherit = ["cmor.flow.file", "cmor.attention.mixin"]

    @api.model
    def _attention_domains(self):
        is_out = Domain("direction", "=", "out")
        claims = (
            Domain("practice_id.state", "=", "sent")
            & Domain("state", "=", "sent")
            & Domain("request_id", "=", False)
            & Domain("returned_id", "=", False)
            & Domain("receipt_id", "=", False)
            # one that was refused has left again, in another file
            & Domain("answer", "!=", "refused")
        )
        unanswered = Domain("record_ids", "any", claims)
        unanswered &= self._sii_is_late("sent_on")
        unanswered |= self._requests_late("sent_on", "record_ids.request_id")
        return [
            (
                "late",
                "unanswered",
                is_out & Domain("state", "=", "sent") & unanswered,
            ),
            ("action", "to_send", is_out & Domain("state", "=", "generated")),
            (
                "check",
                "file_refused",
                Domain("direction", "=", "in") & Domain("state", "=", "refused"),
            ),
            (
                "check",
                "records_wait",
                Domain("direction", "=", "in")
                & (
                    Domain("state", "=", "partial")
                    | Domain("record_ids", "any", [("state", "=", "waiting")])
                ),
            ),
        ]


class CmorFlowRecord(models.Model):
    """Records: received ones that wait for a decision."""

    _name = "cmor.flow.record"
    _inherit = ["cmor.flow.record", "cmor.attention.mixin"]

    @api.model
    def _attention_domains(self):
        return [
            ("check", "record_waits", Domain("state", "=", "waiting")),
            (
                "action",
                "layout_refused",
                Domain("state", "=", "refused")
                & Domain("practice_id.state", "in", ("ready", "candidate")),
            ),
        ]


class CmorPracticeRequest(models.Model):
    """Requests: to be exported or sent, or without an answer."""

    _name = "cmor.practice.request"
    _inherit = ["cmor.practice.request", "cmor.attention.mixin"]

    @api.model
    def _attention_domains(self):
        return [
            ("late", "unanswered", self._requests_late("sent_on")),
            ("action", "to_export", Domain("state", "=", "to_export")),
            ("action", "to_send", Domain("state", "=", "exported")),
        ]
