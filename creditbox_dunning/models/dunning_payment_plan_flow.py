from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.utility_supply.models.bulk import insert_rows

from ..rules import plans as rules
from ..rules.facts import Reason
from ..rules.sets import choose_set
from .amounts import exact
from .dunning_action import OPEN_STATES
from .dunning_payment_plan import ASKED, LIVE_STATES, UNDER_WAY

PLAN_ACTION = 9
PLAN_OP = "plan"


class DunningPaymentPlan(models.Model):
    """From draft to its end: asked for, approved, offered, accepted, over.

    Each step is written on the case too: a suspension while it is asked for and while
    it runs, and the table's own step "payment plan" with what came of it.
    """

    _inherit = "dunning.payment.plan"

    # asking

    def action_ask(self):
        """Button: ask for these plans; those beyond what is free wait for a person."""
        self._check_may()
        self._check_state("draft")
        for plan in self:
            plan._ask()
        return True

    def _ask(self):
        """Fix the terms, hold the case, and ask or offer."""
        self.ensure_one()
        plan = self.sudo()._guarded()
        plan._check_can_ask()
        plan._fix_terms()
        # the step that the table proposed is the plan's from now on
        plan.write({"state": "waiting", "action_id": plan._open_step().id})
        plan._hold_asked()
        level = plan._level()
        if not level:
            plan._offer()
            return
        request = self.env["dunning.approval.request"]._ask(
            plan,
            "plan",
            plan.amount_total,
            facts=plan._approval_facts()[plan.id],
            note=self.note or "",
            case=plan.case_id,
            level=level,
            asker=self.env.user,
        )
        plan.write({"request_id": request.id})
        plan.case_id._message_log(
            body=self.env._("Payment plan %(plan)s asked for.", plan=plan.name)
        )

    def _check_can_ask(self):
        if self.case_id.state == "closed" or not self.line_ids:
            raise UserError(self.env._("There is nothing open to pay by instalments."))
        others = self.line_ids.filtered(
            lambda line: line.dunning_case_id != self.case_id or line.reconciled
        )
        if others:
            raise UserError(
                self.env._(
                    "%(bill)s is paid or belongs to another case: take it out of the"
                    " plan.",
                    bill=others[0].move_id.name,
                )
            )
        live = self.search_count(
            [
                ("case_id", "=", self.case_id.id),
                ("state", "in", LIVE_STATES),
                ("id", "!=", self.id),
            ],
            limit=1,
        )
        if live:
            raise UserError(self.env._("This case has a payment plan already."))
        if self._open_step().filtered(lambda a: a.state == "waiting_approval"):
            raise UserError(
                self.env._(
                    "The step of the table that proposes a plan waits for approval:"
                    " have it decided first."
                )
            )

    def _fix_terms(self):
        """The instalments as rows; tolerance as the company has it today."""
        try:
            made = self._schedule()
        except rules.WrongPlanError as error:
            raise UserError(self._wrong_words(error.code)) from None
        company = self.company_id
        self.instalment_ids.unlink()
        self.write(
            {
                "amount_total": float(sum(one.capital for one in made)),
                "amount_interest": float(sum(one.interest for one in made)),
                "tolerance_days": company.dunning_plan_tolerance_days,
                "missed_allowed": company.dunning_plan_missed,
                "join_by": self._law_join_by(),
                "asked_on": self._today(),
                "known_partials": self._partials().ids,
                "next_due": made[0].due,
                "instalment_ids": [
                    fields.Command.create(
                        {
                            "number": one.number,
                            "due_date": one.due,
                            "capital": float(one.capital),
                            "interest": float(one.interest),
                        }
                    )
                    for one in made
                ],
            }
        )

    def _level(self):
        """Level that has to decide, 0 = nobody.

        What the matrix wants for the table's own step, and for long plans or small
        first instalments what it wants for the subject "plan".
        """
        company, levels = self.company_id, self.env["dunning.approval.rule"]
        level = levels._level_for(
            company, "action", PLAN_ACTION, self.amount_total, op=PLAN_OP
        )
        first = self.instalment_ids.sorted("number")[:1]
        share = exact(first.capital) * 100 / exact(self.amount_total)
        if rules.needs_level(
            self.number * self.months,
            share,
            company.dunning_plan_longest,
            exact(company.dunning_plan_first_percent),
        ):
            level = max(
                level, levels._level_for(company, "plan", amount=self.amount_total)
            )
        return level

    # what the approvals ask

    def _approval_facts(self):
        """{id: what the answer is about}: when it changes the request lapses."""
        return {
            plan.id: {
                "case": plan.case_id.id,
                "amount": exact(plan.amount_total),
                "interest": exact(plan.amount_interest),
                "instalments": plan.number,
                "first": exact(plan.instalment_ids.sorted("number")[:1].amount),
                "from": plan.first_due.isoformat(),
                "right": bool(plan.has_right),
                "exception": plan.exception_reason or "",
            }
            for plan in self.sudo()
        }

    def _on_approved(self, requests):
        """Called when they are approved: the customer gets the offer."""
        for plan in self.filtered(lambda plan: plan.state == "waiting"):
            plan.sudo()._guarded()._offer()

    def _on_refused(self, requests):
        """Called when they are refused: the case goes on."""
        for plan in self.filtered(lambda plan: plan.state == "waiting"):
            plan.sudo()._guarded()._close(
                "cancelled", self.env._("Refused."), why="answered"
            )

    def _on_lapsed(self, requests):
        """Called when nobody answered, or the facts are others: a draft again."""
        for plan in self.filtered(lambda plan: plan.state == "waiting"):
            plan = plan.sudo()._guarded()
            plan.write(
                {
                    "state": "draft",
                    "request_id": False,
                    "next_due": False,
                    "join_by": False,
                }
            )
            plan.instalment_ids.unlink()
            plan._end_holds("withdrawn")

    # offering and accepting

    def _offer(self):
        """The document is written, the customer has some days to accept."""
        self.ensure_one()
        today = self._today()
        until = fields.Date.add(today, days=self.company_id.dunning_plan_offer_days)
        # an offer ends at the latest when the first instalment does
        first = self.instalment_ids.sorted("number")[:1].due_date
        if self.join_by and self.join_by < today:
            # decided too late for the day of the law: that is not the customer's fault
            self.join_by = False
        last = until = max(min(until, first), today)
        if self.join_by:
            until = max(self.join_by, first)
            # the bank may tell later of what was paid in time
            last = fields.Date.add(until, days=self.tolerance_days)
        self.write({"state": "offered", "offered_on": today, "valid_until": until})
        self._hold_asked(last)
        step = self._start_step()
        self.write({"action_id": step.id})
        if step:
            self._list_bills(step)
        self._write_document()
        self._say(self.env._("Payment plan %(plan)s offered.", plan=self.name))

    def action_accept(self, date=None):
        """Button: the customer accepted, on ``date`` (today when empty)."""
        self._check_may()
        self._check_state("offered")
        joined = self._joined()
        for plan in self:
            if not joined.get(plan, True):
                raise UserError(
                    self.env._(
                        "By law this plan is joined by paying the first instalment by"
                        " %(day)s: it is accepted by itself when the payment arrives.",
                        day=plan._day_words(plan.valid_until),
                    )
                )
            day = fields.Date.to_date(date) or plan._today()
            if not plan.offered_on <= day <= plan._today():
                raise UserError(
                    self.env._("It was accepted between the offer and today.")
                )
            plan.sudo()._guarded()._accept(day)
        return True

    def _accept(self, day):
        """It runs: the case stands still, the interest is put on a bill."""
        self.ensure_one()
        self.write(
            {"state": "running", "accepted_on": day, "round": self.case_id.round}
        )
        step = self.action_id.filtered(lambda a: a.state in OPEN_STATES)
        step._record_outcome("agreed", day, reason=self._reason())
        # the new suspension first: the case never stands free in between
        self._hold_running()
        self._end_hold(self.request_hold_id, "answered")
        self._charge_interest()
        self._say(self.env._("Payment plan %(plan)s accepted.", plan=self.name))

    # the end

    def action_cancel(self):
        """Button: nobody wants it any more; one that runs only by a manager."""
        self._check_may()
        self._check_state("draft", *LIVE_STATES)
        if any(plan.state == "running" for plan in self):
            self.env["dunning.case"]._check_is_manager(self)
        for plan in self:
            plan.sudo()._guarded()._close(
                "cancelled", self.env._("Cancelled by a person."), why="withdrawn"
            )
        return True

    def _close(self, state, note, why, day=None):
        """Kept, broken or cancelled: the step gets its outcome, the case goes on."""
        self.ensure_one()
        day = day or self._today()
        outcome = {"kept": "kept", "broken": "broken"}.get(state, "not_agreed")
        self.write(
            {
                "state": state,
                "ended_on": day,
                "end_note": note,
                "next_due": False,
                "is_late": False,
            }
        )
        step = self.action_id.filtered(lambda a: a.state in OPEN_STATES)
        if step:
            step._record_outcome(outcome, day, note=note, reason=self._reason())
        if state != "kept":
            self._drop_charge()
            self.case_id.sudo()._go_back_to(self.round, self._reason())
        self.request_id._end("cancelled", note)
        self._end_holds(why)
        self._say(f"{self.name}: {note}")

    # the case's own step

    def _open_step(self):
        """The step "payment plan" that the table proposed and nobody carried out."""
        return self.case_id.sudo().action_ids.filtered(
            lambda a: a.op == PLAN_OP and a.state in OPEN_STATES
        )[-1:]

    def _start_step(self):
        """That step, or a new one of the table's row; none when the table has none."""
        step = self._open_step()
        if step:
            step._set_state("executing", self._reason())
            return step
        case, today = self.case_id.sudo(), self._today()
        rule = self._plan_row(case, today)
        if not rule:
            return step
        known = case.action_ids.filtered(
            lambda a: a.rule_id == rule and a.round == case.round
        )
        return insert_rows(
            self.env["dunning.action"].sudo()._guarded(),
            [
                {
                    "case_id": case.id,
                    "company_id": case.company_id.id,
                    "partner_id": case.partner_id.id,
                    "rule_id": rule.id,
                    "action_type_id": rule.action_type_id.id,
                    "round": case.round,
                    "op": rule.op,
                    "channels": "",
                    "state": "executing",
                    "planned_date": today,
                    "executed_date": False,
                    "amount": self.amount_total,
                    "attempt": max(known.mapped("attempt"), default=0) + 1,
                }
            ],
        )

    @api.model
    def _plan_row(self, case, today):
        """The row of the case's table that stands for a payment plan, if any."""
        table = case.table_id
        if not table:
            return table.rule_ids
        facts = self.env["dunning.facts"].sudo()._collect(case, today)[case.id]
        rows, _notes = choose_set(table.rule_ids._as_rules(), facts.key)
        found = [rule.id for rule in rows if rule.op == PLAN_OP]
        return table.rule_ids.browse(found[:1])

    def _reason(self):
        return Reason.of("payment_plan", name=self.name)

    # suspensions

    def _hold_asked(self, until=None):
        """The case stands still while the plan is asked for, at least to ``until``."""
        hold = self.request_hold_id.filtered(lambda h: h.state == "active")
        if not hold:
            hold = self._take_hold(ASKED)
            self.write({"request_hold_id": hold.id})
        if until and hold.date_to and until > hold.date_to:
            # the offer was approved, its days too
            hold._guarded().write(
                {"date_to": until, "resume_date": fields.Date.add(until, days=1)}
            )
            hold._say(self.env._("Extended"), self.name)
            hold._take_effect()

    def _hold_running(self):
        self.write({"hold_id": self._take_hold(UNDER_WAY).id})

    def _take_hold(self, code):
        """A suspension of the plan's bills: the one there is, or a new one."""
        known = self._known_hold(code)
        if not known:
            return self._suspend(code)
        known._guarded().write({"plan_id": self.id})
        # it was of the whole case: its other bills go on
        known._take_effect()
        return known

    def _known_hold(self, code):
        """The suspension of the case that a person, or the portal, made already."""
        holds = self.env["dunning.hold"].sudo()
        return holds.search(
            [
                ("case_id", "=", self.case_id.id),
                ("reason_id.code", "=", code),
                ("state", "=", "active"),
            ],
            limit=1,
        )

    def _suspend(self, code):
        """Of the bills of the plan, from today; newer bills of the case go on."""
        holds = self.env["dunning.hold"].sudo()
        reason = self.env["dunning.hold.reason"].sudo()._get(code)
        asked = dict.fromkeys(("from", "to", "received", "check", "amount"))
        asked["note"] = self.name
        vals = holds._prepare_hold_vals("case", self.case_id, reason, asked)
        if vals["waits_approval"]:
            # how long a request may wait is the company's choice
            end = vals["wanted_to"]
            vals.update(
                date_to=end,
                resume_date=end and fields.Date.add(end, days=1),
                wanted_to=False,
                waits_approval=False,
            )
        return holds._place([{**vals, "plan_id": self.id}])

    def _end_holds(self, why):
        self._end_hold(self.request_hold_id | self.hold_id, why)

    def _end_hold(self, holds, why):
        open_ = holds.filtered(lambda h: h.state in ("active", "planned"))
        if open_:
            open_._end(why, self.name)

    # interest

    def _charge_interest(self):
        """A draft charge for all the interest: the accountant sends it to billing, or
        invoices it. It is the only thing that a plan adds to what is owed."""
        if not self.amount_interest:
            return
        kept = self.env["dunning.charge.account"]._charge_vals(
            self.company_id, "interest"
        )
        vals = {
            **kept,
            "dunning_case_id": self.case_id.id,
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.id,
            "contract_id": self.contract_id.id,
            "kind": "interest",
            "amount": self.amount_interest,
            "date": self.accepted_on,
            "description": self.env._(
                "Interest of payment plan %(plan)s", plan=self.name
            ),
            "origin": f"{self._name},{self.id}",
        }
        charge = self.env["utility.charge"]._dunning_create([vals])
        self.write({"charge_id": charge.id})

    def _drop_charge(self):
        """The interest of a plan that is over before its time: what has not left yet is
        not asked for; late interest takes its place."""
        charge = self.charge_id.sudo()
        if charge.state in ("draft", "to_export"):
            charge._set_state("cancelled")

    # checks

    def _check_may(self):
        self.check_access("write")
        self.env["dunning.case"]._check_is_operator(self)

    def _check_state(self, *states):
        wrong = self.filtered(lambda plan: plan.state not in states)
        if wrong:
            raise UserError(
                self.env._(
                    "%(plan)s is in another state by now: look at it again.",
                    plan=wrong[0].name,
                )
            )

    def _say(self, text):
        """In the history of the plan and of its case."""
        for record in (self, self.case_id.sudo()):
            record._message_log(body=text, author_id=self.env.user.partner_id.id)


class DunningApprovalRequest(models.Model):
    _inherit = "dunning.approval.request"

    @api.model
    def _approvable_models(self):
        # EXTENDS dunning.approval.request
        return super()._approvable_models() | {"dunning.payment.plan"}
