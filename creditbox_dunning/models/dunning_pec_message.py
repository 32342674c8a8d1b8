from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

KINDS = [
    ("acceptance", "Acceptance"),
    ("refusal", "Non-acceptance"),
    ("virus", "Virus found"),
    ("taken_over", "Taken over"),
    ("delivery", "Delivery"),
    ("warning", "Warning of non-delivery"),
    ("failure", "Non-delivery"),
    ("envelope", "Certified mail from somebody"),
    ("anomaly", "Ordinary mail (not certified)"),
    ("ordinary", "Mail outside of PEC"),
    ("unknown", "Unknown receipt"),
]
TRAY_REASONS = [
    ("unmatched", "About no message of ours"),
    ("doubtful", "The receipt is not whole, or contradicts itself"),
    ("other_recipient", "About an address that we did not write to"),
    ("bad_time", "Certified before it was sent, or in the future"),
    ("contradiction", "Another receipt said the opposite"),
    ("not_sent", "About a message that was called off"),
    ("not_receipt", "Mail that somebody has to read"),
    ("same_id", "The same id as another message, with another content"),
    ("too_big", "Too big: only its headers were read"),
    ("fault", "The program could not deal with it"),
]


class DunningPecMessage(models.Model):
    """What came into a PEC mailbox, kept as it came: receipts, answers, other mail.

    Read from the raw bytes (formats/), judged by rules/pec.py. What has no effect of
    its own waits for a person in the tray; nothing is dropped, and the mailbox is never
    stopped by a message.
    """

    _name = "dunning.pec.message"
    _description = "Received PEC message"
    _inherit = "utility.guarded.mixin"
    _order = "id desc"
    _rec_name = "subject"
    _check_company_auto = True

    # evidence: see utility_supply/models/ir_attachment.py
    _kept_attachment_field = "raw_id"
    _kept_attachment_domain = ()

    provider_id = fields.Many2one(
        "dunning.service.provider",
        string="Mailbox",
        required=True,
        index=True,
        readonly=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        readonly=True,
        help="Of our message that it is about; of the mailbox when it is about none.",
    )
    key = fields.Char(required=True, readonly=True, copy=False)
    uid = fields.Integer(string="UID", readonly=True, aggregator=None)
    uidvalidity = fields.Char(readonly=True)
    kind = fields.Selection(KINDS, required=True, readonly=True)
    raw_kind = fields.Char(string="As the provider calls it", readonly=True)
    state = fields.Selection(
        [
            ("new", "To be judged"),
            ("applied", "Applied"),
            ("noted", "Noted"),
            ("answer", "Answer of the customer"),
            ("tray", "To look at"),
            ("handled", "Dealt with"),
        ],
        string="Status",
        required=True,
        default="new",
        readonly=True,
        index=True,
    )
    tray_reason = fields.Selection(
        TRAY_REASONS, string="Why somebody has to look", readonly=True
    )
    issues = fields.Char(readonly=True, help="What is wrong with it, as codes.")
    certified_at = fields.Datetime(
        readonly=True, help="The moment that the receipt proves."
    )
    mail_date = fields.Datetime(string="Date of the mail", readonly=True)
    subject = fields.Char(readonly=True)
    sender = fields.Char(readonly=True)
    recipient = fields.Char(readonly=True)
    issuer = fields.Char(string="Comes from", readonly=True)
    provider_name = fields.Char(string="Issued by", readonly=True)
    provider_ref = fields.Char(string="Provider's number", readonly=True)
    own_id = fields.Char(string="Message-ID", readonly=True)
    msgid = fields.Char(string="About the message", readonly=True)
    reference = fields.Char(string="By its header", readonly=True)
    receipt_type = fields.Char(readonly=True)
    error = fields.Char(string="Error code", readonly=True)
    error_text = fields.Char(string="What the provider says", readonly=True)
    text = fields.Text(readonly=True)
    is_signed = fields.Boolean(string="Signed by the provider", readonly=True)
    size = fields.Integer(string="Size (bytes)", readonly=True, aggregator=None)
    raw_id = fields.Many2one(
        "ir.attachment", string="As it came", readonly=True, copy=False
    )
    sha256 = fields.Char(string="SHA-256", readonly=True, copy=False)
    communication_id = fields.Many2one(
        "dunning.communication",
        string="Our message",
        index="btree_not_null",
        readonly=True,
        ondelete="restrict",
    )
    matched_by = fields.Selection(
        [
            ("msgid", "Message-ID in the receipt"),
            ("reference", "Message-ID in the header"),
            ("local_part", "First part of the Message-ID"),
            ("provider_ref", "Provider's number"),
            ("thread", "What it answers"),
            ("person", "A person"),
        ],
        readonly=True,
    )
    case_id = fields.Many2one(
        "dunning.case", index="btree_not_null", readonly=True, ondelete="restrict"
    )
    partner_id = fields.Many2one(related="case_id.partner_id", string="Customer")
    handled_by = fields.Many2one("res.users", readonly=True, copy=False)
    handled_on = fields.Datetime(readonly=True, copy=False)
    handled_note = fields.Char(string="What was done", readonly=True, copy=False)

    _key_uniq = models.Constraint(
        "UNIQUE(provider_id, key)", "This message was read already."
    )
    _uid_idx = models.Index("(provider_id, uidvalidity, uid)")
    _tray_idx = models.Index("(company_id, id) WHERE state IN ('new', 'tray')")

    @api.depends("kind", "subject")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for message in self:
            parts = (labels.get(message.kind), message.subject)
            message.display_name = ": ".join(filter(None, parts))

    def _all_guarded_fields(self):
        # OVERRIDE: it is all evidence
        return frozenset(self._fields)

    @api.model_create_multi
    def create(self, vals_list):
        if not self._is_guard_open():
            raise AccessError(self.env._("What a mailbox receives is evidence."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_evidence(self):
        raise UserError(self.env._("What a mailbox received is never deleted."))

    # buttons

    def action_open_raw(self):
        """Button: the message as it came, byte for byte."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.raw_id.id}?download=true",
            "target": "download",
        }

    def action_judge_again(self):
        """Button: what it is about may have been found in the meantime."""
        self.check_access("read")
        self.env["dunning.case"]._check_is_operator(self)
        waiting = self.filtered(lambda m: m.state == "tray")
        waiting.sudo()._judge()
        return True

    def action_open_communication(self):
        """Button: our message that it is about."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "dunning.communication",
            "res_id": self.communication_id.id,
            "view_mode": "form",
        }

    # for the rest of the program

    def _set(self, state, **vals):
        """Write what became of it; private, and so not for RPC."""
        self.sudo()._guarded().write({"state": state, **vals})

    def _put_in_tray(self, reason, **vals):
        self._set("tray", tray_reason=reason, **vals)
