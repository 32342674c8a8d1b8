from odoo import api, fields, models
from odoo.exceptions import UserError

RESULTS = [
    ("accepted", "Accepted: its sending is proved"),
    ("delivered", "Delivered: notified"),
    ("failed", "Not delivered"),
]


class DunningPecTrayWizard(models.TransientModel):
    """What a person makes of a PEC message that had no effect of its own."""

    _name = "dunning.pec.tray.wizard"
    _description = "Deal with a received PEC message"

    message_ids = fields.Many2many("dunning.pec.message", required=True)
    count = fields.Integer(compute="_compute_count")
    decision = fields.Selection(
        [
            ("nothing", "Nothing to do"),
            ("case", "It belongs to a case"),
            ("message", "It is the receipt of one of our messages"),
        ],
        required=True,
        default="nothing",
    )
    case_id = fields.Many2one("dunning.case")
    communication_id = fields.Many2one(
        "dunning.communication",
        string="Our message",
        domain=[("channel", "=", "pec")],
    )
    result = fields.Selection(RESULTS, string="What it proves")
    day = fields.Date(help="The day that the receipt certifies, as you read it in it.")
    note = fields.Char(string="What you did or saw", required=True)

    @api.depends("message_ids")
    def _compute_count(self):
        for wizard in self:
            wizard.count = len(wizard.message_ids)

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        found = self.env["dunning.pec.message"].browse(
            self.env.context.get("active_ids", ())
        )
        waiting = found.exists().filtered(lambda m: m.state == "tray")
        values["message_ids"] = [(6, 0, waiting.ids)]
        if len(waiting) == 1:
            ours = waiting.communication_id
            values["communication_id"] = ours.id
            values["case_id"] = waiting.case_id.id
            if waiting.certified_at:
                there = waiting.sudo().provider_id._now_there(waiting.certified_at)
                values["day"] = there.date()
        return values

    def action_confirm(self):
        """Button: write down what was decided, and by whom."""
        self.ensure_one()
        messages = self.message_ids
        self.env["dunning.case"]._check_is_operator(messages)
        messages.check_access("read")
        if not messages or any(message.state != "tray" for message in messages):
            raise UserError(self.env._("Somebody has dealt with it in the meantime."))
        link = {}
        if self.decision == "case":
            link = self._to_case(messages)
        elif self.decision == "message":
            link = self._to_message(messages)
        messages._set(
            "handled",
            handled_by=self.env.uid,
            handled_on=fields.Datetime.now(),
            handled_note=self.note,
            **link,
        )
        return {"type": "ir.actions.act_window_close"}

    def _to_case(self, messages):
        case = self.case_id
        if not case:
            raise UserError(self.env._("Choose the case."))
        case.check_access("read")
        for message in messages.sudo():
            text = self.env._(
                "Received by PEC: %(subject)s. %(note)s",
                subject=message.subject or "-",
                note=self.note,
            )
            copy = message._copy_for(case)
            case.sudo()._message_log(body=text, attachment_ids=[(4, copy.id)])
        return {"case_id": case.id, "company_id": case.company_id.id}

    def _to_message(self, messages):
        ours = self.communication_id
        if len(messages) != 1 or not (ours and self.result and self.day):
            raise UserError(
                self.env._(
                    "Choose one received message, our message that it is about, what it"
                    " proves and on which day."
                )
            )
        ours.check_access("read")
        if self.day > fields.Date.context_today(self):
            raise UserError(self.env._("What is recorded cannot lie in the future."))
        getattr(self, f"_record_{self.result}")(ours, messages.sudo().raw_id)
        return {
            "communication_id": ours.id,
            "case_id": ours.case_id.id,
            "company_id": ours.company_id.id,
            "matched_by": "person",
        }

    def _move(self, ours, state, evidence, **vals):
        """:raise UserError: when our message can no longer become ``state``"""
        if ours.state == "to_send":
            ours._move("sent", self.note, evidence=evidence, sent_date=self.day)
        moved = ours._move(state, self.note, evidence=evidence, by_person=True, **vals)
        if not moved and ours.state != state:
            states = dict(ours._fields["state"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "Our message is “%(state)s”: it cannot become “%(wanted)s”. Choose"
                    " “Nothing to do” and write down what you saw.",
                    state=states[ours.state],
                    wanted=states[state],
                )
            )

    def _record_accepted(self, ours, evidence):
        self._move(ours, "accepted", evidence, sent_date=self.day)
        ours._record_leaving(self.day, evidence)

    def _record_delivered(self, ours, evidence):
        sent = min(ours.sent_date or self.day, self.day)
        self._move(ours, "delivered", evidence, notified_date=self.day, sent_date=sent)
        ours._record_arrival("delivered", self.day, self.note, evidence)

    def _record_failed(self, ours, evidence):
        self._move(ours, "failed", evidence)
        ours._tell_failure(self.note, "pec_failed")
