from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.misc import format_date

from ..rules import holds as rules
from .amounts import exact
from .day_words import day_count
from .dunning_hold import SCOPES
from .dunning_hold_watch import CHECK_TYPE
from .reason_texts import pack

SCOPE_MODELS = {
    "case": "dunning.case",
    "bill": "account.move",
    "contract": "utility.contract",
    "customer": "res.partner",
}
# ends that only the program itself may record
AUTOMATIC_ENDS = frozenset({"date", "closed", "kept", "broken"})
CUSTOMER_BILLS = ("out_invoice", "out_refund")


class DunningHold(models.Model):
    """Making, lengthening and ending suspensions: who may, how long, with what proof.

    The three public methods are an interface for programs too (RPC): every check is
    here, none in the screens.
    """

    _inherit = "dunning.hold"

    @api.model
    def suspend(
        self,
        scope,
        record_ids,
        reason,
        date_from=None,
        date_to=None,
        note="",
        proofs=None,
        received_on=None,
        check_date=None,
        amount=None,
        promise_date=None,
    ):
        """Suspend cases, bills, contracts or customers; returns the suspensions.

        :param scope: case, bill, contract or customer
        :param record_ids: ids of that kind of record
        :param reason: code of a ``dunning.hold.reason``
        :param date_from: first day, today when empty
        :param date_to: last day; the reason's usual length when empty
        :param proofs: ``[{"name": ..., "datas": base64}]``
        :param received_on: day on which the customer wrote, ``date_from`` when empty
        :param check_date: day by which somebody looks at it
        :param amount: contested or promised, in the company's currency; of a promise
            what is owed when empty
        :param promise_date: day promised; ``date_to`` when empty
        :raise AccessError: not the user's records, reason or length
        :raise UserError: dates, proof or overlap are not in order
        """
        reason = self.env["dunning.hold.reason"]._get(reason)
        self._check_may(reason)
        records = self._check_targets(scope, record_ids)
        if reason.needs_proof and not proofs:
            raise UserError(
                self.env._("%(reason)s needs a document as proof.", reason=reason.name)
            )
        asked = {
            "from": fields.Date.to_date(date_from),
            "to": fields.Date.to_date(date_to),
            "received": fields.Date.to_date(received_on),
            "check": fields.Date.to_date(check_date),
            "amount": amount,
            "promise": fields.Date.to_date(promise_date),
            "note": note,
        }
        values = [
            self._prepare_hold_vals(scope, record, reason, asked) for record in records
        ]
        holds = self._place(values)
        holds._attach(proofs)
        holds._ask_approval(note)
        return self.browse(holds.ids)

    @api.model
    def _place(self, values):
        """Create suspensions from complete values and let them work at once."""
        holds = self.sudo()._guarded()
        holds._check_free(values)
        holds = holds.with_context(mail_create_nosubscribe=True).create(values)
        self.env.flush_all()
        holds._take_effect(self.env._("Suspended"))
        return holds

    def action_end(self, why, note="", proofs=None):
        """End suspensions today: the cases go on from here.

        ``why``: a key of ``end_reason`` that a person may choose. What the law asks
        for ends early only with a proof; a mistake is cancelled by a credit manager.
        """
        self.check_access("read")
        choices = dict(self._selection_end_reason())
        if why not in choices or why in AUTOMATIC_ENDS:
            raise UserError(self.env._("Say why the suspension ends."))
        for hold in self:
            hold._check_may(hold.reason_id)
            hold._check_open()
            if why != "mistake" and hold._needs_proof_to_end() and not proofs:
                raise UserError(
                    self.env._(
                        "%(hold)s is asked by the law: attach the proof that the fact"
                        " behind it is over.",
                        hold=hold.display_name,
                    )
                )
        if why == "mistake":
            self.env["dunning.case"]._check_is_manager(self)
        self._attach(proofs)
        self._end(why, note)
        return True

    def action_extend(self, date_to, note="", proofs=None):
        """Make suspensions last until ``date_to``, included.

        One without a last day gets ``date_to`` as the day of its next check. The same
        limits as for a new one hold for the whole length.
        """
        self.check_access("read")
        end = fields.Date.to_date(date_to)
        if not end:
            raise UserError(self.env._("Say until which day."))
        for hold in self:
            hold._check_may(hold.reason_id)
            hold._check_open()
            hold._extend_one(end)
        self._attach(proofs)
        self._ask_approval(note)
        self._say(self.env._("Extended"), note)
        self._take_effect()
        return True

    # checks

    @api.model
    def _check_may(self, reason):
        """The user's level is the one that ``reason`` asks for."""
        if not self.env.su and not self.env.user.has_group(
            f"creditbox_dunning.group_dunning_{reason.level}"
        ):
            raise AccessError(
                self.env._(
                    "%(reason)s is not for your level of authorisation.",
                    reason=reason.name,
                )
            )

    @api.model
    def _check_targets(self, scope, record_ids):
        """The records that the user wants to suspend, if he may see all of them."""
        if scope not in SCOPE_MODELS:
            raise UserError(self.env._("A suspension cannot be about that."))
        records = self.env[SCOPE_MODELS[scope]].browse(record_ids).exists()
        if not records or len(records) < len(set(record_ids)):
            raise UserError(self.env._("Choose what has to be suspended."))
        records.check_access("read")
        for record in records:
            if scope == "bill" and (
                record.move_type not in CUSTOMER_BILLS or record.state != "posted"
            ):
                raise UserError(
                    self.env._("%(bill)s is no bill of a customer.", bill=record.name)
                )
            if scope == "case" and record.state == "closed":
                raise UserError(
                    self.env._("%(case)s is closed already.", case=record.name)
                )
        return records

    def _check_open(self):
        for hold in self:
            if hold.state not in ("planned", "active"):
                raise UserError(
                    self.env._("%(hold)s is over already.", hold=hold.display_name)
                )

    @api.model
    def _check_free(self, values):
        """A clear word before the database refuses an overlap."""
        for vals in values:
            column = SCOPES[vals["scope"]]
            domain = [
                (column, "=", vals[column]),
                ("reason_id", "=", vals["reason_id"]),
                ("is_cancelled", "=", False),
                "|",
                ("resume_date", "=", False),
                ("resume_date", ">", vals["date_from"]),
            ]
            if vals["resume_date"]:
                domain.append(("date_from", "<", vals["resume_date"]))
            for other in self.search(domain):
                if other.resume_date != other.date_from:
                    raise UserError(
                        self.env._(
                            "%(hold)s is there already, %(period)s: end it or make it"
                            " last longer.",
                            hold=other.display_name,
                            period=other._get_period(),
                        )
                    )

    def _needs_proof_to_end(self):
        self.ensure_one()
        is_planned = self.state == "planned" or self.stops == "nothing"
        return self.reason_id.is_legal and not is_planned

    # values

    def _prepare_hold_vals(self, scope, record, reason, asked):
        company = self._company_of(record)
        today = self.env["dunning.case"]._today(company)
        start = asked["from"] or today
        end = self._choose_end(reason, start, asked["to"], today)
        partner = record if scope == "customer" else record.partner_id
        received = asked["received"] or min(start, today)
        if received > today:
            raise UserError(self.env._("What was received cannot lie in the future."))
        vals = {
            "company_id": company.id,
            "scope": scope,
            SCOPES[scope]: record.id,
            "customer_id": partner.id,
            "reason_id": reason.id,
            "stops": reason.stops,
            "clock": reason.clock,
            "end_rule": reason.end_rule,
            "date_from": start,
            "received_on": received,
            "check_date": asked["check"] or self._check_day(reason, start),
            "amount": asked["amount"] or 0,
            "note": asked["note"] or False,
            "placed_by": self.env.uid,
            "user_id": self.env.uid,
            **self._limit(company, reason, start, end, record),
        }
        if reason.is_complaint:
            vals.update(self._complaint_vals(company, record, reason, vals))
        return vals

    @api.model
    def _company_of(self, record):
        return record.company_id or self.env.company

    def _check_day(self, reason, start):
        days = reason.check_days
        return start + timedelta(days=days) if days else False

    def _choose_end(self, reason, start, end, today):
        """Last day of a new suspension; None when a person has to end it."""
        if reason.end_rule != "date":
            if end:
                raise UserError(
                    self.env._(
                        "%(reason)s ends when a person ends it: set the day of the next"
                        " check instead of a last day.",
                        reason=reason.name,
                    )
                )
            return None
        end = end or rules.last_day(start, reason.default_days, reason.default_months)
        if end < start or end < today:
            raise UserError(self.env._("The last day is past already."))
        self._check_length(reason, start, end)
        return end

    @api.model
    def _check_length(self, reason, start, end):
        longest = reason.max_days
        is_manager = self.env.su or self.env.user.has_group(
            "creditbox_dunning.group_dunning_manager"
        )
        if longest and not is_manager and rules.length(start, end) > longest:
            raise AccessError(
                self.env._(
                    "%(reason)s: an operator may suspend for %(days)s; a credit"
                    " manager for longer.",
                    reason=reason.name,
                    days=day_count(self.env, longest),
                )
            )

    def _limit(self, company, reason, start, end, record):
        """date_to, resume_date and what of it waits for an approval."""
        limit = reason.approval_days
        length = rules.length(start, end)
        is_long = limit and (length is None or length > limit)
        if is_long and self._approval_level(company, record):
            short = rules.last_day(start, limit)
            return {
                "date_to": short,
                "resume_date": short + rules.ONE_DAY,
                "wanted_to": end,
                "waits_approval": True,
            }
        return {
            "date_to": end,
            "resume_date": end and end + rules.ONE_DAY,
            "wanted_to": False,
            "waits_approval": False,
        }

    def _complaint_vals(self, company, record, reason, vals):
        """Term of the answer, and whether the complaint stops anything at all."""
        service = self._service_of(record) or ""
        received, start = vals["received_on"], vals["date_from"]
        numbers = self.env["dunning.legal.parameter"]._parameters()
        found = {}
        term = numbers.get(service, "complaint_answer_days", received)
        if term:
            years = range(received.year, received.year + 2)
            shift = self.env["dunning.facts"]._shift_for(company, years)
            answer = shift(received, term.count, term.day_kind)
            found = {
                "answer_date": answer,
                "answer_source": term.source,
                "check_date": vals["check_date"] or answer,
            }
        if not reason.has_exceptions:
            return found
        amount = numbers.get(service, "complaint_amount", start)
        days = numbers.get(service, "complaint_days", start)
        digits = company.currency_id.decimal_places
        why_not = rules.complaint_exception(
            received,
            record.invoice_date_due if vals["scope"] == "bill" else None,
            exact(vals["amount"], digits) if vals["amount"] else None,
            amount and amount.value,
            days and days.count,
        )
        if why_not:
            found.update(stops="nothing", exception_reasons=pack([why_not]))
        return found

    @api.model
    def _service_of(self, record):
        if record._name == "account.move":
            record = record.utility_contract_id
        return record.service if "service" in record._fields else False

    # writing

    def _extend_one(self, end):
        hold = self.sudo()._guarded()
        if not hold.date_to and not hold.waits_approval:
            if end < self._today():
                raise UserError(self.env._("The day is past already."))
            hold.write({"check_date": end})
            return
        if end <= hold.date_to:
            raise UserError(
                self.env._(
                    "It lasts until %(date)s already.",
                    date=format_date(self.env, hold.date_to),
                )
            )
        reason = hold.reason_id
        self._check_length(reason, hold.date_from, end)
        vals = self._limit(
            hold.company_id, reason, hold.date_from, end, hold[SCOPES[hold.scope]]
        )
        if vals["waits_approval"] and vals["date_to"] < hold.date_to:
            vals.update(date_to=hold.date_to, resume_date=hold.resume_date)
        hold._check_free(
            [{**hold._overlap_key(), **vals, "date_from": hold.resume_date}]
        )
        hold.write(vals)

    def _overlap_key(self):
        self.ensure_one()
        column = SCOPES[self.scope]
        return {
            "scope": self.scope,
            column: self[column].id,
            "reason_id": self.reason_id.id,
        }

    def _end(self, why, note=""):
        """Write the end of suspensions and let the cases go on."""
        for hold in self.sudo()._guarded():
            today = hold._today()
            hold.write(
                {
                    "resume_date": max(today, hold.date_from),
                    "ended_on": today,
                    "ended_by": self.env.uid,
                    "end_reason": why,
                    "waits_approval": False,
                    "is_cancelled": why == "mistake" or hold.date_from > today,
                }
            )
        self._forget_requests()
        self._say(self.env._("Ended"), note)
        self.sudo().activity_unlink([CHECK_TYPE])
        self._take_effect(self.env._("No longer suspended"))

    def _attach(self, proofs):
        """Keep the documents, one copy for each suspension."""
        if not proofs:
            return
        files = self.env["ir.attachment"].sudo()
        for hold in self.sudo()._guarded():
            created = files.create(
                [
                    {
                        "name": str(proof.get("name") or self.env._("Proof")),
                        "datas": proof["datas"],
                        "res_model": hold._name,
                        "res_id": hold.id,
                        "company_id": hold.company_id.id,
                    }
                    for proof in proofs
                ]
            )
            hold.write({"attachment_ids": [fields.Command.link(f.id) for f in created]})

    def _say(self, title, note=""):
        for hold in self.sudo():
            text = f"{title}: {note}" if note else title
            hold._message_log(body=text, author_id=self.env.user.partner_id.id)

    # approval of what is longer than the reason allows

    @api.model
    def _approval_level(self, company, record):
        return self.env["dunning.approval.rule"]._level_for(
            company, "hold", amount=self._exposure(record)
        )

    @api.model
    def _exposure(self, record):
        """What the cases of ``record`` owe: the amount that the matrix looks at."""
        digits = self._company_of(record).currency_id.decimal_places
        if record._name == "dunning.case":
            amount = record.amount_due
        elif record._name == "account.move":
            amount = record.amount_residual
        else:
            column = (
                "contract_id" if record._name == "utility.contract" else "partner_id"
            )
            cases = self.env["dunning.case"].sudo()
            domain = [(column, "=", record.id), ("state", "!=", "closed")]
            amount = cases._read_group(domain, [], ["amount_due:sum"])[0][0]
        return exact(max(amount or 0, 0), digits)

    def _approval_facts(self):
        """{id: what the approval is about}: when it changes the request lapses."""
        return {
            hold.id: {
                "reason": hold.reason_id.code,
                "scope": hold.scope,
                "record": hold[SCOPES[hold.scope]].id,
                "from": hold.date_from.isoformat(),
                "to": hold.wanted_to.isoformat() if hold.wanted_to else "",
                "waits": hold.waits_approval,
            }
            for hold in self.sudo()
        }

    def _ask_approval(self, note=""):
        """A request for each one that lasts longer than its reason allows."""
        waiting = self.sudo().filtered("waits_approval")
        facts = waiting._approval_facts()
        for hold in waiting:
            self.env["dunning.approval.request"]._ask(
                hold,
                "hold",
                self._exposure(hold[SCOPES[hold.scope]]),
                facts[hold.id],
                note or hold.note or "",
            )

    def _forget_requests(self):
        requests = self.env["dunning.approval.request"].sudo()
        open_ = requests.search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
                ("state", "=", "pending"),
            ]
        )
        open_._end("cancelled", self.env._("The suspension is over."))

    def _on_approved(self, requests):
        """Called when the longer suspension is approved: it lasts as was asked."""
        open_ = self.filtered(lambda hold: hold.waits_approval and not hold.ended_on)
        for hold in open_.sudo()._guarded():
            end = hold.wanted_to
            hold.write(
                {
                    "date_to": end,
                    "resume_date": end and end + rules.ONE_DAY,
                    "wanted_to": False,
                    "waits_approval": False,
                }
            )
        open_._say(self.env._("The longer suspension was approved."))
        open_._take_effect()

    def _on_refused(self, requests):
        """Called when it is refused: it ends on the day that needed no approval."""
        open_ = self.filtered("waits_approval").sudo()._guarded()
        open_.write({"waits_approval": False, "wanted_to": False})
        open_._say(self.env._("The longer suspension was refused."))
