from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

KINDS = [
    ("bank", "Bank guarantee"),
    ("insurance", "Insurance surety"),
    ("parent", "Guarantee of the parent company"),
    ("other", "Other guarantee"),
]
STATES = [
    ("planned", "To come"),
    ("valid", "In force"),
    ("expiring", "About to expire"),
    ("expired", "Expired"),
    ("released", "Handed back"),
]
CHECK_TYPE = "mail.mail_activity_data_todo"


class DunningGuarantee(models.Model):
    """A guarantee for the debts of a supply contract, with its days.

    The deposit stands on the contract; this is what somebody else promised: a bank, an
    insurer, the parent company. While it is in force it counts in the valuation; before
    it expires who follows it is told.
    """

    _name = "dunning.guarantee"
    _description = "Guarantee of a supply contract"
    _inherit = ("mail.thread", "mail.activity.mixin")
    _mail_post_access = "read"
    _order = "date_to, id"
    _check_company_auto = True

    name = fields.Char(string="Number", required=True, tracking=True)
    kind = fields.Selection(KINDS, required=True, default="bank", tracking=True)
    contract_id = fields.Many2one(
        "utility.contract",
        string="Supply contract",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
        tracking=True,
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        related="contract_id.partner_id", string="Customer", store=True, index=True
    )
    guarantor_id = fields.Many2one(
        "res.partner",
        required=True,
        ondelete="restrict",
        check_company=True,
        tracking=True,
        help="The bank, the insurer or the company that pays when the customer does"
        " not.",
    )
    amount = fields.Monetary(
        required=True, tracking=True, help="The most that the guarantor pays."
    )
    date_from = fields.Date(
        string="From", required=True, default=fields.Date.context_today, tracking=True
    )
    date_to = fields.Date(
        string="To", tracking=True, help="Last day. Empty: until it is given back."
    )
    released_on = fields.Date(
        string="Given back on",
        tracking=True,
        help="From this day on it counts no more.",
    )
    warn_days = fields.Integer(
        string="Remind before, days",
        default=60,
        help="So many days before the last one who follows it gets an activity.",
    )
    remind_on = fields.Date(compute="_compute_remind_on", store=True)
    is_reminded = fields.Boolean(
        compute="_compute_remind_on", store=True, string="Reminder given"
    )
    user_id = fields.Many2one(
        "res.users",
        string="Followed by",
        default=lambda self: self.env.user,
        index="btree_not_null",
        tracking=True,
    )
    note = fields.Text()
    state = fields.Selection(STATES, string="Status", compute="_compute_state")

    _dates_check = models.Constraint(
        "CHECK(date_to IS NULL OR date_to >= date_from)",
        "A guarantee cannot end before it begins.",
    )
    _amount_check = models.Constraint(
        "CHECK(amount > 0 AND warn_days >= 0)",
        "A guarantee has an amount above zero, and its reminder no days below zero.",
    )
    _remind_idx = models.Index("(remind_on) WHERE is_reminded IS NOT TRUE")

    @api.depends("date_to", "warn_days")
    def _compute_remind_on(self):
        """Another last day is another reminder."""
        for one in self:
            before = timedelta(days=one.warn_days)
            one.remind_on = one.date_to - before if one.date_to else False
            one.is_reminded = False

    @api.depends("date_from", "date_to", "released_on", "remind_on")
    def _compute_state(self):
        for one in self:
            today = self.env["dunning.case"]._today(one.company_id or self.env.company)
            if one.released_on and one.released_on <= today:
                one.state = "released"
            elif one.date_to and one.date_to < today:
                one.state = "expired"
            elif not one.date_from or one.date_from > today:
                one.state = "planned"
            elif one.remind_on and one.remind_on <= today:
                one.state = "expiring"
            else:
                one.state = "valid"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(
            self.env._(
                "A guarantee is history: write the day on which it was given back."
            )
        )

    # before it expires

    @api.model
    def _cron_remind(self):
        """Tell who follows a guarantee that it is about to expire: once."""
        for company in self.sudo()._read_group([], ["company_id"]):
            today = self.env["dunning.case"]._today(company[0])
            self.sudo().search(
                [
                    ("company_id", "=", company[0].id),
                    ("remind_on", "<=", today),
                    ("date_to", ">=", today),
                    ("released_on", "=", False),
                    ("is_reminded", "=", False),
                ]
            )._remind()

    def _remind(self):
        for one in self:
            people = one.user_id.filtered(lambda u: u.active and not u.share)
            user = people or self.env.user
            told = one.with_context(lang=user.lang)
            one.activity_schedule(
                CHECK_TYPE,
                date_deadline=one.date_to,
                summary=told.env._(
                    "The guarantee of %(amount)s expires on %(date)s: ask for another"
                    " one, or lengthen it.",
                    amount=one.currency_id.format(one.amount),
                    date=format_date(told.env, one.date_to),
                ),
                user_id=user.id,
            )
        self.write({"is_reminded": True})


class UtilityContract(models.Model):
    _inherit = "utility.contract"

    dunning_guarantee_count = fields.Integer(
        compute="_compute_dunning_guarantee_count",
        groups="creditbox_dunning.group_dunning_operator",
    )

    def _compute_dunning_guarantee_count(self):
        counts = dict(
            self.env["dunning.guarantee"]._read_group(
                [("contract_id", "in", self.ids)], ["contract_id"], ["__count"]
            )
        )
        for contract in self:
            contract.dunning_guarantee_count = counts.get(contract, 0)

    def action_open_dunning_guarantees(self):
        """Smart button: what others guarantee for this supply."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "creditbox_dunning.dunning_guarantee_action"
        )
        return {
            **action,
            "domain": [("contract_id", "=", self.id)],
            "context": {"default_contract_id": self.id},
        }
