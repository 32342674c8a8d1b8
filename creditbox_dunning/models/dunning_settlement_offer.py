from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.utility_supply.models.bulk import insert_rows

from ..rules import settlement as rules
from ..rules.facts import Reason
from ..rules.sets import choose_set
from .dunning_action import OPEN_STATES
from .reason_texts import pack

OPERATION = "writeoff"
SETTLEMENT_ACTION = 8
HOLD = "settlement_offer"


class DunningSettlement(models.Model):
    """The offer to the customer: suspension of the case, message by the outbox."""

    _inherit = "dunning.settlement"

    def _offer(self):
        """Make the offer today; everything in one transaction, the message leaves
        afterwards by the outbox."""
        self.ensure_one()
        today = self._today()
        action = self._take_action(today)
        until = rules.last_day(today, self.valid_days)
        self._move(
            "offered",
            "offered",
            amount=self.agreed,
            action_id=action.id,
            offered_on=today,
            valid_until=until,
            known_partials=self._partials().ids,
            known_credits=[],
            in_time=0,
            late=0,
            attention=False,
            attention_note=False,
        )
        self._guarded().write({"hold_id": self._suspend(today, until).id})
        # what lies there already was there before anything was offered
        self._leave_free()
        self._write_offer(action, today)

    def _suspend(self, today, until):
        """The case stands still until the offer and the bank's days are over."""
        holds = self.env["dunning.hold"].sudo()
        reason = self.env["dunning.hold.reason"].sudo()._get(HOLD)
        grace = max(self.company_id.sudo().dunning_settlement_grace, 0)
        asked = {
            "from": today,
            "to": fields.Date.add(until, days=grace),
            "received": None,
            "check": None,
            "amount": self.agreed,
            "note": self.name,
        }
        vals = holds._prepare_hold_vals("case", self.case_id, reason, asked)
        # the settlement itself was approved, its days too
        vals.update(
            date_to=asked["to"],
            resume_date=fields.Date.add(asked["to"], days=1),
            wanted_to=False,
            waits_approval=False,
            placed_by=self.asked_by.id or self.env.uid,
            user_id=self.asked_by.id or self.env.uid,
        )
        return holds._place([vals])

    def _end_hold(self, why):
        hold = self.hold_id.filtered(lambda h: h.state in ("planned", "active"))
        if hold:
            hold._end(why)
            hold._take_effect(self.env._("The settlement is over"))

    # the step that carries the message

    def _take_action(self, today):
        """The step that carries the message; made when nobody proposed it: of the row
        of the table where there is one, else of none."""
        action = self.action_id
        if action and action.state in OPEN_STATES:
            if action.state != "executing":
                action._set_state("executing", Reason.of("to_be_done"))
            return action
        return self._make_action(self._find_rule(today), today)

    def _find_rule(self, today):
        """The row of the table for a settlement of such a case; empty without one."""
        case = self.case_id
        facts = self.env["dunning.facts"].sudo()._collect(case, today)[case.id]
        rows, _notes = choose_set(case.table_id.rule_ids._as_rules(), facts.key)
        ids = [row.id for row in rows if row.op == OPERATION]
        return self.env["dunning.action.rule"].sudo().browse(ids[:1])

    def _make_action(self, rule, today):
        """A step in execution; ``rule`` may be empty: its text is of the operation, not
        of the row."""
        case = self.case_id
        kinds = self.env["dunning.action.type"]._by_code()
        kind = rule.action_type_id or kinds[SETTLEMENT_ACTION]
        actions = self.env["dunning.action"].sudo()
        before = actions.search(
            [
                ("case_id", "=", case.id),
                ("rule_id", "=", rule.id),
                ("op", "=", OPERATION),
                ("round", "=", case.round),
            ],
            order="attempt desc",
            limit=1,
        )
        return insert_rows(
            actions._guarded(),
            [
                {
                    "case_id": case.id,
                    "company_id": case.company_id.id,
                    "partner_id": case.partner_id.id,
                    "rule_id": rule.id,
                    "action_type_id": kind.id,
                    "round": case.round,
                    "op": OPERATION,
                    "channels": "",
                    "state": "executing",
                    "planned_date": today,
                    "reasons": pack([Reason.of("by_hand", note=self.name)]),
                    "amount": self.capital,
                    "attempt": (before.attempt or 0) + 1,
                }
            ],
        )

    def _list_bills(self, action):
        """What the message lists: the bills of the settlement, as they are open."""
        items = self.env["dunning.action.item"].sudo()._guarded()
        known = action.item_ids.move_line_id
        insert_rows(
            items,
            [
                {
                    "action_id": action.id,
                    "company_id": action.company_id.id,
                    "move_line_id": line.move_line_id.id,
                    "move_id": line.move_line_id.move_id.id,
                    "bill_number": line.bill_number,
                    "date_bill": line.move_line_id.move_id.invoice_date,
                    "date_maturity": line.date_maturity,
                    "amount": line.move_line_id.amount_residual,
                }
                for line in self.line_ids
                if line.move_line_id not in known
            ],
        )
        action.invalidate_recordset(["item_ids"])

    def _write_offer(self, action, today):
        """The message with its text, in the outbox; letters as files."""
        self._list_bills(action)
        action._guarded().write({"channels": self.channel, "executed_date": today})
        action = action.with_company(self.company_id)
        if self.channel == "email" and not action._get_email():
            raise UserError(
                self.env._(
                    "%(customer)s has no e-mail address: choose another way.",
                    customer=self.partner_id.name,
                )
            )
        action._write_messages(today)
        action._make_letters(today)
        self.env["dunning.outbox"]._wake()

    # how it ends without money

    def _end(self, state, kind, note="", outcome="refused"):
        """Over: the case goes on, the step has its outcome."""
        self.ensure_one()
        self._cancel_request(self.env._("The settlement is over."))
        self._move(state, kind, note, attention=False, attention_note=False)
        self._tell_action(outcome, note)
        self._end_hold("withdrawn" if kind == "refused" else "fact_over")

    def _tell_action(self, outcome, note=""):
        """The outcome of the step, if nobody recorded one yet."""
        action = self.action_id
        if action and action.state in OPEN_STATES and action._takes_outcome():
            action._record_outcome(outcome, self._today(), note=note or self.name)

    def action_customer_refused(self, note=""):
        """Button: the customer does not want it; the full debt goes on."""
        self.check_access("write")
        self.env["dunning.case"]._check_is_operator(self)
        for one in self.sudo():
            one._check_state("offered")
            one._end("refused", "refused", note)
        return True

    def action_cancel(self, note=""):
        """Button: give it up before the customer answered.

        What was offered binds the company: only a credit manager takes it back.
        """
        self.check_access("write")
        self.env["dunning.case"]._check_is_operator(self)
        for one in self.sudo():
            one._check_state("draft", "waiting", "offered")
            if one.state == "offered":
                self.env["dunning.case"]._check_is_manager(self)
            one._end("cancelled", "cancelled", note)
        return True

    def _check_state(self, *states):
        if self.state not in states:
            raise UserError(
                self.env._("%(name)s is in another state by now.", name=self.name)
            )
