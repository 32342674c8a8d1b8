from odoo import api, fields, models
from odoo.exceptions import AccessError

NOTICE_KINDS = [
    ("reminder", "Courtesy reminder"),
    ("notice", "Friendly notice"),
    ("default", "Notice of default"),
    ("termination", "Notice to terminate"),
    ("other", "Other"),
]
NOTICE_CHANNELS = [
    ("sms", "SMS"),
    ("email", "E-mail"),
    ("pp", "Priority mail"),
    ("ar", "Registered letter"),
    ("pec", "PEC"),
    ("other", "Other"),
]
# only these channels prove the delivery on which the legal terms rest
PROVABLE_CHANNELS = frozenset({"ar", "pec"})
FORMAL_KINDS = frozenset({"default", "termination"})


class UtilityNotice(models.Model):
    """A notice that has been sent: by the billing system, by hand or by dunning.

    Without the notices of the past no switched-out customer of the last year could
    be claimed, and a case could not start where the history proves it stands.
    """

    _name = "utility.notice"
    _description = "Notice sent"
    _rec_name = "ref"
    _order = "sent_date desc, id desc"
    _check_company_auto = True

    # the proof of a notice that was not typed by hand: see models/ir_attachment.py
    _kept_attachment_field = "attachment_ids"
    _kept_attachment_domain = (("source", "!=", "manual"),)

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    ref = fields.Char(
        string="Reference",
        required=True,
        copy=False,
        default=lambda self: self.env["ir.sequence"].next_by_code("utility.notice"),
    )
    contract_id = fields.Many2one(
        "utility.contract", required=True, index=True, check_company=True
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        compute="_compute_partner_id",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        index=True,
        check_company=True,
    )
    kind = fields.Selection(NOTICE_KINDS, required=True)
    channel = fields.Selection(NOTICE_CHANNELS, required=True)
    is_formal_notice = fields.Boolean(
        string="Formal notice",
        compute="_compute_is_formal_notice",
        store=True,
        readonly=False,
        precompute=True,
        help="Puts the customer in default: sent by registered letter or PEC.",
    )
    sent_date = fields.Date(required=True)
    notified_date = fields.Date(
        help="Day on which it reached the customer: PEC delivery or postal outcome."
    )
    pay_term = fields.Date(string="Payment term", help="Last day to pay.")
    cmor_warning = fields.Boolean(
        string="CMOR warning",
        help="The notice said that the debt may be charged through the new seller.",
    )
    move_ids = fields.Many2many(
        "account.move",
        "utility_notice_account_move_rel",
        "notice_id",
        "move_id",
        string="Bills",
        check_company=True,
        help="The notice covers these bills and no other.",
    )
    amount = fields.Monetary()
    attachment_ids = fields.Many2many(
        "ir.attachment",
        "utility_notice_attachment_rel",
        "notice_id",
        "attachment_id",
        string="Proofs",
        help="Typed by hand, a notice proves its arrival only by its document.",
    )
    source = fields.Selection(
        [
            ("imported", "Imported"),
            ("manual", "By hand"),
            ("dunning", "Dunning"),
        ],
        required=True,
        default="manual",
        readonly=True,
        copy=False,
    )

    _ref_uniq = models.Constraint(
        "UNIQUE(company_id, ref)", "A notice with this reference exists already."
    )
    _dates_check = models.Constraint(
        "CHECK(notified_date IS NULL OR notified_date >= sent_date)",
        "A notice cannot arrive before it is sent.",
    )

    # first page of the list on a million notices
    _sent_idx = models.Index("(sent_date DESC, id DESC)")

    @api.depends("contract_id")
    def _compute_partner_id(self):
        for notice in self:
            notice.partner_id = notice.partner_id or notice.contract_id.partner_id

    @api.depends("kind", "channel")
    def _compute_is_formal_notice(self):
        for notice in self:
            notice.is_formal_notice = (
                notice.kind in FORMAL_KINDS and notice.channel in PROVABLE_CHANNELS
            )

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and any(
            vals.get("source", "manual") != "manual" for vals in vals_list
        ):
            self._refuse_source()
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su:
            self._check_may_edit(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_proof(self):
        if any(notice.source != "manual" for notice in self):
            raise AccessError(
                self.env._("A notice that was imported or sent is proof: it stays.")
            )

    def _check_may_edit(self, vals):
        """Proof is not edited by its user; what was typed by hand may be corrected."""
        if "source" in vals:
            self._refuse_source()
        is_admin = self.env.user.has_group("utility_supply.group_utility_admin")
        if not is_admin and any(notice.source != "manual" for notice in self):
            raise AccessError(
                self.env._(
                    "Only an administrator may correct a notice that was imported or"
                    " sent by the program."
                )
            )

    def _refuse_source(self):
        raise AccessError(
            self.env._("Where a notice comes from is recorded by the program.")
        )
