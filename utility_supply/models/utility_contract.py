from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..rules import suspendibility as rule

CUSTOMER_TYPES = [
    ("domestic", "Domestic"),
    ("non_domestic", "Non domestic"),
    ("large", "Large customer"),
    ("public_body", "Public body"),
]
SUPPLY_STATES = [
    ("active", "Active"),
    ("suspended", "Suspended"),
    ("ceased", "Ceased"),
    ("to_reactivate", "To be reactivated"),
    ("reduced", "Reduced"),
    ("limited", "Limited"),
]
SUSPENDIBILITIES = [
    ("suspendible", "Suspendible"),
    ("not_suspendible", "Not suspendible"),
    ("deactivable", "Deactivable"),
    ("public_body", "Public body"),
]
CRON_CHUNK = 1000


class UtilityContract(models.Model):
    """A supply contract as the billing system knows it.

    The class of suspendibility is derived from facts (see rules/suspendibility.py)
    each time one of them changes and each night, because protections are dated.
    """

    _name = "utility.contract"
    _description = "Supply contract"
    _inherit = ["mail.thread", "utility.guarded.mixin"]
    _rec_name = "code"
    _rec_names_search = ("code",)
    _order = "code"
    _check_company_auto = True

    _guarded_fields = frozenset({"suspendibility", "is_protected"})
    # facts that the class depends on; a change of one of them computes it again
    _suspendibility_facts = frozenset(
        {
            "partner_id",
            "supply_point_id",
            "customer_type",
            "supply_state",
            "supply_state_date",
            "suspendibility_override",
            "suspendibility_override_reason",
        }
    )

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    active = fields.Boolean(default=True)
    code = fields.Char(required=True, index="trigram", tracking=True)
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        check_company=True,
        tracking=True,
    )
    supply_point_id = fields.Many2one(
        "utility.supply.point",
        required=True,
        index=True,
        check_company=True,
        tracking=True,
    )
    service = fields.Selection(related="supply_point_id.service", store=True)
    customer_type = fields.Selection(CUSTOMER_TYPES, required=True, tracking=True)
    supply_state = fields.Selection(
        SUPPLY_STATES, required=True, default="active", tracking=True
    )
    supply_state_date = fields.Date(
        string="In this state since",
        help="Set by itself when the state changes; the file may know better.",
    )
    suspendibility = fields.Selection(
        SUSPENDIBILITIES, readonly=True, copy=False, tracking=True
    )
    suspendibility_override = fields.Selection(
        SUSPENDIBILITIES,
        string="Overridden class",
        copy=False,
        help="Replaces the computed class, unless the law protects the supply.",
    )
    suspendibility_override_reason = fields.Char(
        string="Reason of the override", copy=False
    )
    suspendibility_history_ids = fields.One2many(
        "utility.suspendibility.history", "contract_id", readonly=True
    )
    is_protected = fields.Boolean(
        string="Protected",
        readonly=True,
        copy=False,
        help="A legal fact forbids to disconnect this supply.",
    )
    date_start = fields.Date(string="Start", required=True)
    date_end = fields.Date(string="End", tracking=True)
    end_reason = fields.Selection(
        [
            ("switch_out", "Switched to another seller"),
            ("transfer", "Transferred to another customer"),
            ("termination", "Terminated"),
        ]
    )
    deposit = fields.Monetary()
    billing_account = fields.Char(index="btree_not_null")
    sales_network = fields.Char()
    division = fields.Char()
    bill_ids = fields.One2many("account.move", "utility_contract_id", string="Bills")
    notice_ids = fields.One2many("utility.notice", "contract_id", string="Notices")
    charge_ids = fields.One2many("utility.charge", "contract_id", string="Charges")
    bill_count = fields.Integer(compute="_compute_counts")
    notice_count = fields.Integer(compute="_compute_counts")
    charge_count = fields.Integer(compute="_compute_counts")

    _code_uniq = models.Constraint(
        "UNIQUE(company_id, code)", "A contract with this code exists already."
    )
    _dates_check = models.Constraint(
        "CHECK(date_end IS NULL OR date_end >= date_start)",
        "A contract cannot end before it begins.",
    )
    # nightly pass over what may change with the calendar alone
    _suspended_idx = models.Index("(id) WHERE supply_state = 'suspended'")
    # first page of the list, and of its most used filter, on a million contracts
    _code_idx = models.Index("(code)")
    _protected_idx = models.Index("(code) WHERE is_protected IS TRUE")

    @api.depends("code", "partner_id")
    def _compute_display_name(self):
        for contract in self:
            name = contract.partner_id.name
            contract.display_name = (
                f"{contract.code} - {name}" if name else contract.code
            )

    @api.model
    def _search_display_name(self, operator, value):
        # EXTENDS base: also by customer and by point. Looked up first, each by its own
        # trigram index: an OR over three tables would read all contracts.
        domain = Domain(super()._search_display_name(operator, value))
        if operator != "ilike" or not isinstance(value, str) or len(value) < 3:
            return domain
        partners = self.env["res.partner"].search([("name", "ilike", value)])
        points = self.env["utility.supply.point"].search([("code", "ilike", value)])
        return (
            domain
            | Domain("partner_id", "in", partners.ids)
            | Domain("supply_point_id", "in", points.ids)
        )

    def _compute_counts(self):
        # a bill over several sites names its contracts on the lines only
        bills = self.env["account.move.line"]._read_group(
            self._bill_line_domain(),
            ["utility_contract_id"],
            ["move_id:count_distinct"],
        )
        bill_counts = {contract.id: count for contract, count in bills}
        counts = {}
        for model in ("utility.notice", "utility.charge"):
            groups = self.env[model]._read_group(
                [("contract_id", "in", self.ids)], ["contract_id"], ["__count"]
            )
            counts[model] = {contract.id: count for contract, count in groups}
        for contract in self:
            contract.bill_count = bill_counts.get(contract.id, 0)
            contract.notice_count = counts["utility.notice"].get(contract.id, 0)
            contract.charge_count = counts["utility.charge"].get(contract.id, 0)

    def _bill_line_domain(self):
        return [
            ("utility_contract_id", "in", self.ids),
            ("display_type", "=", "payment_term"),
            ("parent_state", "=", "posted"),
        ]

    @api.constrains("suspendibility_override", "suspendibility_override_reason")
    def _check_override_reason(self):
        for contract in self:
            if (
                contract.suspendibility_override
                and not (contract.suspendibility_override_reason or "").strip()
            ):
                raise ValidationError(
                    self.env._(
                        "Contract %(code)s: an overridden class needs its reason.",
                        code=contract.code,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        today = fields.Date.context_today(self)
        for vals in vals_list:
            vals.setdefault("supply_state_date", vals.get("date_start") or today)
        contracts = super().create(vals_list)
        contracts._refresh_suspendibility()
        return contracts

    def write(self, vals):
        if "supply_state" in vals and "supply_state_date" not in vals:
            changed = self.filtered(lambda c: c.supply_state != vals["supply_state"])
            today = fields.Date.context_today(self)
            super(UtilityContract, changed).write({"supply_state_date": today})
        result = super().write(vals)
        if self._suspendibility_facts & set(vals):
            # a decision is history even when it leaves the class as it was
            decided = any(name.startswith("suspendibility_override") for name in vals)
            self._refresh_suspendibility(is_decision=decided)
        return result

    def action_refresh_suspendibility(self):
        """Button: compute the class again from today's facts."""
        self.check_access("write")
        self._refresh_suspendibility()

    def action_open_bills(self):
        """Smart button: the bills of these contracts, shared ones included."""
        return self._open(
            "utility_bill_action",
            [
                (
                    "line_ids",
                    "any",
                    [
                        ("utility_contract_id", "in", self.ids),
                        ("display_type", "=", "payment_term"),
                    ],
                )
            ],
        )

    def action_open_notices(self):
        """Smart button: the notices sent for these contracts."""
        return self._open("utility_notice_action", [("contract_id", "in", self.ids)])

    def action_open_charges(self):
        """Smart button: the charges of these contracts."""
        return self._open("utility_charge_action", [("contract_id", "in", self.ids)])

    def _open(self, xml_id, domain):
        action = self.env["ir.actions.actions"]._for_xml_id(f"utility_supply.{xml_id}")
        context = {"default_contract_id": self.id} if len(self) == 1 else {}
        return {**action, "domain": domain, "context": context}

    # --- suspendibility ------------------------------------------------------

    def _suspendibility_facts_of(self, today):
        """{contract: rules.suspendibility.SupplyFacts} for ``today``, in bulk."""
        contracts = self.sudo()
        # of wide tables only what is asked for
        contracts.fetch(
            [
                "company_id",
                "partner_id",
                "supply_point_id",
                "customer_type",
                "supply_state",
                "supply_state_date",
            ]
        )
        protections = self.env["utility.protection"]._facts_by_contract(
            contracts, today
        )
        facts = {}
        contracts.partner_id.fetch(["legal_form"])
        contracts.supply_point_id.fetch(
            ["service", "public_function", "gas_use", "seasonal_use"]
        )
        for contract in contracts:
            point = contract.supply_point_id
            of_customer, of_point = protections[contract.id]
            suspended = contract.supply_state == "suspended"
            since = contract.supply_state_date if suspended else None
            facts[contract] = rule.SupplyFacts(
                service=point.service,
                customer_type=contract.customer_type,
                legal_form=contract.partner_id.legal_form or "",
                protections=of_customer,
                point_protections=of_point,
                public_function=point.public_function,
                gas_use=point.gas_use or "",
                seasonal_use=point.seasonal_use or "none",
                suspended_days=(today - since).days if since else None,
                deactivable_after=contract.company_id.utility_deactivable_days,
            )
        return facts

    def _refresh_suspendibility(self, today=None, is_decision=False):
        """Set class and protection from the facts of ``today``; write the history.

        Safe to call as often as one likes: what does not change is not written. The
        number of statements depends on the number of different outcomes, not on the
        number of contracts.
        """
        if not self:
            return
        today = today or fields.Date.context_today(self)
        todo, history = defaultdict(list), []
        for contract, facts in self._suspendibility_facts_of(today).items():
            outcome = rule.classify(facts, contract.suspendibility_override or None)
            before = (contract.suspendibility, contract.is_protected)
            after = (outcome.value, outcome.is_protected)
            if before != after:
                todo[after].append(contract.id)
            if before != after or is_decision:
                history.append(contract._prepare_history_vals(outcome, today))
        contracts = self.sudo()._guarded()
        for (value, is_protected), ids in todo.items():
            contracts.browse(ids).write(
                {"suspendibility": value, "is_protected": is_protected}
            )
        self.env["utility.suspendibility.history"].sudo()._guarded().create(history)

    def _prepare_history_vals(self, outcome, today):
        self.ensure_one()
        overridden = "override" in outcome.reasons
        return {
            "contract_id": self.id,
            "company_id": self.company_id.id,
            "date": today,
            "value": outcome.value,
            "is_protected": outcome.is_protected,
            "source": "override" if overridden else "facts",
            "facts": ", ".join(outcome.reasons) or False,
            "reason": self.suspendibility_override_reason if overridden else False,
            "user_id": self.env.uid,
        }

    @api.model
    def _cron_suspendibility(self, today=None):
        """Nightly: the classes that the calendar alone may change.

        Every other fact computes the class again when it is written.
        """
        today = today or fields.Date.context_today(self)
        ids = self._changing_with_calendar(today).ids
        for start in range(0, len(ids), CRON_CHUNK):
            chunk = ids[start : start + CRON_CHUNK]
            self.browse(chunk)._refresh_suspendibility(today)
            self.env["ir.cron"]._commit_progress(
                len(chunk), remaining=max(0, len(ids) - start - CRON_CHUNK)
            )
            self.env.invalidate_all()

    @api.model
    def _changing_with_calendar(self, today):
        """The contracts, of all companies, that a mere day may put in another class:
        suspended ones and those of whom a protection has begun."""
        protections = self.env["utility.protection"].sudo()
        protections = protections.search([("date_from", "<=", today)])
        domain = (
            Domain("supply_state", "=", "suspended")
            | Domain("partner_id", "in", protections.partner_id.ids)
            | Domain("supply_point_id", "in", protections.supply_point_id.ids)
        )
        return self.sudo().with_context(active_test=False).search(domain)
