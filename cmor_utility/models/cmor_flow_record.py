from odoo import api, fields, models
from odoo.exceptions import UserError

from .texts import issue_line


class CmorFlowRecord(models.Model):
    """One practice inside a flow file: the values exactly as written.

    Ours: a record refused by the layout is kept too, with the field and the rule, but
    is not in the file. Received: the raw row, what it means, and what became of it; how
    it is applied is in ``cmor_flow_record_apply.py``.
    """

    _name = "cmor.flow.record"
    _description = "Record of a flow file"
    _inherit = "utility.guarded.mixin"
    _order = "file_id, row_number, id"
    _check_company_auto = True

    file_id = fields.Many2one(
        "cmor.flow.file", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        related="file_id.company_id", store=True, index=True, precompute=True
    )
    type_id = fields.Many2one(
        related="file_id.type_id", store=True, index=True, precompute=True
    )
    practice_id = fields.Many2one(
        "cmor.practice",
        readonly=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    # the request of ours that is in the file, or that the answer is about
    request_id = fields.Many2one(
        "cmor.practice.request",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
    )
    # for an answer: the record of ours that it answers
    answered_id = fields.Many2one(
        "cmor.flow.record",
        string="Answers",
        readonly=True,
        index="btree_not_null",
        check_company=True,
    )
    direction = fields.Selection(related="file_id.direction", store=True)
    # by source, as understood; dates and decimals as in rules.messages.encode_params
    values = fields.Json(readonly=True)
    row_number = fields.Integer(string="Row", readonly=True)
    code = fields.Char(string="Practice code", readonly=True, index=True)
    sii_code = fields.Char(
        string="SII code", readonly=True, index="btree_not_null", help="CP_GESTORE."
    )
    amount = fields.Monetary(readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    raw_values = fields.Json(readonly=True)
    raw_text = fields.Text(compute="_compute_raw_text", string="Values as written")
    state = fields.Selection(
        [
            ("written", "In the file"),
            ("sent", "Sent"),
            ("discarded", "Discarded"),
            ("refused", "Refused by the layout"),
            ("new", "To be applied"),
            ("waiting", "To be checked"),
            ("applied", "Applied"),
            ("repeated", "Known already"),
            ("set_aside", "Put aside"),
        ],
        required=True,
        readonly=True,
        index=True,
    )
    # what the SII answered to a record of ours
    answer = fields.Selection(
        [("accepted", "Accepted"), ("refused", "Refused")], readonly=True
    )
    issues = fields.Json(readonly=True)
    issue_text = fields.Text(compute="_compute_issue_text", string="What is wrong")
    file_state = fields.Selection(related="file_id.state", string="File state")
    exported_on = fields.Datetime(related="file_id.exported_on")

    # the last defence against a practice in two files: the database itself
    _live_uniq = models.UniqueIndex(
        "(practice_id, type_id) WHERE state IN ('written', 'sent')"
        " AND request_id IS NULL AND returned_id IS NULL AND receipt_id IS NULL"
        " AND answer IS DISTINCT FROM 'refused'",
        "The practice is in another file already.",
    )
    _request_uniq = models.UniqueIndex(
        "(request_id) WHERE state IN ('written', 'sent')",
        "The request is in another file already.",
    )

    @api.depends("code", "sii_code", "file_id.name", "row_number")
    def _compute_display_name(self):
        for record in self:
            what = record.code or record.sii_code or f"#{record.row_number}"
            record.display_name = f"{what} · {record.file_id.name or ''}"

    @api.depends("raw_values")
    def _compute_raw_text(self):
        for record in self:
            values = record.raw_values or {}
            # in the order of the layout: the database keeps the keys in its own
            known = [field.name for field in record.file_id.layout_id.field_ids]
            names = [name for name in known if name in values]
            names += [name for name in values if name not in known]
            record.raw_text = "\n".join(f"{name}: {values[name]}" for name in names)

    @api.depends("issues")
    @api.depends_context("lang")
    def _compute_issue_text(self):
        for record in self:
            record.issue_text = "\n".join(
                issue_line(self.env, issue) for issue in record.issues or []
            )

    def _check_guarded(self, vals):
        # OVERRIDE utility_supply: every field here is the program's
        if vals and not self._is_guard_open():
            raise UserError(self.env._("The records of a flow never change."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        # for everybody, the superuser included
        raise UserError(self.env._("The records of a flow are kept for ever."))
