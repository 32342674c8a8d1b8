from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.utility_supply.models.bulk import update_rows

from ..rules import technical, work
from ..rules.breach import find_breach
from ..rules.facts import CUTS, Reason
from .dunning_action import OUTCOME_LABELS
from .dunning_action_rule import OPERATIONS
from .dunning_engine_write import is_recorded_hold
from .dunning_work_step import STEP_GUARDED
from .reason_texts import pack, unpack
from .work_words import OP_WORDS

# what prepares or carries out a cut
CUTTING = frozenset({"list", *CUTS})
# why the planner takes an order back, but for what only the night may conclude
GROUNDLESS = frozenset({"below_threshold", "unallocated_payment"})
CHUNK = 1000


class DunningTechnicalOrder(models.Model):
    """An order to the technical office or to the distributor: one for each step.

    The list asks for a plan; the others ask for a work. Before it leaves, paid bills
    and the law are looked at once more; what is paid later is called back.
    """

    _name = "dunning.technical.order"
    _description = "Order to the technical office"
    _inherit = "dunning.work.step"
    _purpose = "technical"
    _ref_prefix = "OT"
    _answers = "technical_answers"

    _guarded_fields = STEP_GUARDED | {"planned_date", "due_date"}

    op = fields.Selection(OPERATIONS, string="Operation", readonly=True, required=True)
    planned_date = fields.Date(
        string="Planned for", readonly=True, help="The day fixed by the office."
    )
    due_date = fields.Date(
        string="To be done by",
        readonly=True,
        help="Of a reactivation: the last day of the law's term.",
    )
    is_late = fields.Boolean(compute="_compute_is_late", search="_search_is_late")
    outcome = fields.Selection(OUTCOME_LABELS, readonly=True)

    _open_idx = models.Index(
        "(company_id, state) WHERE state NOT IN ('done', 'failed', 'withdrawn')"
    )
    _name_uniq = models.UniqueIndex(
        "(name) WHERE name != '/'", "This number was already given."
    )

    @api.depends("due_date", "state")
    def _compute_is_late(self):
        today = fields.Date.context_today(self)
        for order in self:
            is_open = order.state in work.OPEN
            order.is_late = bool(is_open and order.due_date and order.due_date < today)

    def _search_is_late(self, operator, value):
        if operator != "in" or set(value) != {True}:
            return NotImplemented
        today = fields.Date.context_today(self)
        return Domain("due_date", "<", today) & Domain("state", "in", sorted(work.OPEN))

    # life

    @api.model
    def _order_actions(self, actions):
        # EXTENDS: who paid gets the supply back within the law's term
        orders = super()._order_actions(actions)
        back = orders.filtered(lambda order: order.op == "reactivate")
        update_rows(back, {order.id: {"due_date": order._due()} for order in back})
        return orders

    @api.model
    def _prepare_vals(self, action):
        return {**super()._prepare_vals(action), "op": action.op}

    def _due(self):
        """Last day of the law's term to give the supply back, False when unknown."""
        self.ensure_one()
        company, service = self.company_id, self.service or ""
        cases = self.env["dunning.case"]
        today = cases._today(company)
        numbers = self.env["dunning.legal.parameter"].sudo()._parameters()
        term = numbers.get(service, "reactivation_days", today)
        if not term:
            return False
        zone = company.partner_id.tz or "Europe/Rome"
        now = fields.Datetime.context_timestamp(
            self.with_context(tz=zone), fields.Datetime.now()
        )
        hour = numbers.get(service, technical.cutoff_name(today), today) or numbers.get(
            service, "reactivation_cutoff", today
        )
        shift = self.env["dunning.facts"]._shift_for(
            company, range(today.year, today.year + 2)
        )
        return technical.reactivation_due(
            today,
            is_late=bool(hour) and now.hour >= hour.count,
            count=term.count,
            day_kind=term.day_kind,
            shift=shift,
        )

    # sending

    def _recheck(self):
        # EXTENDS: forbidden by now, it waits with what forbids it
        waiting = super()._recheck()
        waiting._take_back_groundless()
        waiting = waiting.filtered(lambda order: order.state in work.TO_TELL)
        new = waiting.filtered(lambda order: order.state == work.TO_SEND)
        forbidden = new._find_forbidden()
        update_rows(self.browse(), forbidden)
        return waiting.filtered(lambda order: order.id not in forbidden)

    def _find_forbidden(self):
        """{id: {"problem": words}} of those that the law does not allow today."""
        orders = self.filtered(lambda order: order.op in CUTTING)
        company = orders.company_id
        if not company:
            return {}
        today = self.env["dunning.case"]._today(company.ensure_one())
        facts = self.env["dunning.facts"].sudo()._collect(orders.case_id, today)
        return {
            order.id: {
                "problem": unpack(self.env, pack(breach.reasons), order.currency_id)
            }
            for order, breach in orders._breaches(facts, today).items()
        }

    def _breaches(self, facts, today):
        """{order: what it would break today}, without those that break nothing."""
        law = self.env["dunning.guard"].sudo()._law_for(self.company_id, today)
        rows = self.action_id.rule_id.sudo()
        rules = dict(zip(rows, rows._as_rules(), strict=True))
        found = {}
        for order in self:
            listed = frozenset(order.action_id.item_ids.move_line_id.ids)
            rule = rules[order.action_id.rule_id.sudo()]
            breach = find_breach(law, rule, facts[order.case_id.id], today, listed)
            if breach:
                found[order] = breach
        return found

    # called back the same day

    @api.model
    def _watch_ground(self):
        """Several times a day: orders of a cut that has no ground any more."""
        self.sudo().search(
            [("state", "in", sorted(work.WANTED)), ("op", "in", sorted(CUTTING))]
        )._take_back_groundless()

    def _take_back_groundless(self):
        """Take back at once what the night would take back: what a suspension that
        began by itself stops, a debt below the row's threshold, covered by a payment
        that nobody matched yet, excluded by the accounting. Of what is outside also
        what the law forbids on any day; what did not leave waits for the law."""
        wanted = self.filtered(
            lambda order: (
                order.op in CUTTING
                and order.state in work.WANTED
                and order.action_id.round == order.case_id.round
            )
        )
        for company, orders in wanted.grouped("company_id").items():
            for start in range(0, len(orders), CHUNK):
                orders[start : start + CHUNK]._take_back_in(company)

    def _take_back_in(self, company):
        today = self.env["dunning.case"]._today(company)
        engine = self.env["dunning.engine"].sudo().with_company(company)
        cases = self.case_id.sudo().with_company(company)
        self.env["dunning.hold"].sudo()._withdraw_stopped(cases, today)
        _decisions, facts, _rounds, outdated = engine._decide(cases, today)
        gone = {}
        for order in self.filtered(lambda one: one.state in work.WANTED):
            action = order.action_id.sudo()
            reason = outdated[order.case_id].get(action.rule_id.id)
            if reason and (
                reason.code in GROUNDLESS
                or (reason.code == "on_hold" and not is_recorded_hold(reason))
            ):
                gone[reason] = gone.get(reason, action.browse()) | action
        for reason, actions in gone.items():
            actions._withdraw(reason)
        outside = self.filtered(lambda order: order.state in work.WANTED - work.TO_TELL)
        for order, breach in outside._breaches(facts, today).items():
            if breach.is_void:
                order.action_id.sudo()._take_back(breach)

    def _leave(self, file, provider, today):
        # EXTENDS: a list is under way from the day it left: its plan is awaited
        left = super()._leave(file, provider, today)
        lists = self.filtered(lambda order: order.op == "list").action_id
        lists.filtered(lambda a: not a.executed_date)._set_state(
            "executing", Reason.of("order_sent", name=file.name), executed_date=today
        )
        return left

    def _row(self, provider, today):
        return {
            **super()._row(provider, today),
            "operation": OP_WORDS.get(self.op),
            "planned_date": self.planned_date or self.action_id.planned_work_date,
            "due_date": self.due_date,
            "notified_date": self._notified(),
            "technical_obstacle": self.contract_id.supply_point_id.technical_obstacle,
        }

    def _notified(self):
        """The day on which the last formal notice of the case was delivered."""
        notices = self.case_id.action_ids.notice_id
        formal = notices.filtered(lambda n: n.is_formal_notice and n.notified_date)
        return max(formal.mapped("notified_date"), default=None)
