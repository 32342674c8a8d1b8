from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules import incoming, messages, suspension
from .cmor_practice_request import LIVE_STATES

# what the supply itself tells: the contract's state
FACT_OF_STATE = {"suspended": "suspended", "to_reactivate": "suspended"}


class CmorPractice(models.Model):
    """Incoming side: suspension of the claim and its end (TISIND art. 15)."""

    _inherit = "cmor.practice"

    can_suspend = fields.Boolean(
        compute="_compute_can_suspend",
        help="Nothing but the fact behind it may still be missing.",
    )

    @api.depends("state", "suspend_until", "collected_amount")
    def _compute_can_suspend(self):
        today = fields.Date.context_today(self)
        for practice in self:
            problems = set(practice._suspension_problems("suspended", today))
            busy = practice.sudo().request_ids.filtered(
                lambda r: r.key == incoming.SUSPEND and r.state in LIVE_STATES
            )
            practice.can_suspend = not problems and not busy

    # --- actions ----------------------------------------------------------------

    def action_ask_suspension(self):
        """Button: dialog that asks the suspension of one or many practices."""
        return self._suspension_dialog("suspend", self.env._("Ask the suspension"))

    def action_ask_resumption(self):
        """Button: dialog that asks the end of the suspension."""
        return self._suspension_dialog("revoke", self.env._("End the suspension"))

    def _suspension_dialog(self, kind, name):
        self._check_may_operate()
        return {
            "type": "ir.actions.act_window",
            "res_model": "cmor.suspend.wizard",
            "view_mode": "form",
            "target": "new",
            "name": name,
            "context": {"default_kind": kind, "default_practice_ids": self.ids},
        }

    def action_suspension_failed(self):
        """Button of an operator: no answer came and the claim went on all the same."""
        self._check_may_operate()
        todo = self.sudo().filtered(lambda p: p.state == "suspend_requested")
        requests = todo.request_ids.filtered(
            lambda r: r.key == incoming.SUSPEND and r.state in ("sent", "admitted")
        )
        requests._set_state("overtaken")
        todo._move_to("matched", "suspension_failed")
        todo._settle(fields.Date.context_today(self))

    # --- facts ------------------------------------------------------------------

    def _suspension_facts(self):
        """{practice: (fact of rules.suspension, evidence)}; only what is known.

        Extended by what knows of requests of disconnection.
        """
        facts = {}
        states = dict(
            self.env["utility.contract"]
            ._fields["supply_state"]
            ._description_selection(self.env)
        )
        for practice in self:
            contract = practice.contract_id
            fact = FACT_OF_STATE.get(contract.supply_state)
            if fact:
                facts[practice] = (fact, states[contract.supply_state])
        return facts

    def _suspension_problems(self, fact, today):
        """Codes of ``rules.suspension.problems`` with the fact given."""
        self.ensure_one()
        return suspension.problems(
            suspension.Facts(
                state=self.state,
                fact=fact or "",
                is_collected=self.currency_id.compare_amounts(self.collected_amount, 0)
                > 0,
                last_day=self.suspend_until or None,
                today=today,
            )
        )

    def _suspension_problem_texts(self):
        return {
            "collected": self.env._(
                "the customer has paid the CMOR: after the collection no suspension"
                " may be asked."
            ),
            "state": self.env._("it does not run, or is suspended already."),
            "no_fact": self.env._(
                "the supply is not suspended and no request of suspension is known:"
                " declare it with the proof."
            ),
            "no_term": self.env._("the last day for the suspension is not known."),
            "late": self.env._("the term has passed."),
        }

    def _cannot_suspend_reason(self, fact, today):
        """Why the suspension may not be asked; False when it may."""
        texts = self._suspension_problem_texts()
        found = self._suspension_problems(fact, today)
        return " ".join(texts[code] for code in found) or False

    # --- business ---------------------------------------------------------------

    def _ask_suspension(self, declared=None, proof="", date=None, code=""):
        """Open a request of suspension for each practice.

        :param str declared: fact of ``rules.suspension.FACTS`` declared by a person
            for those of which none is known
        :param str proof: what the declaration rests on
        :param date date: day of the request of disconnection
        :param str code: practice code of the disconnection
        :return: the requests
        :raise UserError: with all the reasons why one may not be asked
        """
        self._check_may_operate()
        practices = self.sudo()
        practices._lock_for_money()
        today = fields.Date.context_today(self)
        practices._settle(today)
        known = practices._suspension_facts()
        facts = {p: known.get(p, (declared or "", proof)) for p in practices}
        if any(p not in known for p in practices) and declared and not proof.strip():
            raise UserError(self.env._("Write what the declaration rests on."))
        reasons = [
            f"{practice.display_name}: {why}"
            for practice in practices
            if (why := practice._cannot_suspend_reason(facts[practice][0], today))
        ]
        if reasons:
            raise UserError("\n".join(reasons))
        requests = self.env["cmor.practice.request"]._open(
            practices,
            incoming.SUSPEND,
            lambda p: p._prepare_suspension("1", facts[p][0], date or today, code),
        )
        practices._log(
            "suspension_asked",
            lambda p: {
                "reason": suspension.CODES[p.sector, facts[p][0]],
                "proof": facts[p][1] or "-",
            },
        )
        practices._set_next()
        return requests

    def _ask_resumption(self, note):
        """Open a request that ends the suspension of each practice."""
        self._check_may_operate()
        practices = self.sudo()
        wrong = practices.filtered(lambda p: p.state != "suspended")
        if wrong:
            raise UserError(
                self.env._(
                    "%(names)s: it is not suspended.",
                    names=", ".join(wrong.mapped("display_name")),
                )
            )
        today = fields.Date.context_today(self)
        requests = self.env["cmor.practice.request"]._open(
            practices,
            incoming.REVOKE,
            lambda p: p._prepare_suspension("2", "", today, "", note),
        )
        practices._log("resumption_asked", lambda p: {"note": note or "-"})
        practices._set_next()
        return requests

    def _prepare_suspension(self, kind, fact, date, code, note=""):
        reason = suspension.CODES.get((self.sector, fact), "")
        values = {
            "suspend_kind": kind,
            "cause_code": reason,
            "disconnection_date": date,
            "disconnection_code": code or "",
            "is_collected": int(bool(self.collected_amount)),
            "note": note or "",
        }
        values = {key: value for key, value in values.items() if value != ""}
        return {
            "reason": reason or False,
            "event_date": date,
            "values": messages.encode_params(values),
        }
