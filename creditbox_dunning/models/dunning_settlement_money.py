from collections import defaultdict
from itertools import chain
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from ..rules import settlement as rules
from .amounts import exact

SEEN = ("offered", "expired")


class Free(NamedTuple):
    """An item of the customer that is money and matched with no bill."""

    settlement: int
    item: int
    amount: float
    day: object
    name: str
    account: int


class Elsewhere(NamedTuple):
    """Money of the customer that is matched with a bill of no settlement."""

    settlement: int
    item: int
    debit: int
    amount: float
    day: object
    name: str
    bill: str


class Money(NamedTuple):
    """What counts for one settlement, and for no other: ``rules.Receipt`` s,
    :class:`Free` and :class:`Elsewhere`. ``claimed``: what lies free and would pay it
    too, but counts for another offer of the customer (its id in ``settlement``)."""

    receipts: list = ()
    free: list = ()
    elsewhere: list = ()
    claimed: list = ()

    def lying(self):
        return sum((exact(row.amount) for row in self.free), exact(0))

    def spent(self):
        return sum((exact(row.amount) for row in self.elsewhere), exact(0))


class DunningSettlement(models.Model):
    """Money of the customer that came since the offer and is not on its bills.

    Only what is matched with the bills pays a settlement. What lies unmatched, or paid
    other bills, is shown; a button matches what is free, never more than is missing;
    and an offer whose sum lies there waits for a person instead of expiring.
    """

    _inherit = "dunning.settlement"

    known_credits = fields.Json(
        readonly=True,
        help="Unmatched payments that were there at the offer or were decided upon.",
    )
    free_money = fields.Monetary(
        string="Unmatched payments",
        compute="_compute_money",
        help="Payments of the customer since the offer that are matched with no bill:"
        " they do not count until they are matched with the settlement's bills.",
    )
    elsewhere_money = fields.Monetary(
        string="Paid on other bills",
        compute="_compute_money",
        help="Payments of the customer since the offer that paid other bills.",
    )
    can_match = fields.Boolean(string="Payments to match", compute="_compute_money")
    money_words = fields.Text(string="Which payments", compute="_compute_money")

    @api.depends("state", "known_credits", "in_time", "late")
    def _compute_money(self):
        mine = self._origin.sudo().filtered(lambda one: one.state in SEEN)
        counted = mine._count_money()
        for one in self:
            own = counted.get(one._origin.id) or Money()
            one.free_money = float(own.lying())
            one.can_match = bool(own.free or own.claimed)
            one.elsewhere_money = float(own.spent())
            one.money_words = "\n".join(one._in_words(own)) or False

    def _in_words(self, own):
        money = self.currency_id.format
        for row in own.free:
            yield self.env._(
                "%(day)s: %(amount)s, %(name)s, unmatched",
                day=format_date(self.env, row.day),
                amount=money(row.amount),
                name=row.name or "",
            )
        for row in own.claimed:
            yield self.env._(
                "%(day)s: %(amount)s, %(name)s, unmatched, counts for %(settlement)s",
                day=format_date(self.env, row.day),
                amount=money(row.amount),
                name=row.name or "",
                settlement=self.sudo().browse(row.settlement).name,
            )
        for row in own.elsewhere:
            yield self.env._(
                "%(day)s: %(amount)s, %(name)s, paid bill %(bill)s",
                day=format_date(self.env, row.day),
                amount=money(row.amount),
                name=row.name or "",
                bill=row.bill or "",
            )

    # whose it is

    def _rivals(self):
        """These and the other offers of their customers, in the order in which money is
        theirs: what was paid, what runs, what is over; the older offer first."""
        found = self | self.search(
            [
                ("company_id", "in", self.company_id.ids),
                ("partner_id", "in", self.partner_id.ids),
                ("state", "in", (*SEEN, "paid")),
            ]
        )
        states = ("paid", "offered", "expired")
        return found.sorted(
            lambda one: (states.index(one.state), one.offered_on, one.id)
        )

    def _count_money(self):
        """{settlement id: :class:`Money`}; what came once counts once.

        Where a customer has several offers, what lies free or paid other bills is for
        the older one up to what is missing of it, then for the next.
        """
        if not self:
            return {}
        rivals = self._rivals()
        receipts, rests = rivals._receipts()
        missing = {
            one.id: exact(one.agreed)
            - sum((receipt.amount for receipt in receipts[one.id]), exact(0))
            for one in rivals
            if one.state in SEEN
        }
        waiting = rivals.filtered(lambda one: one.id in missing)
        lying = waiting._free_money()
        free = {
            one.id: [
                row
                for row in one._free_for(lying.get(one.id, ()))
                if row.item not in rests
            ]
            for one in waiting
        }
        own = self._shared(missing, chain(*free.values()), lambda row: row.item)
        for key, rows in own.items():
            missing[key] -= sum((exact(row.amount) for row in rows), exact(0))
        elsewhere = chain(*waiting._elsewhere_money().values())
        others = self._shared(missing, elsewhere, lambda row: (row.item, row.debit))
        return {
            one.id: Money(
                receipts[one.id],
                own.get(one.id, ()),
                others.get(one.id, ()),
                self._claimed(one.id, free.get(one.id, ()), own),
            )
            for one in self
        }

    @api.model
    def _claimed(self, mine, free, own):
        """The items of ``free`` as far as they are the ``own`` of other offers."""
        items = {row.item for row in free}
        return [
            row
            for offer, rows in own.items()
            for row in rows
            if offer != mine and row.item in items
        ]

    @api.model
    def _shared(self, missing, rows, key):
        """{settlement id: its ``rows`` with the amounts that are its own}."""
        rows = sorted(rows, key=lambda row: (row.day, row.item))
        by_key = defaultdict(list)
        for row in rows:
            by_key[key(row)].append(row)
        money = [
            (one, exact(same[0].amount), {row.settlement for row in same})
            for one, same in by_key.items()
        ]
        return {
            offer: [
                row._replace(settlement=offer, amount=float(amount))
                for one, amount in found.items()
                for row in by_key[one][:1]
            ]
            for offer, found in rules.allot(list(missing.items()), money).items()
        }

    # reading

    @api.model
    def _is_money_sql(self):
        """Whether ``credit`` (with ``payment`` and ``journal``) is money: credit notes
        and entries are not."""
        return SQL(
            "(payment.id IS NOT NULL OR credit.statement_line_id IS NOT NULL"
            " OR journal.type IN ('bank', 'cash', 'credit'))"
        )

    @api.model
    def _credits_sql(self):
        """FROM: the posted customer items of the settlements' customers."""
        return SQL(
            """
            dunning_settlement own
              JOIN account_move_line credit
                ON credit.partner_id = own.partner_id
               AND credit.company_id = own.company_id
               AND credit.parent_state = 'posted'
              JOIN account_account account
                ON account.id = credit.account_id
               AND account.account_type = 'asset_receivable'
              JOIN account_journal journal ON journal.id = credit.journal_id
              JOIN account_move move ON move.id = credit.move_id
         LEFT JOIN account_payment payment ON payment.id = credit.payment_id
            """
        )

    def _free_money(self):
        """{settlement id: [Free]} in the order in which they are used; one statement.

        What was there at the offer, or was decided upon, is left out.
        """
        if not self:
            return {}
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT own.id, credit.id, -credit.amount_residual,
                       COALESCE(payment.value_date, credit.date) AS day,
                       COALESCE(payment.name, move.name), credit.account_id
                  FROM %(credits)s
                 WHERE own.id = ANY(%(ids)s)
                   AND credit.reconciled IS NOT TRUE
                   AND credit.amount_residual < 0
                   AND %(is_money)s
                   AND NOT COALESCE(own.known_credits, '[]') @> to_jsonb(credit.id)
              ORDER BY own.id, day, credit.id
                """,
                credits=self._credits_sql(),
                ids=self.ids,
                is_money=self._is_money_sql(),
            )
        )
        found = defaultdict(list)
        for row in map(Free._make, rows):
            found[row.settlement].append(row)
        return found

    def _elsewhere_money(self):
        """{settlement id: [Elsewhere]}: money since the offer that is matched with
        bills of no settlement for which it counts; one statement."""
        if not self:
            return {}
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT own.id, credit.id, debit.id, SUM(partial.amount),
                       COALESCE(payment.value_date, credit.date) AS day,
                       COALESCE(payment.name, move.name),
                       COALESCE(bill.billing_ref, bill.name)
                  FROM %(credits)s
                  JOIN account_partial_reconcile partial
                    ON partial.credit_move_id = credit.id
                  JOIN account_move_line debit ON debit.id = partial.debit_move_id
                  JOIN account_move bill ON bill.id = debit.move_id
                 WHERE own.id = ANY(%(ids)s)
                   AND GREATEST(payment.value_date, credit.date) >= own.offered_on
                   AND (own.state = 'offered'
                        OR COALESCE(payment.value_date, credit.date)
                           <= own.valid_until)
                   AND %(is_money)s
                   AND NOT EXISTS (
                       SELECT 1 FROM dunning_settlement_line line
                         JOIN dunning_settlement other ON other.id = line.settlement_id
                        WHERE line.move_line_id = debit.id
                          AND (other.id = own.id
                               OR other.state IN ('offered', 'paid')
                               OR other.state = 'expired'
                                  AND COALESCE(payment.value_date, credit.date)
                                      <= other.valid_until))
              GROUP BY own.id, credit.id, debit.id, day, 6, 7
              ORDER BY own.id, day, 6, 7, credit.id
                """,
                credits=self._credits_sql(),
                ids=self.ids,
                is_money=self._is_money_sql(),
            )
        )
        found = defaultdict(list)
        for row in map(Elsewhere._make, rows):
            found[row.settlement].append(row)
        return found

    def _free_for(self, rows):
        """What of ``rows`` may still pay it: of an offer that is over only what came
        by its last day. Later payments are payments like any other."""
        if self.state != "expired":
            return rows
        return [row for row in rows if row.day <= self.valid_until]

    # matching

    def action_match_payments(self):
        """Button: match the unmatched payments with the bills of the settlement.

        The oldest payments and bills first, and never more than is missing of the
        agreed sum: the rest stays the customer's.
        """
        self.check_access("write")
        self.env["dunning.case"]._check_is_operator(self)
        for one in self.sudo():
            one.with_company(one.company_id)._match_payments()
        return True

    def _match_payments(self):
        self.ensure_one()
        self._check_state(*SEEN)
        locked = self.try_lock_for_update(allow_referencing=True)
        rows = self._free_for(self._free_money().get(self.id, ()))
        if not locked or not rows:
            raise UserError(
                self.env._("%(name)s has no payment to match.", name=self.name)
            )
        self._match_free(rows)
        locked._look(self._today())

    def _match_free(self, rows):
        received = self._count_money()[self.id].receipts
        missing = exact(self.agreed) - sum((r.amount for r in received), exact(0))
        bills = self.line_ids.move_line_id.filtered(
            lambda line: not line.reconciled and line.amount_residual > 0
        ).sorted(lambda line: (line.date_maturity, line.id))
        done = []
        for account, own in bills.grouped("account_id").items():
            open_ = [(line, exact(line.amount_residual)) for line in own]
            items = self.env["account.move.line"]
            free = [
                (items.browse(row.item), exact(row.amount))
                for row in rows
                if row.account == account.id
            ]
            for share in rules.shares(missing, open_, free):
                self._match_share(*share)
                missing -= share[2]
                done.append(share)
        if not done:
            raise UserError(
                self.env._(
                    "The agreed sum is on the bills already, or the payments are on"
                    " another account: an accountant has to match them."
                )
            )
        total = sum(amount for _bill, _credit, amount in done)
        self._move(
            self.state,
            "matched",
            ", ".join(sorted({credit.move_id.name for _b, credit, _a in done})),
            amount=total,
        )

    def _match_share(self, bill, credit, amount):
        """Match ``amount`` of ``credit`` with ``bill``."""
        whole = min(exact(bill.amount_residual), exact(-credit.amount_residual))
        if amount == whole:
            self.env["utility.payment.writer"]._match([bill | credit])
            return
        if (bill | credit).currency_id != self.currency_id:
            raise UserError(
                self.env._("A payment in another currency is matched by an accountant.")
            )
        # the rest of the payment stays the customer's: Odoo's own way takes all of it
        self.env["account.partial.reconcile"].create(
            {
                "debit_move_id": bill.id,
                "credit_move_id": credit.id,
                "amount": float(amount),
                "debit_amount_currency": float(amount),
                "credit_amount_currency": float(amount),
            }
        )

    # the term comes near

    def _remind_of_money(self, free, today):
        """An activity for whoever asked for it, once."""
        days = self.company_id.sudo().dunning_settlement_remind_days
        due = rules.is_reminder_due(self.valid_until, free, today, days)
        if self.state != "offered" or not free:
            self._forget_money()
        elif due and not self.activity_ids:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=max(self.valid_until, today),
                summary=self.env._(
                    "%(amount)s of the customer lie unmatched: are they for this"
                    " settlement?",
                    amount=self.currency_id.format(float(free)),
                ),
                user_id=(self.asked_by or self.env.user).id,
            )

    def _forget_money(self):
        if self.activity_ids:
            self.activity_unlink(["mail.mail_activity_data_todo"])

    def _tell_unmatched(self, verdict, today):
        """The days are over and the sum lies unmatched: a person says what it is for.

        The case stays still; it is looked at again every night.
        """
        self._tell_attention(rules.UNMATCHED, self._sum_words(verdict), today)

    def _leave_free(self):
        """What lies free is not for this settlement: it does not count any more."""
        rows = self._free_money()
        for one in self:
            items = [row.item for row in rows.get(one.id, ())]
            known = sorted({*(one.known_credits or ()), *items})
            one._guarded().write({"known_credits": known})
