from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from ..rules.facts import CUTS, TECHNICAL_ACTION, Reason
from ..rules.outcomes import OUTCOMES, SUBJECT_BY_ACTION
from .dunning_action import OPEN_STATES
from .dunning_action_rule import SET_KEYS

LETTERS = frozenset({"pp", "ar", "pec"})
# an order carried out all the same finds the supply in other states than a right one
ANY_STATE = frozenset({"active", "reduced", "limited", "suspended", "to_reactivate"})
# what an operation makes of a supply, and of which states it may be carried out
SUPPLY_AFTER = {
    "reduce": ("reduced", frozenset({"active", "reduced"})),
    "limit": ("limited", frozenset({"active", "limited"})),
    "suspend": (
        "suspended",
        frozenset({"active", "reduced", "limited", "suspended"}),
    ),
    "deactivate": ("ceased", frozenset({"suspended", "limited", "ceased"})),
    "reactivate": (
        "active",
        frozenset({"suspended", "reduced", "limited", "to_reactivate", "active"}),
    ),
}


class DunningAction(models.Model):
    """What came of an action: recorded by a person now, by the channels later.

    One door for all of them, `_record_outcome`; what it makes of the case is the
    planner's business (rules/outcomes.py).
    """

    _inherit = "dunning.action"

    # may it be recorded

    def _takes_outcome(self):
        """Open actions, and messages that left and may still come back."""
        self.ensure_one()
        if self.state in OPEN_STATES:
            return True
        is_message = not self._needs_person()
        return self.state == "done" and is_message and not self.outcome

    def _check_takes_outcome(self):
        wrong = self.filtered(lambda action: not action._takes_outcome())
        if wrong:
            raise UserError(
                self.env._(
                    "%(action)s waits for nothing.", action=wrong[0].display_name
                )
            )

    def _get_outcome_subject(self):
        """letter, list, work, agency, settlement, instalments or court."""
        self.ensure_one()
        code = self.action_type_id.code
        if code == TECHNICAL_ACTION and self.op == "list":
            return "list"
        return SUBJECT_BY_ACTION.get(code) or "letter"

    def _rows_of_set(self):
        """The rows of the table that stand in the same set as this action's row."""
        self.ensure_one()
        row = self.rule_id.sudo()
        return row.table_id.rule_ids.filtered(
            lambda other: all(other[key] == row[key] for key in SET_KEYS)
        )

    def _check_outcome(self, outcome):
        subject = self._get_outcome_subject()
        told = OUTCOMES.get(outcome)
        subject = "work" if subject == "list" else subject
        if outcome and (told is None or told.subject != subject):
            raise UserError(
                self.env._(
                    "%(action)s cannot have this outcome.", action=self.display_name
                )
            )

    def _check_guard(self, day):
        """Refuse to record an order of ``day`` that the law forbids as if it had been
        lawful."""
        self.ensure_one()
        breach = self._find_breach(day)
        if breach:
            raise UserError(
                self.env._(
                    "%(action)s is forbidden on %(day)s. %(why)s If it was carried out"
                    " all the same, a credit manager records it as against the law.",
                    action=self.display_name,
                    day=format_date(self.env, day),
                    why=self._breach_words(breach),
                )
            )

    def _check_open_day(self, day):
        """Refuse a plan of the technical office on a day on which nobody may cut."""
        contract = self.case_id.contract_id
        if not contract or self.op not in {"list", *CUTS}:
            return
        is_open, next_day = self.env["dunning.guard"].sudo()._open_day(contract, day)
        if not is_open:
            raise UserError(
                self.env._(
                    "No supply may be cut on %(day)s: the first day is %(next)s.",
                    day=fields.Date.to_string(day),
                    next=fields.Date.to_string(next_day),
                )
            )

    # recording

    def _record_outcome(
        self, outcome, day, state=None, note="", reason=None, breach=None, **vals
    ):
        """Record ``outcome`` of ``day`` on these actions.

        :param outcome: a code of rules/outcomes.py, or "" for none in particular
        :param state: done, failed or open, when there is no outcome to tell it
        :param reason: the Reason to keep; the note by default
        :param breach: what the order broke, when it is recorded as against the law
        :param vals: fields to write besides: planned_work_date, pay_term ...
        :raise UserError: when it does not fit the action, or the law forbids the order
        """
        told = OUTCOMES.get(outcome)
        state = told.state if told else state
        for action in self:
            action._check_outcome(outcome)
            is_order = action.op in CUTS or action.op == "list"
            if is_order and state == "done" and not breach:
                action._check_guard(day)
            if vals.get("planned_work_date"):
                action._check_open_day(vals["planned_work_date"])
        written = {
            "outcome": outcome or False,
            "outcome_note": note or False,
            "decided_by": self.env.uid,
            "decided_on": fields.Datetime.now(),
            **vals,
        }
        reason = reason or Reason.of("by_hand", note=note or "-")
        if state == "open":
            # told on the way: the action goes on
            started = self.filtered(lambda action: not action.executed_date)
            started._set_state("executing", reason, executed_date=day, **written)
            (self - started)._set_state("executing", reason, **written)
            return
        written.setdefault("executed_date", day)
        effective = day if state == "done" else False
        self._set_state(state, reason, **{"effective_date": effective, **written})
        if state == "done":
            for action in self:
                action._apply_to_supply(day, ANY_STATE if breach else frozenset())

    def _apply_to_supply(self, day, more=frozenset()):
        """The supply is what the work made of it (transitions 17, 22 and 23).

        ``more``: states besides the usual ones in which the work may have found it.
        """
        self.ensure_one()
        if self.op not in SUPPLY_AFTER:
            return
        state, sources = SUPPLY_AFTER[self.op]
        contract = self.case_id.contract_id.sudo()
        if contract.supply_state not in sources | more:
            raise UserError(
                self.env._(
                    "Supply %(contract)s is in another state by now: %(action)s cannot"
                    " be recorded as done.",
                    contract=contract.code,
                    action=self.display_name,
                )
            )
        contract._become(state, day)
        if self.op == "reactivate":
            self._propose_daily_indemnity(day)

    def _promise_back(self):
        """The order to reactivate: the supply waits for it, and not longer than the
        wait of its row."""
        if not self:
            return
        company = self.company_id[:1]
        for action in self:
            day = action.planned_date
            shift = self.env["dunning.facts"]._shift_for(
                company, range(day.year, day.year + 2)
            )
            rule = action.rule_id
            until = shift(day, rule.wait_after, rule.day_kind)
            action.sudo()._guarded().write({"planned_work_date": until})
            action.case_id.contract_id.sudo()._become("to_reactivate", day)

    def _is_address_changed(self):
        """The letter that came back went to an address that nobody has any more."""
        self.ensure_one()
        failed = self.communication_ids.filtered(
            lambda m: m.state == "failed" and m.channel in LETTERS
        )[-1:]
        return bool(failed) and failed.address != self._get_address(failed.channel)

    def _get_notice_ref(self):
        """The reference of the notice: one for each attempt."""
        self.ensure_one()
        ref = f"{self.case_id.name}/{self.round}/{self.rule_id.seq}"
        return f"{ref}/{self.attempt}" if self.attempt > 1 else ref


class UtilityContract(models.Model):
    _inherit = "utility.contract"

    def _become(self, state, day):
        """Set the supply's state since ``day``, when it is not in it already."""
        changed = self.filtered(lambda contract: contract.supply_state != state)
        changed.write({"supply_state": state, "supply_state_date": day})
