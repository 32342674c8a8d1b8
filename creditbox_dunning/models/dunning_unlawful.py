from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_amount, format_date

from ..rules.breach import DAILY, Breach, find_breach, indemnity_for
from ..rules.facts import CUTS, Reason
from .amounts import exact
from .dunning_outcome import SUPPLY_AFTER
from .reason_texts import pack, unpack

UNLAWFUL_TYPE = "creditbox_dunning.mail_activity_type_unlawful"


class DunningAction(models.Model):
    """A work that was carried out although the law forbade it: a fact, recorded as it
    happened, with what it broke, what the customer has a right to, and how the case
    goes on lawfully.

    Too early: its terms count from the first day that was lawful. No right to it at
    all: for the table it was never done, and the supply comes back at once.
    """

    _inherit = "dunning.action"

    is_unlawful = fields.Boolean(string="Against the law", readonly=True)
    is_void = fields.Boolean(
        string="No right to it",
        readonly=True,
        help="It may not have been done on any day: the case goes on as if it had not.",
    )
    unlawful_reasons = fields.Json(readonly=True)
    unlawful_reason = fields.Char(
        string="What it broke", compute="_compute_unlawful_reason"
    )
    unlawful_note = fields.Text(string="Why it happened", readonly=True)
    lawful_from = fields.Date(
        string="Lawful from",
        readonly=True,
        help="First day on which it would have been lawful: the next terms count from"
        " here.",
    )
    indemnity_id = fields.Many2one(
        "utility.charge",
        string="Indemnity proposed",
        readonly=True,
        check_company=True,
        index="btree_not_null",
    )
    can_record_withdrawn = fields.Boolean(compute="_compute_can_record_withdrawn")

    _unlawful_idx = models.Index("(company_id) WHERE is_unlawful")

    @api.depends("unlawful_reasons")
    @api.depends_context("lang")
    def _compute_unlawful_reason(self):
        for action in self:
            action.unlawful_reason = unpack(
                self.env, action.unlawful_reasons, action.currency_id
            )

    @api.depends("state", "op")
    @api.depends_context("uid")
    def _compute_can_record_withdrawn(self):
        is_manager = self.env.user.has_group("creditbox_dunning.group_dunning_manager")
        for action in self:
            action.can_record_withdrawn = is_manager and action._is_withdrawn_order()

    def _is_withdrawn_order(self):
        self.ensure_one()
        return self.state == "superseded" and self.op in CUTS

    def action_record_withdrawn(self):
        """Button: the order was withdrawn and carried out all the same."""
        self.ensure_one()
        self.case_id._check_is_manager()
        if not self._is_withdrawn_order():
            raise UserError(self.env._("Only a withdrawn order is recorded so."))
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Carried out all the same"),
            "res_model": "dunning.outcome.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_action_ids": [fields.Command.set(self.ids)],
                "default_work_result": "done",
                "default_is_unlawful": True,
            },
        }

    # what it broke

    def _find_breach(self, day):
        """The rules.breach.Breach of the work carried out on ``day``, with the bills
        as they were on that day."""
        self.ensure_one()
        if self.op not in CUTS and self.op != "list":
            return Breach()
        case = self.case_id.sudo()
        collect = self.env["dunning.facts"].sudo()._collect
        facts = collect(case, day, as_it_was=True)[case.id]
        law = self.env["dunning.guard"].sudo()._law_for(case.company_id, day)
        rule = self.rule_id.sudo()._as_rules()[0]
        listed = frozenset(self.item_ids.move_line_id.ids)
        found = find_breach(law, rule, facts, day, listed)
        if not self._is_withdrawn_order():
            return found
        withdrawn = Reason.of("guard_order_withdrawn")
        # what an older round is about is paid: there was no right to it any more
        is_void = found.is_void or self.round != case.round
        lawful_from = None if is_void else found.lawful_from or day
        return Breach((withdrawn, *found.reasons), is_void, lawful_from)

    def _breach_words(self, breach):
        return unpack(self.env, pack(breach.reasons), self.currency_id)

    # recording

    def _record_unlawful(self, day, note, why, **vals):
        """Record that this work was carried out on ``day`` against the law.

        :param note: what who records has to say of the work
        :param why: how it came to it: required
        :raise UserError: when the law did not forbid it
        """
        self.ensure_one()
        breach = self._find_breach(day)
        if not breach:
            raise UserError(
                self.env._("The law did not forbid it: record it without the mark.")
            )
        if not (why or "").strip():
            raise UserError(self.env._("Say how it came to it."))
        self._record_outcome(
            "executed",
            day,
            note=note,
            breach=breach,
            is_unlawful=True,
            is_void=breach.is_void,
            unlawful_reasons=pack(breach.reasons),
            unlawful_note=why,
            lawful_from=breach.lawful_from or False,
            **vals,
        )
        charge, proposal = self._propose_indemnity(self.contract_id, breach, day)
        self.sudo()._guarded().write({"indemnity_id": charge.id})
        self._give_back(breach, day)
        self._tell_unlawful(day, why, proposal)

    def _propose_indemnity(self, contract, breach, day):
        """(draft charge with the automatic indemnity or none, what to tell of it).

        No amount is final: a person confirms the draft, and the number may not have
        been compared with the text in force yet.
        """
        contract = contract.sudo()
        numbers = self.env["dunning.legal.parameter"].sudo()._parameters()
        number = indemnity_for(contract.service, self.op, breach, numbers, day)
        nothing = self.env["utility.charge"]
        if number is None:
            return nothing, self.env._("No automatic indemnity is known for it.")
        words = {
            "amount": format_amount(self.env, float(number.value), self.currency_id),
            "law": number.source,
        }
        if number.name == DAILY:
            return nothing, self.env._(
                "Indemnity: %(amount)s for each day until the supply is back"
                " (%(law)s); it is proposed then.",
                **words,
            )
        charge = self._charge_indemnity(contract, number, float(number.value), day)
        text = self.env._(
            "Indemnity proposed: %(amount)s (%(law)s), a draft charge to confirm.",
            **words,
        )
        if number.checked:
            return charge, text
        unchecked = self.env._("The number has not been checked by a person yet.")
        return charge, f"{text} {unchecked}"

    def _charge_indemnity(self, contract, number, amount, day):
        """The draft: a debt to the customer, so a negative charge."""
        self.ensure_one()
        ops = dict(self._fields["op"]._description_selection(self.env))
        return (
            self.env["utility.charge"]
            .sudo()
            ._guarded()
            .create(
                {
                    "company_id": self.company_id.id,
                    "partner_id": contract.partner_id.id,
                    "contract_id": contract.id,
                    "kind": "indemnity",
                    "amount": -exact(amount, self.currency_id.decimal_places),
                    "date": day,
                    "description": self.env._(
                        "Automatic indemnity (%(law)s): %(step)s on %(day)s",
                        law=number.source,
                        step=ops[self.op],
                        day=format_date(self.env, self.executed_date or day),
                    ),
                    "origin": f"{self._name},{self.id}",
                    "dunning_case_id": self.case_id.id
                    if contract == self.contract_id
                    else False,
                }
            )
        )

    def _give_back(self, breach, day):
        """Without any right to the cut the supply comes back, paid for or not."""
        case = self.case_id.sudo()
        if not breach.is_void or self.op not in CUTS:
            return
        live = case._live_of_group()
        today = case._today(case.company_id)
        if not live:
            case._reopen_for(Reason.of("cut_without_right", date=day), today)
            live = case
        if self.op != "deactivate":  # else the contract is over: a person sees to it
            self._order_back(live, day)

    def _order_back(self, case, day):
        """What the next run orders for ``case``: the supply comes back."""
        note = self.env._("Cut without any right to it: it comes back.")
        no_row = self.env["dunning.action.rule"]
        events = self.env["dunning.case.event"]
        event = events._record(case, no_row, day, note=note, kind="reactivate")
        event._take_effect(case._today(case.company_id))

    def _cut_instead(self, contract, day, why):
        """Another supply was cut by mistake: it has to come back, with its indemnity.

        Nobody had written to that customer: it is a cut without notice.
        """
        self.ensure_one()
        contract.check_access("read")
        mine = self.contract_id
        if contract == mine or contract.company_id != self.company_id:
            raise UserError(self.env._("Choose another supply of the same company."))
        if self.op not in CUTS or not (why or "").strip():
            raise UserError(self.env._("Say how it came to it."))
        contract = contract.sudo()
        contract._become(SUPPLY_AFTER[self.op][0], day)
        breach = Breach((Reason.of("guard_no_default_notice"),), True)
        _charge, proposal = self._propose_indemnity(contract, breach, day)
        case = self.env["dunning.case"].sudo()
        case = case.search(
            [("contract_id", "=", contract.id), ("state", "!=", "closed")], limit=1
        )
        if case and self.op != "deactivate":
            self._order_back(case, day)
        told = self.env._(
            "Supply %(contract)s of %(customer)s was cut on %(day)s instead of"
            " %(mine)s: it has to come back at once. %(indemnity)s %(why)s",
            contract=contract.code,
            customer=contract.partner_id.name,
            day=format_date(self.env, day),
            mine=mine.code,
            indemnity=proposal,
            why=why,
        )
        (case or self.case_id.sudo())._tell_manager(told)

    def _tell_unlawful(self, day, why, proposal):
        """The chatter of the case and an activity for who answers for it."""
        case = self.case_id.sudo()
        told = self.env._(
            "%(action)s was carried out on %(day)s against the law. %(broken)s"
            " %(indemnity)s No cost of it may be charged to the customer. %(why)s",
            action=self.display_name,
            day=format_date(self.env, day),
            broken=self.unlawful_reason,
            indemnity=proposal,
            why=why,
        )
        case._tell_manager(told)

    def _propose_daily_indemnity(self, day):
        """Supplies that came back on ``day``: what each day without costs us."""
        actions = self.sudo().search(
            [
                ("contract_id", "in", self.contract_id.ids),
                ("is_unlawful", "=", True),
                ("op", "in", list(CUTS)),
                ("indemnity_id", "=", False),
                ("executed_date", "<=", day),
            ]
        )
        numbers = self.env["dunning.legal.parameter"].sudo()._parameters()
        for action in actions:
            start, service = action.executed_date, action.contract_id.service
            # which rule it broke does not matter for a number of this kind
            broken = Breach((Reason.of("guard_order_withdrawn"),))
            number = indemnity_for(service, action.op, broken, numbers, start)
            if number is not None and number.name == DAILY:
                days = max(1, (day - start).days)
                amount = float(number.value) * days
                charge = action._charge_indemnity(
                    action.contract_id, number, amount, day
                )
                action._guarded().write({"indemnity_id": charge.id})


class DunningCase(models.Model):
    _inherit = "dunning.case"

    def _live_of_group(self):
        """The case of the same supply that is open: itself, another, or none."""
        self.ensure_one()
        if self.state != "closed":
            return self
        return self.search(
            [
                ("company_id", "=", self.company_id.id),
                ("group_key", "=", self.group_key),
                ("state", "!=", "closed"),
            ],
            limit=1,
        )

    def _tell_manager(self, text):
        """``text`` in the chatter, and an activity of today for the credit manager who
        follows the case, else for who records."""
        self.ensure_one()
        self._message_log(body=text)
        group = "creditbox_dunning.group_dunning_manager"
        follower = self.user_id
        user = follower if follower and follower.has_group(group) else self.env.user
        self.activity_schedule(
            UNLAWFUL_TYPE,
            date_deadline=self._today(self.company_id),
            summary=self.env._("Carried out against the law: see to the customer"),
            note=text,
            user_id=user.id,
        )

    def _reopen_for(self, reason, today):
        """Open a closed case again, because of ``reason``."""
        self.ensure_one()
        self._guarded().write(
            {
                "state": "open",
                "closed_on": False,
                "close_reason": False,
                "reopened_on": today,
                "reopen_reasons": pack([reason]),
            }
        )
