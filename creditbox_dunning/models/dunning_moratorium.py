from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..rules import holds as rules
from ..rules.facts import Hold
from .dunning_hold_reason import CLOCKS, STOPS

SERVICE_FIELDS = ("water", "gas", "electricity", "telephone")
CUSTOMER_FIELDS = ("domestic", "non_domestic", "large", "public_body")
MANAGER_LEVEL = 2


class DunningMoratorium(models.Model):
    """A decision that stops recovery in an area for some time (earthquake, flood...).

    It reaches the supplies by the municipality of their point, without a record on
    each: it holds from its first day and is over after its last one, by itself.
    """

    _name = "dunning.moratorium"
    _description = "Moratorium"
    _inherit = "mail.thread"
    _order = "date_from desc, id desc"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    company_ids = fields.Many2many(
        "res.company",
        "dunning_moratorium_company_rel",
        "moratorium_id",
        "company_id",
        string="Other companies",
        tracking=True,
        help="It holds for these companies too.",
    )
    whole_group = fields.Boolean(
        tracking=True,
        help="It holds for every company of the group, those that join later included.",
    )
    has_group = fields.Boolean(compute="_compute_has_group")
    source = fields.Char(
        required=True, tracking=True, help="The decree, order or resolution."
    )
    date_from = fields.Date(string="From", required=True, tracking=True)
    date_to = fields.Date(
        string="To", tracking=True, help="Last day. Empty: until further notice."
    )
    stops = fields.Selection(STOPS, required=True, default="all", tracking=True)
    clock = fields.Selection(
        CLOCKS,
        string="Waits of the table",
        required=True,
        default="stop",
        tracking=True,
    )
    everywhere = fields.Boolean(tracking=True, help="The whole territory served.")
    area_ids = fields.One2many("dunning.moratorium.area", "moratorium_id", "Areas")
    water = fields.Boolean(default=True, tracking=True)
    gas = fields.Boolean(default=True, tracking=True)
    electricity = fields.Boolean(default=True, tracking=True)
    telephone = fields.Boolean(default=True, tracking=True)
    domestic = fields.Boolean(default=True, tracking=True)
    non_domestic = fields.Boolean(string="Non-domestic", default=True, tracking=True)
    large = fields.Boolean(string="Large customers", default=True, tracking=True)
    public_body = fields.Boolean(string="Public bodies", default=True, tracking=True)
    attachment_ids = fields.Many2many(
        "ir.attachment",
        "dunning_moratorium_attachment_rel",
        "moratorium_id",
        "attachment_id",
        string="Documents",
    )
    note = fields.Text()
    state = fields.Selection(
        [("planned", "Planned"), ("active", "In force"), ("ended", "Ended")],
        string="Status",
        compute="_compute_state",
        search="_search_state",
    )
    case_count = fields.Integer(string="Cases", compute="_compute_case_count")

    _dates_check = models.Constraint(
        "CHECK(date_to IS NULL OR date_to >= date_from)",
        "A moratorium cannot end before it begins.",
    )

    @api.constrains("everywhere", "area_ids")
    def _check_area(self):
        for moratorium in self:
            if not moratorium.everywhere and not moratorium.area_ids:
                raise UserError(
                    self.env._("Say in which municipalities or provinces it holds.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        moratoria = super().create(vals_list)
        moratoria._check_may_decide()
        return moratoria

    def write(self, vals):
        result = super().write(vals)
        if {"company_id", "company_ids", "whole_group"} & set(vals):
            self._check_may_decide()
        return result

    def _check_may_decide(self):
        """Only who is credit manager of all the companies decides for all of them.

        No constraint: those run as superuser.
        """
        if self.env.su:
            return
        for moratorium in self:
            companies = moratorium._companies()
            levels = self.env["res.users"]._dunning_levels(self.env.user, companies)
            for company, level in levels.items():
                if level < MANAGER_LEVEL and company != moratorium.company_id:
                    raise AccessError(
                        self.env._(
                            "You are no credit manager of %(company)s: who is, or the"
                            " head company of the group, decides a moratorium there.",
                            company=company.sudo().name,
                        )
                    )

    @api.depends("company_id")
    def _compute_has_group(self):
        for moratorium in self:
            moratorium.has_group = bool(moratorium._group())

    def _group(self):
        """The group of the company that recorded it, or none: read each time, it holds
        for who joins and no longer for who leaves."""
        root = self.company_id.sudo().root_id
        return (
            self.env["utility.group"]
            .sudo()
            .search(
                Domain("member_ids", "in", root.ids)
                | Domain("head_company_id", "in", root.ids),
                limit=1,
            )
        )

    def _companies(self):
        """All the companies that it holds for, branches apart."""
        self.ensure_one()
        companies = self.sudo().company_id | self.sudo().company_ids
        group = self._group() if self.whole_group else self.env["utility.group"]
        return companies | group.member_ids | group.head_company_id

    @api.depends("date_from", "date_to", "company_id")
    def _compute_state(self):
        for moratorium in self:
            start = moratorium.date_from
            today = self.env["dunning.case"]._today(moratorium.company_id)
            end = moratorium.date_to
            resume = end and end + rules.ONE_DAY
            moratorium.state = start and rules.state_on(today, start, resume or None)

    def _search_state(self, operator, value):
        if operator not in ("in", "="):
            return NotImplemented
        wanted = [value] if isinstance(value, str) else list(value)
        today = self.env["dunning.case"]._today(self.env.company)
        over, later = Domain("date_to", "<", today), Domain("date_from", ">", today)
        domains = {"ended": over, "planned": later, "active": ~over & ~later}
        return Domain.OR(domains[state] for state in wanted if state in domains)

    def _compute_case_count(self):
        for moratorium in self:
            moratorium.case_count = len(moratorium._cases())

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(
            self.env._("A moratorium is history: set its last day or archive it.")
        )

    # actions

    def action_open_cases(self):
        """Smart button: the cases that it stops, or will stop."""
        self.ensure_one()
        self.check_access("read")
        cases = self.env["dunning.case"].browse(self._cases().ids)
        return cases._open_action(self.env._("Recovery cases"))

    def action_apply(self):
        """Button: take effect at once, without waiting for tonight's run."""
        self.check_access("write")
        for moratorium in self:
            today = self.env["dunning.case"]._today(moratorium.company_id)
            self.env["dunning.hold"].sudo()._replan(moratorium._cases(), today)
            moratorium._message_log(body=self.env._("Applied to the open cases."))
        return True

    # business

    @api.model
    def _holds(self, cases, today):
        """[(case id, [rules.facts.Hold])] for ``cases`` on ``today``, in a fixed number
        of statements."""
        moratoria = self.sudo().search(
            Domain("date_to", "=", False)
            | Domain("date_to", ">=", today)
            | Domain("clock", "=", "stop")
        )
        if not moratoria:
            return []
        found = defaultdict(list)
        for row in self.env.execute_query(
            moratoria._reached_sql(SQL("kase.id = ANY(%s)", cases.ids))
        ):
            case_id, name, start, end, stops, clock, lines, has_contract = row
            found[case_id].append(
                Hold(
                    reason="moratorium",
                    label=name,
                    start=start,
                    until=end,
                    stops=stops,
                    clock=clock,
                    lines=None if has_contract else frozenset(lines),
                )
            )
        return list(found.items())

    def _cases(self):
        """The live cases in its area, of its services and customers."""
        self.ensure_one()
        if not isinstance(self.id, int):
            return self.env["dunning.case"].sudo()
        self.env.flush_all()
        rows = self.env.execute_query(self._reached_sql(SQL("kase.state != 'closed'")))
        return self.env["dunning.case"].sudo().browse(row[0] for row in rows)

    def _reached_sql(self, only):
        """Query: which of these moratoria reaches which case.

        ``only``: condition on ``kase``. A case
        without contract is the customer's: it is reached bill by bill. The place is
        the point's, or the customer's where the point has none.
        """
        pairs = self._reach()
        return SQL(
            """
            WITH place AS (
                SELECT kase.id AS case_id, kase.company_id, line.id AS line_id,
                       kase.contract_id IS NOT NULL AS has_contract,
                       contract.service, contract.customer_type,
                       upper(point.municipality_code) AS code,
                       lower(COALESCE(NULLIF(point.city, ''), partner.city)) AS city,
                       COALESCE(point.state_id, partner.state_id) AS state_id
                  FROM dunning_case kase
                  JOIN res_partner partner ON partner.id = kase.partner_id
             LEFT JOIN account_move_line line
                    ON line.dunning_case_id = kase.id AND kase.contract_id IS NULL
             LEFT JOIN account_move move ON move.id = line.move_id
             LEFT JOIN utility_contract contract
                    ON contract.id = COALESCE(kase.contract_id,
                                              line.utility_contract_id,
                                              move.utility_contract_id)
             LEFT JOIN utility_supply_point point
                    ON point.id = contract.supply_point_id
                 WHERE %(only)s
                   AND kase.company_id = ANY(%(reached)s)
            )
            SELECT place.case_id, moratorium.name, moratorium.date_from,
                   moratorium.date_to, moratorium.stops, moratorium.clock,
                   array_agg(place.line_id), bool_or(place.has_contract)
              FROM place
              JOIN unnest(%(moratoria)s::int[], %(reached)s::int[])
                   AS reach(moratorium_id, company_id)
                ON reach.company_id = place.company_id
              JOIN dunning_moratorium moratorium ON moratorium.id = reach.moratorium_id
             WHERE (place.service IS NULL OR CASE place.service %(services)s END)
               AND (place.customer_type IS NULL
                    OR CASE place.customer_type %(customers)s END)
               AND (moratorium.everywhere OR EXISTS (
                    SELECT 1
                      FROM dunning_moratorium_area area
                     WHERE area.moratorium_id = moratorium.id
                       AND (area.code IS NULL OR upper(area.code) = place.code)
                       AND (area.city IS NULL OR area.code IS NOT NULL
                            OR lower(area.city) = place.city)
                       AND (area.state_id IS NULL OR area.code IS NOT NULL
                            OR area.state_id = place.state_id)))
          GROUP BY place.case_id, moratorium.id
          ORDER BY place.case_id, moratorium.id
            """,
            only=only,
            moratoria=[moratorium for moratorium, _company in pairs],
            reached=[company for _moratorium, company in pairs],
            services=self._flags_sql(SERVICE_FIELDS),
            customers=self._flags_sql(CUSTOMER_FIELDS),
        )

    def _reach(self):
        """[(moratorium id, company id)]: a branch goes with its company."""
        companies = {moratorium: moratorium._companies() for moratorium in self}
        heads = self.env["res.company"].sudo().union(*companies.values())
        everyone = heads.with_context(active_test=False).search(
            [("id", "child_of", heads.ids)]
        )
        return [
            (moratorium.id, company.id)
            for moratorium, named in companies.items()
            for company in everyone
            if company.parent_ids & named
        ]

    @api.model
    def _flags_sql(self, names):
        return SQL(" ").join(
            SQL(
                "WHEN %s THEN %s",
                name,
                SQL.identifier("moratorium", name),
            )
            for name in names
        )


class DunningMoratoriumArea(models.Model):
    """One municipality or province of a moratorium."""

    _name = "dunning.moratorium.area"
    _description = "Area of a moratorium"
    _order = "state_id, city, code, id"

    moratorium_id = fields.Many2one(
        "dunning.moratorium", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="moratorium_id.company_id", store=True, index=True, precompute=True
    )
    state_id = fields.Many2one(
        "res.country.state",
        string="Province",
        domain="[('country_id.code', '=', 'IT')]",
        help="Alone: the whole province.",
    )
    city = fields.Char(string="Municipality", help="As written on the supply points.")
    code = fields.Char(
        string="Municipality code", help="ISTAT or cadastral; when given it decides."
    )

    _some_check = models.Constraint(
        "CHECK(num_nonnulls(state_id, city, code) > 0)",
        "Say the municipality or the province.",
    )
