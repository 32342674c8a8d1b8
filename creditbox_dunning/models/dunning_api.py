import math

from odoo import api, fields, models

from ..rules import outcomes
from .dunning_action import OPEN_STATES
from .dunning_api_errors import (
    AmbiguousRecord,
    BadArgument,
    NotPossibleNow,
    UnknownRecord,
)
from .dunning_hold_promise import PROMISE

MAX_CASES = 500
# scope of a suspension -> model and the field that outside programs know it by
REFERENCES = {
    "case": ("dunning.case", "name"),
    "bill": ("account.move", "name"),
    "contract": ("utility.contract", "code"),
    "customer": ("res.partner", "billing_code"),
}
# fields of the form for an outcome, by what it is the outcome of
WORK_RESULTS = {
    "agency": "agency_result",
    "settlement": "settlement_result",
    "instalments": "instalments_result",
    "court": "court_result",
}


class DunningApi(models.AbstractModel):
    """What outside programs may ask and do, over JSON-2: cases, suspensions, outcomes.

    Records are named by the references that both sides know, never by our ids. Rights
    are those of the program's user, checks those of the screens. What changes
    something asks for a key, and happens once.
    """

    _name = "dunning.api"
    _description = "Interface for programs"

    # reading

    @api.model
    def find_cases(
        self,
        case=None,
        customer=None,
        contract=None,
        bill=None,
        is_open=True,
        company=None,
        limit=100,
    ):
        """Cases of a customer, contract or bill: where they stand and what comes next.

        :param case: number of a case; customer: its billing code; contract: its code;
            bill: its number. At least one of the four.
        :param is_open: open ones only
        :param company: id of the company, default the user's
        :param limit: at most so many, 500 at most
        :return: list of {case, state, customer, contract, service, currency,
            amount_due, due_date, opened_on, closed_on, next_step, next_date, why,
            suspensions: [...]}, dates as "2026-12-31"
        :raise BadArgument, UnknownRecord, AmbiguousRecord, AccessError:
        """
        company = self._company(company)
        asked = {
            "case": case,
            "customer": customer,
            "contract": contract,
            "bill": bill,
        }
        asked = {scope: ref for scope, ref in asked.items() if ref}
        if not asked:
            raise BadArgument(
                self.env._("Name a case, a customer, a contract or a bill.")
            )
        if not isinstance(limit, int) or not 0 < limit <= MAX_CASES:
            raise BadArgument(
                self.env._("The limit is a number from 1 to %(max)s.", max=MAX_CASES)
            )
        domain = [("company_id", "=", company.id)]
        if is_open:
            domain.append(("state", "!=", "closed"))
        for scope, ref in asked.items():
            record = self._named(scope, ref, company)
            domain += {
                "case": [("id", "=", record.id)],
                "customer": [("partner_id", "=", record.id)],
                "contract": [("contract_id", "=", record.id)],
                "bill": [("line_ids.move_id", "=", record.id)],
            }[scope]
        cases = self.env["dunning.case"].search(domain, limit=limit, order="id")
        return self._case_answers(cases)

    def _case_answers(self, cases):
        holds = self._holds_on(cases)
        return [self._case_answer(case, holds[case]) for case in cases]

    def _holds_on(self, cases):
        """{case: suspensions in force or to come, of whatever it consists of}"""
        holds = self.env["dunning.hold"].search(
            [
                ("state", "in", ("planned", "active")),
                "|",
                ("case_id", "in", cases.ids),
                "|",
                ("contract_id", "in", cases.contract_id.ids),
                "|",
                ("partner_id", "in", cases.partner_id.ids),
                ("move_id", "in", cases.line_ids.move_id.ids),
            ]
        )

        def is_on(hold, case):
            return {
                "case": hold.case_id == case,
                "contract": hold.contract_id in case.contract_id,
                "customer": hold.partner_id == case.partner_id,
                "bill": hold.move_id in case.line_ids.move_id,
            }[hold.scope]

        return {case: holds.filtered(lambda h, c=case: is_on(h, c)) for case in cases}

    def _case_answer(self, case, holds):
        label = dict(case._fields["state"]._description_selection(self.env))
        return {
            "case": case.name,
            "state": case.state,
            "state_label": label[case.state],
            "customer": case.partner_id.billing_code or "",
            "contract": case.contract_id.code or "",
            "service": case.service or "",
            "currency": case.currency_id.name,
            "amount_due": round(case.amount_due, case.currency_id.decimal_places),
            "due_date": fields.Date.to_string(case.due_date) or None,
            "opened_on": fields.Date.to_string(case.opened_on) or None,
            "closed_on": fields.Date.to_string(case.closed_on) or None,
            "next_step": case.next_action_type_id.name or "",
            "next_date": fields.Date.to_string(case.next_date) or None,
            "why": case.next_reason or "",
            "suspensions": [self._hold_answer(hold) for hold in holds],
        }

    def _hold_answer(self, hold):
        moves = hold._only_bills()
        return {
            "suspension": hold.id,
            "reason": hold.reason_id.code,
            "reason_label": hold.reason_id.name,
            "scope": hold.scope,
            "bills": sorted(move.billing_ref or move.name for move in moves),
            "from": fields.Date.to_string(hold.date_from),
            "to": fields.Date.to_string(hold.date_to) or None,
            "waits_approval": hold.waits_approval,
            "ended_on": fields.Date.to_string(hold.ended_on) or None,
            "promise_date": fields.Date.to_string(hold.promise_date) or None,
            "promise_amount": hold.amount if hold.promise_date else None,
        }

    # changing

    @api.model
    def suspend(
        self,
        idempotency_key,
        scope,
        ref,
        reason,
        date_from=None,
        date_to=None,
        note="",
        proofs=None,
        received_on=None,
        amount=None,
        company=None,
        promise_date=None,
        promise_amount=None,
    ):
        """Suspend a case, a bill, a contract or a customer.

        :param scope: case, bill, contract or customer; ref: its number or code
        :param reason: code of the reason, as ``complaint`` or ``promise``
        :param date_from, date_to, received_on: "2026-12-31"
        :param proofs: ``[{"name": ..., "datas": base64}]``
        :param amount: contested or promised, in the company's currency
        :param promise_date: of a promise, the day on which the customer pays; the
            suspension then lasts the bank's days longer, unless ``date_to`` says so
        :param promise_amount: of a promise, ``amount`` by its own name
        :return: {suspension, reason, scope, from, to, waits_approval, ended_on,
            promise_date, promise_amount}
        :raise BadArgument, KeyReused, UnknownRecord, AmbiguousRecord, AccessError,
            UserError: dates, proof or overlap are not in order
        """
        company = self._company(company)
        told = [scope, ref, reason, date_from, date_to, note, received_on, amount]
        days = self._days(date_from=date_from, date_to=date_to, received_on=received_on)
        promised = self._promised(reason, amount, promise_date, promise_amount)
        if promise_date is not None or promise_amount is not None:
            # a key of before these arguments keeps its answer
            told += [promise_date, promise_amount]

        def work():
            record = self._named(scope, ref, company)
            hold = self.env["dunning.hold"].suspend(
                scope,
                record.ids,
                reason,
                note=note or "",
                proofs=proofs,
                **promised,
                **days,
            )
            return self._hold_answer(hold)

        return self._once(company, idempotency_key, "suspend", [*told, proofs], work)

    def _promised(self, reason, amount, promise_date, promise_amount):
        """{amount, promise_date} as ``dunning.hold.suspend`` takes them."""
        is_told = promise_date is not None or promise_amount is not None
        if is_told and reason != PROMISE:
            raise BadArgument(
                self.env._('A promised day or sum belongs to the reason "promise".')
            )
        for value in (amount, promise_amount):
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if value is not None and not (is_number and math.isfinite(value)):
                raise BadArgument(self.env._("The amount is a number, as 12.50."))
        if None not in (amount, promise_amount) and amount != promise_amount:
            raise BadArgument(self.env._("The sum promised is told in two ways."))
        return {
            "amount": amount if promise_amount is None else promise_amount,
            "promise_date": self._days(promise_date=promise_date)["promise_date"],
        }

    @api.model
    def resume(
        self, idempotency_key, suspension, why, note="", proofs=None, company=None
    ):
        """End a suspension today: its cases go on.

        :param suspension: the number that :meth:`suspend` answered
        :param why: code, as on the form: see the manual
        :return: as :meth:`suspend`
        :raise BadArgument, KeyReused, UnknownRecord, AccessError, UserError:
        """
        company = self._company(company)

        def work():
            hold = self.env["dunning.hold"].search(
                [("id", "=", suspension), ("company_id", "=", company.id)]
            )
            if not hold:
                raise UnknownRecord(
                    self.env._("There is no suspension %(ref)s.", ref=suspension)
                )
            hold.action_end(why, note or "", proofs)
            return self._hold_answer(hold)

        if not isinstance(suspension, int) or isinstance(suspension, bool):
            raise BadArgument(self.env._("Give the suspension by its number."))
        told = [suspension, why, note, proofs]
        return self._once(company, idempotency_key, "resume", told, work)

    @api.model
    def record_outcome(
        self,
        idempotency_key,
        case,
        result,
        date,
        note="",
        protocol="",
        step=None,
        company=None,
    ):
        """Record what came of the step that a case waits for.

        :param case: number of the case
        :param result: code of the outcome, as ``delivered``, ``moved``, ``executed``,
            ``collected``: see the manual; for letters ``sent`` too
        :param date: day on which it happened, "2026-12-31"
        :param protocol: number of the registered letter or PEC
        :param step: number of the row of the table, when several steps are open
        :return: the case, as in :meth:`find_cases`
        :raise BadArgument, KeyReused, UnknownRecord, NotPossibleNow, AccessError,
            UserError: what the form would say
        """
        company = self._company(company)
        day = self._days(date=date)["date"]
        if not day:
            raise BadArgument(self.env._("Say on which day it happened."))

        def work():
            record = self._named("case", case, company)
            action = self._open_step(record, step)
            vals = self._outcome_vals(action, result, day)
            self.env["dunning.outcome.wizard"].create(
                {
                    "action_ids": [fields.Command.set(action.ids)],
                    "note": note or False,
                    "protocol": protocol or False,
                    **vals,
                }
            ).action_confirm()
            (answer,) = self._case_answers(record)
            return answer

        told = [case, result, date, note, protocol, step]
        return self._once(company, idempotency_key, "record_outcome", told, work)

    def _open_step(self, case, step):
        actions = case.action_ids.filtered(
            lambda a: a.state in OPEN_STATES and step in (None, a.rule_id.seq)
        )
        actions = actions.filtered(lambda a: a._takes_outcome())
        if len(actions) != 1:
            raise NotPossibleNow(
                self.env._(
                    "%(case)s has %(count)s open steps that wait for an outcome.",
                    case=case.name,
                    count=len(actions),
                )
            )
        return actions

    def _outcome_vals(self, action, result, day):
        """What a person would fill in on the form."""
        subject = action._get_outcome_subject()
        if subject == "letter" and result == "sent":
            return {"result": "sent", "sent_date": day}
        told = outcomes.OUTCOMES.get(result)
        wanted = "work" if subject == "list" else subject
        if not told or told.subject != wanted:
            raise BadArgument(
                self.env._(
                    "%(result)s is no outcome of what %(case)s waits for.",
                    result=result,
                    case=action.case_id.name,
                )
            )
        if subject == "letter" and told.state == "done":
            return {"result": "notified", "arrival": result, "notified_date": day}
        if subject == "letter":
            return {"result": "failed", "failure": result}
        if wanted == "work":
            is_done = told.state == "done"
            return {
                "work_result": "done" if is_done else "not_done",
                "not_done_reason": False if is_done else result,
                "done_date": day,
            }
        return {WORK_RESULTS[subject]: result, "done_date": day}

    # what is common

    def _company(self, company):
        return self.env["utility.import.batch"]._feed_company(company)

    def _once(self, company, key, method, told, work):
        calls = self.env["dunning.api.call"]
        self.env["dunning.case"]._check_is_operator(self)
        return calls._only_once(company, key, method, told, work)

    def _days(self, **days):
        """{name: date or None}; BadArgument for what is no day."""
        found = {}
        for name, text in days.items():
            try:
                found[name] = fields.Date.to_date(text) if text else None
            except (TypeError, ValueError):
                raise BadArgument(
                    self.env._(
                        "%(value)s is no day: write it as 2026-12-31.",
                        value=str(text)[:40],
                    )
                ) from None
        return found

    def _named(self, scope, ref, company):
        """The one record of the company that outside programs call ``ref``."""
        if scope not in REFERENCES or not isinstance(ref, str):
            raise BadArgument(
                self.env._("Name a case, a customer, a contract or a bill.")
            )
        model, name = REFERENCES[scope]
        domain = [(name, "=", ref), ("company_id", "=", company.id)]
        if scope == "bill":
            domain.append(("move_type", "in", ("out_invoice", "out_refund")))
        found = self.env[model].search(domain, limit=2)
        if not found:
            raise UnknownRecord(
                self.env._("%(ref)s is not known in this company.", ref=ref[:64])
            )
        if len(found) > 1:
            raise AmbiguousRecord(
                self.env._("Several records are called %(ref)s.", ref=ref[:64])
            )
        return found
