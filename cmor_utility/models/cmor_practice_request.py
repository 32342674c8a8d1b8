from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

# target state -> states it may be reached from
ALLOWED_SOURCES = {
    "exported": ("to_export",),
    # discarded, or refused by the portal as a whole
    "to_export": ("exported", "sent"),
    "sent": ("exported",),
    # one answer may say admitted, a later one the outcome
    "admitted": ("sent",),
    # from what a person gave up as never answered: it was granted after all
    "accepted": ("sent", "admitted", "overtaken"),
    "rejected": ("sent", "admitted"),
    "withdrawn": ("to_export",),
    # what happened meanwhile made it pointless: an annulled practice, a paid one
    "overtaken": ("to_export", "exported", "sent", "admitted"),
}
# a practice has one request of a kind under way
LIVE_STATES = ("to_export", "exported", "sent", "admitted")


class CmorPracticeRequest(models.Model):
    """Something we ask or tell the SII about a practice that runs already.

    Annulment, suspension, its end, report, refund report: each is a request of its own
    with a practice code of its own (CP_UTENTE), burnt for ever, and answers of its own.
    The claim itself (SI1.0050) is the practice. The state is the request's, never the
    practice's: what an answer means for the practice is decided by the handlers of the
    flows.
    """

    _name = "cmor.practice.request"
    _description = "Request about a CMOR practice"
    _inherit = "utility.guarded.mixin"
    _order = "id desc"
    _rec_name = "code"
    _check_company_auto = True

    # its company is the practice's: there is nothing to check
    practice_id = fields.Many2one(
        "cmor.practice",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        related="practice_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    type_id = fields.Many2one(
        "cmor.flow.type", string="Flow", required=True, readonly=True, index=True
    )
    key = fields.Char(related="type_id.key", store=True, precompute=True)
    role_id = fields.Many2one(
        "cmor.company.role", readonly=True, index=True, check_company=True
    )
    state = fields.Selection(
        [
            ("to_export", "To be exported"),
            ("exported", "In a file"),
            ("sent", "Sent"),
            ("admitted", "Admitted"),
            ("accepted", "Accepted"),
            ("rejected", "Refused"),
            ("withdrawn", "Withdrawn"),
            ("overtaken", "Overtaken"),
        ],
        required=True,
        readonly=True,
        default="to_export",
    )
    code = fields.Char(string="Practice code", readonly=True, help="CP_UTENTE.")
    sii_code = fields.Char(
        string="SII code",
        readonly=True,
        index="btree_not_null",
        help="Of this request.",
    )
    reason = fields.Char(string="Reason code", readonly=True)
    reason_text = fields.Char(
        string="Reason",
        compute="_compute_reason_text",
        help="The code as it leaves, and what it means.",
    )
    event_date = fields.Date(readonly=True)
    amount = fields.Monetary(readonly=True)
    values = fields.Json(
        readonly=True,
        help="What only this kind of request says, by source; dates as text.",
    )
    answer = fields.Char(readonly=True, help="Cause and reason, as answered.")
    requested_by_id = fields.Many2one("res.users", readonly=True)
    requested_on = fields.Datetime(readonly=True)
    sent_on = fields.Datetime(readonly=True)
    record_ids = fields.One2many("cmor.flow.record", "request_id", string="Flows")

    _code_uniq = models.UniqueIndex(
        "(company_id, code) WHERE code IS NOT NULL",
        "Another request has this code.",
    )
    _live_uniq = models.UniqueIndex(
        "(practice_id, type_id) WHERE state IN ('to_export', 'exported', 'sent',"
        " 'admitted')",
        "A request of this kind is under way already.",
    )

    @api.depends("reason", "key")
    @api.depends_context("lang")
    def _compute_reason_text(self):
        words = self._reason_words()
        for request in self:
            parts = (request.reason, words.get((request.key, request.reason)))
            request.reason_text = " · ".join(part for part in parts if part)

    def _reason_words(self):
        """{(key of the flow, code of the reason): its meaning} for these requests."""
        reasons = self.env["cmor.cancel.reason"].sudo().with_context(active_test=False)
        codes = [code for code in self.mapped("reason") if code]
        found = reasons.search([("code", "in", codes)])
        return {("cancel_request", reason.code): reason.name for reason in found}

    @api.model
    def _open(self, practices, key, vals):
        """Make a request of kind ``key`` for each of ``practices``.

        The caller has checked that they may be asked for; here only that none is under
        way.

        :param str key: key of a flow type that we send
        :param vals: dict of reason, event_date, amount, values, or a function
            practice -> such a dict
        :return: the requests, in state to_export
        :raise UserError: a request of this kind is under way for one of them
        """
        flow = self.env["cmor.flow.type"].sudo().search([("key", "=", key)], limit=1)
        busy = self.sudo().search(
            [
                ("practice_id", "in", practices.ids),
                ("type_id", "=", flow.id),
                ("state", "in", LIVE_STATES),
            ]
        )
        if busy:
            raise UserError(
                self.env._(
                    "%(names)s: %(flow)s is under way already.",
                    names=", ".join(busy.practice_id.mapped("display_name")),
                    flow=flow.name,
                )
            )
        now = fields.Datetime.now()
        return (
            self.sudo()
            ._guarded()
            .create(
                [
                    {
                        "practice_id": practice.id,
                        "type_id": flow.id,
                        "role_id": practice.role_id.id,
                        "requested_by_id": self.env.uid,
                        "requested_on": now,
                        **(vals(practice) if callable(vals) else vals),
                    }
                    for practice in practices
                ]
            )
        )

    def _set_state(self, state, **extra):
        """Move to ``state``; what is there already is left alone.

        :return: the requests that changed
        :raise UserError: a request is not in one of the allowed sources
        """
        todo = self.filtered(lambda request: request.state != state)
        labels = dict(self._fields["state"]._description_selection(self.env))
        for request in todo:
            if request.state not in ALLOWED_SOURCES[state]:
                raise UserError(
                    self.env._(
                        "%(name)s: the request cannot pass from %(before)s to"
                        " %(after)s.",
                        name=request.practice_id.display_name,
                        before=labels[request.state],
                        after=labels[state],
                    )
                )
        todo.sudo()._guarded().write({"state": state, **extra})
        return todo

    def action_withdraw(self):
        """Button of an operator: it is not sent after all."""
        self.practice_id._check_may_operate()
        self._set_state("withdrawn")

    def _check_guarded(self, vals):
        # OVERRIDE utility_supply: every field here is the program's
        if vals and not self._is_guard_open():
            raise AccessError(self.env._("Requests are made by the buttons."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        # for everybody, the superuser included
        raise UserError(self.env._("A request is withdrawn, never deleted."))
