import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.utility_supply.models.isolation import apart

from ..rules import settlement as rules
from .amounts import exact
from .settlement_words import WRONG

_logger = logging.getLogger(__name__)

CHUNK = 100
# direct debits may come back for 13 months: what was paid is looked at that long
RETURN_DAYS = 400
# a suspension that is about to end is made longer by this, while money is there that
# could not be booked
MORE_DAYS = 30
ZERO = exact(0)


class DunningSettlement(models.Model):
    """Was it paid? Every night, and by a button: what the ordinary reconciliation says.

    A document of the loss is made only when the agreed sum is on the bills, in the
    same transaction as the state: a night that is killed leaves both or none, and the
    next one begins again from the payments.
    """

    _inherit = "dunning.settlement"

    @api.model
    def _cron_watch(self):
        """Scheduled action, before the nightly run."""
        todo = self.sudo()._read_group(
            [("state", "in", ("offered", "paid", "expired"))], ["company_id"]
        )
        for (company,) in todo:
            self._watch(company, self.env["dunning.case"]._today(company))

    @api.model
    def _watch(self, company, today):
        """One company on one day; repeated on the same day it changes nothing."""
        mine = self.sudo().with_company(company)
        since = today - timedelta(days=RETURN_DAYS)
        ids = mine.search(
            [
                ("company_id", "=", company.id),
                "|",
                ("state", "=", "offered"),
                "&",
                ("valid_until", ">=", since),
                "|",
                ("state", "=", "paid"),
                "&",
                ("state", "=", "expired"),
                ("attention", "=", False),
            ],
            order="id",
        ).ids
        for start in range(0, len(ids), CHUNK):
            chunk = mine.browse(ids[start : start + CHUNK])
            locked = chunk.try_lock_for_update(allow_referencing=True)
            locked._look(today)
            self._commit_progress(len(locked), len(ids) - start - len(locked))

    @api.model
    def _commit_progress(self, done, left):
        if self.env.context.get("ir_cron_progress_id"):
            self.env["ir.cron"]._commit_progress(done, remaining=max(left, 0))

    def action_check_payments(self):
        """Button: look at the payments now instead of tonight."""
        self.check_access("write")
        self.env["dunning.case"]._check_is_operator(self)
        mine = self.sudo().filtered(
            lambda one: one.state in ("offered", "paid", "expired")
        )
        for company, some in mine.grouped("company_id").items():
            locked = some.try_lock_for_update(allow_referencing=True)
            locked._look(self.env["dunning.case"]._today(company))
        return True

    def _look(self, today):
        """Judge each by its payments; one that fails stops no other."""
        money = self._count_money()

        def work(some):
            for one in some:
                own = money[one.id]
                one._judge(own.receipts, today, own.lying(), own.spent())

        def blame(one, error):
            _logger.error("Settlement %s cannot be judged.", one.id, exc_info=error)
            one._tell_problem(str(error), today)

        apart(self, work, blame)

    # what came

    def _partials(self):
        """The matches of the bills of these settlements."""
        return self.env["account.partial.reconcile"].search(
            [("debit_move_id", "in", self.line_ids.move_line_id.ids)]
        )

    def _receipts(self):
        """({settlement id: [Receipt]}, items of which the rest counted).

        The money matched with the bills since the offer; credit notes are no money. Of
        a payment that is larger than the bills the rest counts only where the agreed
        sum asks for interest and costs too, and only for the first of these.
        """
        order = {one.id: place for place, one in enumerate(self)}
        found = {one.id: [] for one in self}
        known = {one.id: set(one.known_partials or ()) for one in self}
        asks_more = {one.id for one in self if one.extra > 0}
        rests = {}
        for settlement_id, partial_id, line_id, amount, rest, day in self._read_money():
            if partial_id in known[settlement_id]:
                continue
            found[settlement_id].append(rules.Receipt(day, exact(amount)))
            if rest and settlement_id in asks_more:
                taker, _receipt = rests.get(line_id, (settlement_id, None))
                taker = min(taker, settlement_id, key=order.get)
                rests[line_id] = (taker, rules.Receipt(day, exact(rest)))
        for taker, receipt in rests.values():
            found[taker].append(receipt)
        return found, set(rests)

    def _read_money(self):
        """Rows (settlement, match, payment's item, amount, its rest, value date)."""
        if not self:
            return []
        self.env.flush_all()
        return self.env.execute_query(
            SQL(
                """
                SELECT own.settlement_id, partial.id, credit.id, partial.amount,
                       ABS(LEAST(credit.amount_residual, 0)),
                       COALESCE(payment.value_date, credit.date)
                  FROM dunning_settlement_line own
                  JOIN account_partial_reconcile partial
                    ON partial.debit_move_id = own.move_line_id
                  JOIN account_move_line credit ON credit.id = partial.credit_move_id
                  JOIN account_journal journal ON journal.id = credit.journal_id
             LEFT JOIN account_payment payment ON payment.id = credit.payment_id
                 WHERE own.settlement_id = ANY(%s)
                   AND credit.parent_state = 'posted'
                   AND %s
              ORDER BY partial.id
                """,
                self.ids,
                self._is_money_sql(),
            )
        )

    # what it means

    def _judge(self, receipts, today, free=ZERO, elsewhere=ZERO):
        """What became of it. ``free``, ``elsewhere``: the customer's money that is
        matched with nothing, or with other bills."""
        self.ensure_one()
        if self.state == "paid":
            self._look_for_return(receipts, today)
            return
        company = self.company_id.sudo()
        verdict = rules.judge(
            exact(self.agreed),
            exact(max(company.dunning_settlement_tolerance, 0)),
            self.valid_until,
            receipts,
            today,
            max(company.dunning_settlement_grace, 0),
            free,
        )
        told = {"in_time": float(verdict.in_time), "late": float(verdict.late)}
        # of an offer that is over the last word stays, until more comes
        is_news = receipts or self.state == "offered"
        if is_news and any(
            exact(self[name]) != exact(value) for name, value in told.items()
        ):
            self._guarded().write(told)
        if self.state == "expired":
            self._judge_expired(verdict)
        elif verdict.kind == rules.PAID:
            allowed = exact(self.discount) + exact(company.dunning_settlement_tolerance)
            self._book_or_tell(allowed, verdict.paid_on, today)
        elif verdict.kind == rules.CHECK:
            self._tell_unmatched(verdict, today)
        elif verdict.kind != rules.WAIT:
            self._expire(verdict, elsewhere)
        self._remind_of_money(free, today)

    def _judge_expired(self, verdict):
        """Money that comes after all: a person decides."""
        if verdict.kind in (rules.EXPIRED, rules.WAIT):
            return
        if verdict.kind == rules.CHECK:
            note = self._sum_words(verdict)
            why = rules.UNMATCHED
            self._move("expired", "to_decide", note, attention=why, attention_note=note)
            return
        # in time after all: the bank told it later than it usually does
        why = verdict.why or rules.LATE
        if verdict.kind == rules.PAID or why == rules.LATE:
            note = self._sum_words(verdict)
            self._move("expired", "to_decide", note, attention=why, attention_note=note)

    def _expire(self, verdict, elsewhere=ZERO):
        """Not paid in time: the debt was never touched, the case goes on.

        Where the customer paid as much on other bills somebody is told of it.
        """
        note = self._sum_words(verdict, elsewhere)
        why = verdict.why if verdict.kind == rules.DECIDE else False
        came = verdict.in_time + verdict.late + verdict.free
        if elsewhere and came + elsewhere >= exact(self.agreed):
            why = why or rules.ELSEWHERE
        self._cancel_request(self.env._("The offer expired."))
        self._move(
            "expired",
            "to_decide" if why else "expired",
            note,
            attention=why,
            attention_note=note if why else False,
        )
        self._tell_action("expired", note)
        self._end_hold("fact_over")

    def _sum_words(self, verdict, elsewhere=ZERO):
        money = self.currency_id.format
        words = self.env._(
            "Paid in time %(in_time)s, late %(late)s, agreed %(agreed)s.",
            in_time=money(float(verdict.in_time)),
            late=money(float(verdict.late)),
            agreed=money(self.agreed),
        )
        if verdict.free:
            words += " " + self.env._(
                "%(amount)s lie unmatched.", amount=money(float(verdict.free))
            )
        if elsewhere:
            words += " " + self.env._(
                "%(amount)s paid other bills.", amount=money(float(elsewhere))
            )
        return words

    # the books

    def _book_or_tell(self, allowed, paid_on, today):
        """Book it, or say what stands in the way: it is tried again every night."""
        try:
            with self.env.cr.savepoint():
                self._book_paid(allowed, paid_on)
        except (UserError, rules.Wrong) as error:
            code = getattr(error, "code", None)
            self.env.invalidate_all(flush=False)
            self._tell_problem(self.env._(WRONG[code]) if code else str(error), today)

    def _book_paid(self, allowed, paid_on):
        """The agreed sum is there: what is left becomes a loss, the case goes on.

        :raise rules.Wrong: more is open than was approved to be given up
        """
        self.ensure_one()
        today, company = self._today(), self.company_id
        receivables = {line.id: line for line in self.line_ids.move_line_id}
        open_ = {key: exact(line.amount_residual) for key, line in receivables.items()}
        found = rules.losses(open_, allowed)
        rows = [(receivables[loss.key], loss.amount) for loss in found]
        total = sum(loss.amount for loss in found)
        move = self.env["account.move"]
        if rows:
            ref = self.env._("Settlement %(name)s", name=self.name)
            way = company.sudo().dunning_settlement_way
            move = self.env["dunning.loss"]._book(company, rows, today, ref, way)
        self._tell_billing(-total)
        self._charge_extra()
        self._move(
            "paid",
            "paid",
            amount=total,
            move=move,
            paid_on=paid_on,
            loss=float(total),
            move_id=move.id,
            attention=False,
            attention_note=False,
        )
        self._tell_action("accepted")
        self._end_hold("paid")

    def _tell_billing(self, amount):
        """What was given up (negative) or revived has to be known to billing too."""
        if not amount or self.company_id.sudo().utility_charge_mode != "billing":
            return
        charge = self._make_charge("writeoff", amount, self.name)
        charge._set_state("to_export")

    def _charge_extra(self):
        """Interest and costs that the agreed sum asked for: a draft charge."""
        if self.extra > 0:
            text = self.env._(
                "Interest and costs of settlement %(name)s", name=self.name
            )
            self._make_charge("interest", exact(self.extra), text)

    def _make_charge(self, kind, amount, text):
        return (
            self.env["utility.charge"]
            .sudo()
            .with_company(self.company_id)
            .create(
                {
                    "company_id": self.company_id.id,
                    "partner_id": self.partner_id.id,
                    "contract_id": self.contract_id.id,
                    "kind": kind,
                    "amount": float(amount),
                    "date": self._today(),
                    "description": text,
                    "origin": f"{self._name},{self.id}",
                }
            )
        )

    def _tell_problem(self, words, today):
        """It could not be booked."""
        self._tell_attention("problem", words, today)

    def _tell_attention(self, why, words, today):
        """Once in the history; the case stays still while the money is there."""
        if self.attention != why or self.attention_note != words:
            self._move(
                self.state,
                "problem" if why == "problem" else "to_decide",
                words,
                attention=why,
                attention_note=words,
            )
        last = today + timedelta(days=MORE_DAYS)
        hold = self.hold_id.filtered(lambda h: h.state == "active")
        if hold and hold.date_to and hold.date_to <= today + timedelta(days=7):
            hold.sudo()._guarded().write(
                {"date_to": last, "resume_date": last + timedelta(days=1)}
            )
        elif not hold and self.state == "offered":
            # its days ran out this very night: the next run must find another one
            self._guarded().write({"hold_id": self._suspend(today, last).id})

    # the money went back

    def _look_for_return(self, receipts, today):
        """A direct debit returned, a payment cancelled: the booking is undone."""
        there = sum((receipt.amount for receipt in receipts), exact(0))
        booked = exact(self.in_time) + exact(self.late)
        tolerance = exact(max(self.company_id.sudo().dunning_settlement_tolerance, 0))
        if there < booked and there < exact(self.agreed) - tolerance:
            self._revive(there, today)

    def _revive(self, there, today):
        """The full debt is there again; the offer too, if its days are not over."""
        undo = self.env["account.move"]
        if self.move_id:
            ref = self.env._("Settlement %(name)s undone", name=self.name)
            undo = self.env["dunning.loss"]._undo(self.move_id, today, ref)
        self._tell_billing(exact(self.loss))
        is_on = today <= self.valid_until and self.case_id.state != "closed"
        note = self.env._(
            "Paid %(there)s of %(agreed)s by now: the payment went back.",
            there=self.currency_id.format(float(there)),
            agreed=self.currency_id.format(self.agreed),
        )
        self._move(
            "offered" if is_on else "expired",
            "returned",
            note,
            amount=self.loss,
            move=undo,
            in_time=float(there),
            late=0,
            paid_on=False,
            loss=0,
            move_id=False,
            undo_move_ids=[fields.Command.link(move.id) for move in undo],
            attention=False if is_on else "returned",
            attention_note=False if is_on else note,
        )
        if is_on:
            hold = self._suspend(today, self.valid_until)
            self._guarded().write({"hold_id": hold.id})
