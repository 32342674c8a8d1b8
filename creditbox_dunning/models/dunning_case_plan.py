from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules.coverage import PLAN
from ..rules.facts import FIRST_WORK_ACTION, FORMAL_OPS
from .dunning_action import OPEN_STATES


class DunningAction(models.Model):
    _inherit = "dunning.action"

    plan_ids = fields.One2many("dunning.payment.plan", "action_id", readonly=True)


class DunningCase(models.Model):
    """A case and its payment plans."""

    _inherit = "dunning.case"

    plan_ids = fields.One2many("dunning.payment.plan", "case_id", readonly=True)
    plan_count = fields.Integer(string="Payment plans", compute="_compute_plan_count")

    @api.depends("plan_ids")
    def _compute_plan_count(self):
        counts = {}
        if self.env["dunning.payment.plan"].has_access("read"):
            counts = dict(
                self.env["dunning.payment.plan"]._read_group(
                    [("case_id", "in", self.ids)], ["case_id"], ["__count"]
                )
            )
        for case in self:
            case.plan_count = counts.get(case, 0)

    def action_open_plans(self):
        """Smart button: the payment plans of these cases."""
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "creditbox_dunning.dunning_payment_plan_action"
        )
        return {**action, "domain": [("case_id", "in", self.ids)], "context": {}}

    def action_new_plan(self):
        """Button: try out a payment plan for this case."""
        self.ensure_one()
        self._check_is_operator()
        self.check_access("read")
        if self.state == "closed":
            raise UserError(self.env._("The case is closed."))
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Payment plan"),
            "res_model": "dunning.payment.plan",
            "view_mode": "form",
            "context": {"default_case_id": self.id},
        }

    def _rounds_of_plans(self):
        """{case: rounds in which a plan of its was agreed that is being paid}"""
        running = self.env["dunning.payment.plan"].search(
            [("case_id", "in", self.ids), ("state", "=", "running")]
        )
        return {
            case: set(plans.mapped("round"))
            for case, plans in running.grouped("case_id").items()
        }

    def _revive(self, loose, today):
        # EXTENDS: a case that is open again because a payment went back has its plan
        # again, before anything is planned
        cases = super()._revive(loose, today)
        if cases:
            self.env.invalidate_all()
            plans = self.env["dunning.payment.plan"].sudo()
            for company, of_company in cases.grouped("company_id").items():
                back = plans._come_back(company, today, of_company)
                back._note_paid(back._paid(), today)
        return cases

    def _go_back_to(self, round_, reason):
        """The bills of a plan that is over go on from the round in which they were.

        Not when newer bills have their own notice of default, or an order, under way:
        then these are seen to first, and the plan's bills begin again after them.
        """
        self.ensure_one()
        if self.state == "closed" or not round_ or self.round <= round_:
            return
        newer = self.action_ids.filtered(lambda a: a.round == self.round)
        weighty = newer.filtered(
            lambda a: (
                a.state in (*OPEN_STATES, "done")
                and (
                    a.op in FORMAL_OPS
                    or (a.op != PLAN and a.action_type_id.code >= FIRST_WORK_ACTION)
                )
            )
        )
        if weighty:
            return
        newer.filtered(lambda a: a.state in OPEN_STATES)._set_state(
            "superseded", reason
        )
        self._guarded().write({"round": round_})

    @api.model
    def _days_asked_elsewhere(self, lines, on_day):
        # EXTENDS: a plan with interest of its own bears no late interest besides
        found = super()._days_asked_elsewhere(lines, on_day)
        plans = (
            self.env["dunning.payment.plan"]
            .sudo()
            .search(
                [
                    ("line_ids", "in", lines.ids),
                    ("charge_id", "!=", False),
                    ("charge_id.state", "!=", "cancelled"),
                ]
            )
        )
        for plan in plans:
            days = (fields.Date.add(plan.request_date, days=1), plan.ended_on or on_day)
            for line in plan.line_ids:
                found.setdefault(line.id, []).append(days)
        return found

    def _timeline_sources(self):
        # EXTENDS dunning.case
        return [*super()._timeline_sources(), self._timeline_plans]

    def _timeline_plans(self):
        labels = self._labels("dunning.payment.plan", "state")
        tones = {
            "offered": "info",
            "running": "info",
            "kept": "success",
            "broken": "danger",
            "waiting": "warning",
        }
        for plan in self.sudo().plan_ids.filtered("asked_on"):
            yield (
                plan.case_id.id,
                {
                    "date": plan.ended_on or plan.accepted_on or plan.asked_on,
                    "kind": "event",
                    "icon": "fa-calendar-check-o",
                    "title": self.env._("Payment plan %(plan)s", plan=plan.name),
                    "text": plan.end_note or "",
                    "badge": labels.get(plan.state),
                    "tone": tones.get(plan.state, "muted"),
                    "amount": (plan.amount_total, plan.currency_id),
                    "minor": plan.state == "cancelled",
                },
            )
