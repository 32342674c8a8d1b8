from odoo import api, fields, models
from odoo.tools.misc import format_date

from .valuation_texts import BANDS, serial_words, why_words, worse_words

AGES = ("age_30", "age_60", "age_90", "age_180", "age_over")


class DunningValuation(models.Model):
    """What a customer is worth as a debtor: one row a customer, one a supply contract.

    Written by the nightly valuation only (`dunning_valuation_run.py`), and only where
    something changed. The row without a contract is the whole customer in the company:
    its band is the one that the action table and the watch list look at.
    """

    _name = "dunning.valuation"
    _description = "Valuation of a customer"
    _inherit = ("mail.thread", "mail.activity.mixin", "utility.guarded.mixin")
    _order = "score desc, overdue desc, id"
    _mail_post_access = "read"
    _check_company_auto = True

    _guarded_fields = frozenset({"is_watched", "score", "band", "reasons"})

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    contract_id = fields.Many2one(
        "utility.contract",
        string="Supply contract",
        readonly=True,
        ondelete="cascade",
        index="btree_not_null",
        help="Empty: the whole customer.",
    )
    service = fields.Selection(related="contract_id.service")
    table_id = fields.Many2one(
        "dunning.score.table", string="Score table", readonly=True, index=True
    )
    date = fields.Date(
        string="Figures of", readonly=True, help="Day on which something changed last."
    )
    # money
    exposure = fields.Monetary(
        readonly=True, help="All that is open in the ledger, what is not due included."
    )
    overdue = fields.Monetary(
        readonly=True, help="Overdue bills less the credits that are open."
    )
    not_due = fields.Monetary(string="Not due", readonly=True)
    age_30 = fields.Monetary(string="1-30 days", readonly=True)
    age_60 = fields.Monetary(string="31-60 days", readonly=True)
    age_90 = fields.Monetary(string="61-90 days", readonly=True)
    age_180 = fields.Monetary(string="91-180 days", readonly=True)
    age_over = fields.Monetary(string="Over 180 days", readonly=True)
    credits = fields.Monetary(
        string="Open credits",
        readonly=True,
        help="Credit notes and payments that are not matched, below zero.",
    )
    billed = fields.Monetary(string="Billed in 12 months", readonly=True)
    guarantee = fields.Monetary(string="Guarantees and deposits", readonly=True)
    left_debt = fields.Monetary(
        string="Left behind",
        readonly=True,
        help="Overdue of supplies that went to another seller.",
    )
    # habits
    oldest_days = fields.Integer(
        string="Oldest due date, days", readonly=True, aggregator="max"
    )
    dso = fields.Float(
        string="DSO",
        digits=(16, 1),
        readonly=True,
        aggregator="avg",
        help="Days of billing that are not collected.",
    )
    days_late = fields.Float(
        string="Average days late",
        digits=(16, 1),
        readonly=True,
        aggregator="avg",
        help="Of what was paid in the last 12 months, weighted by amount.",
    )
    broken_promises = fields.Integer(string="Broken promises", readonly=True)
    broken_plans = fields.Integer(string="Broken payment plans", readonly=True)
    returned_debits = fields.Integer(string="Returned payments", readonly=True)
    switches = fields.Integer(string="Switches to others", readonly=True)
    cmor_received = fields.Integer(string="CMOR received", readonly=True)
    cover = fields.Float(
        string="Guarantees %", digits=(16, 1), readonly=True, aggregator="avg"
    )
    info_score = fields.Integer(
        string="Provider's score", readonly=True, aggregator="avg"
    )
    info_class = fields.Char(string="Provider's class", readonly=True)
    info_date = fields.Date(string="Provider's score of", readonly=True)
    # score
    score = fields.Integer(string="Risk points", readonly=True, aggregator="avg")
    band = fields.Selection(BANDS, readonly=True, index=True)
    reasons = fields.Json(readonly=True)
    supply_text = fields.Char(
        string="Supplies",
        compute="_compute_supply_text",
        help="The supply contract; of a whole customer, how many are valued.",
    )
    reason_text = fields.Text(string="Why", compute="_compute_texts")
    history_ids = fields.One2many("dunning.valuation.history", "valuation_id")
    # monitoring
    is_watched = fields.Boolean(string="On the watch list", readonly=True)
    watched_on = fields.Date(string="Watched since", readonly=True)
    watch_user_id = fields.Many2one(
        "res.users", string="Looked at by", readonly=True, index="btree_not_null"
    )
    worse = fields.Json(readonly=True)
    worse_text = fields.Char(string="What got worse", compute="_compute_texts")
    watch_text = fields.Char(string="Watched because", compute="_compute_texts")
    is_serial = fields.Boolean(string="Serial switcher", readonly=True)
    serial = fields.Json(readonly=True)
    serial_text = fields.Char(string="For the contract desk", compute="_compute_texts")

    _one_each = models.UniqueIndex(
        "(company_id, partner_id, COALESCE(contract_id, 0))",
        "This customer is valued already.",
    )
    _watched_idx = models.Index("(company_id, score DESC) WHERE is_watched IS TRUE")
    _serial_idx = models.Index("(company_id, score DESC) WHERE is_serial IS TRUE")
    _order_idx = models.Index("(score DESC, overdue DESC, id)")

    @api.depends("partner_id", "contract_id")
    def _compute_display_name(self):
        for one in self:
            names = [one.partner_id.name, one.contract_id.code]
            one.display_name = " - ".join(name for name in names if name)

    @api.depends("reasons", "worse", "serial", "is_watched", "watched_on")
    @api.depends_context("lang")
    def _compute_texts(self):
        for one in self:
            currency = one.currency_id
            words = why_words(self.env, one.reasons, currency)
            one.reason_text = "\n".join(words) or self.env._(
                "Nothing in the table's measures weighs on this customer."
            )
            one.worse_text = worse_words(self.env, one.worse, currency)
            one.watch_text = one._watch_sentence()
            one.serial_text = serial_words(self.env, one.serial, currency)

    @api.depends("contract_id", "partner_id", "company_id")
    def _compute_supply_text(self):
        """The row of a whole customer has no contract of its own: it says how many."""
        groups = self._read_group(
            [
                ("partner_id", "in", self.partner_id.ids),
                ("company_id", "in", self.company_id.ids),
                ("contract_id", "!=", False),
            ],
            ["partner_id", "company_id"],
            ["__count", "contract_id:recordset"],
        )
        known = {
            (partner.id, company.id): (count, contracts)
            for partner, company, count, contracts in groups
        }
        none = (0, self.env["utility.contract"])
        for one in self:
            count, contracts = known.get((one.partner_id.id, one.company_id.id), none)
            if one.contract_id or count == 1:
                one.supply_text = (one.contract_id or contracts).code
            elif count:
                one.supply_text = self.env._("%(count)s supplies", count=count)
            else:
                one.supply_text = False

    def _watch_sentence(self):
        self.ensure_one()
        if not self.is_watched:
            return False
        day = format_date(self.env, self.watched_on)
        if not self.worse_text:
            return self.env._("On the watch list since %(date)s.", date=day)
        return self.env._(
            "On the watch list since %(date)s: %(why)s.", date=day, why=self.worse_text
        )

    # actions

    def action_open_cases(self):
        """Button: the recovery cases of the customer, or of the supply."""
        self.ensure_one()
        self.check_access("read")
        domain = [("partner_id", "=", self.partner_id.id)]
        if self.contract_id:
            domain = [("contract_id", "=", self.contract_id.id)]
        cases = self.env["dunning.case"].search(
            [*domain, ("company_id", "=", self.company_id.id)]
        )
        return cases._open_action(self.env._("Recovery cases"))

    def action_open_exposure(self):
        """Button: what the same tax code owes in the group; asks why first."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "creditbox_dunning.dunning_exposure_wizard_action"
        )
        return {**action, "context": {"default_partner_id": self.partner_id.id}}

    def action_open_contracts(self):
        """Button: the same customer's supplies one by one."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "creditbox_dunning.dunning_valuation_action_all"
        )
        domain = [
            ("partner_id", "=", self.partner_id.id),
            ("company_id", "=", self.company_id.id),
            ("contract_id", "!=", False),
        ]
        return {**action, "domain": domain, "context": {}}
