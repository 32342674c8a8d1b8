from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..rules import promises as rules
from .amounts import exact
from .reason_texts import pack, unpack

PROMISE = "promise"
# promises not kept are counted over so many days
LOOKED_BACK = 365
OUTCOMES = [
    (rules.KEPT, "Kept"),
    (rules.BROKEN, "Broken"),
    (rules.CANCELLED, "Cancelled"),
]


class DunningHold(models.Model):
    """A suspension that is a promise to pay: a sum by a day, judged by the payments.

    ``amount`` is the sum promised (what was owed, when the customer said no sum). It is
    judged every night, also when its suspension is over already, and again later: a
    payment that comes back, or one recorded late, changes the outcome.
    """

    _inherit = "dunning.hold"

    _guarded_fields = frozenset(
        {
            "promise_date",
            "promise_outcome",
            "promise_paid",
            "promise_judged_on",
            "promise_reasons",
            "promise_moves",
        }
    )

    promise_date = fields.Date(
        string="Promised for",
        readonly=True,
        tracking=True,
        help="The day by which the customer pays; the bank has some days of grace.",
    )
    promise_outcome = fields.Selection(
        OUTCOMES,
        string="Promise",
        readonly=True,
        tracking=True,
        help="Empty: it can still be kept.",
    )
    promise_paid = fields.Monetary(
        string="Paid in time",
        readonly=True,
        help="What came after the promise and in time, on the bills it is about.",
    )
    promise_judged_on = fields.Date(string="Judged on", readonly=True)
    promise_reasons = fields.Json(readonly=True)
    promise_explanation = fields.Char(
        string="Why kept or broken", compute="_compute_promise_explanation"
    )
    promise_moves = fields.Integer(
        string="Put off",
        readonly=True,
        help="How many times the day promised was moved.",
    )

    _promise_idx = models.Index(
        "(company_id, promise_date) WHERE promise_date IS NOT NULL"
    )
    _missed_idx = models.Index(
        "(customer_id, promise_date) WHERE promise_date IS NOT NULL"
    )

    @api.depends("promise_reasons")
    @api.depends_context("lang")
    def _compute_promise_explanation(self):
        for hold in self:
            hold.promise_explanation = unpack(
                self.env, hold.promise_reasons, hold.currency_id
            )

    @api.depends("customer_id")
    @api.depends_context("dunning_show_customer")
    def _compute_display_name(self):
        # EXTENDS dunning.hold: in the calendar of promises the name is who promised
        if not self.env.context.get("dunning_show_customer"):
            return super()._compute_display_name()
        for hold in self:
            amount = hold.currency_id.format(hold.amount)
            hold.display_name = f"{hold.customer_id.name} - {amount}"
        return None

    @api.model
    def _selection_end_reason(self):
        # EXTENDS dunning.hold
        return [
            *super()._selection_end_reason(),
            ("kept", self.env._("The promise was kept")),
            ("broken", self.env._("The promise was broken")),
        ]

    # making

    def _prepare_hold_vals(self, scope, record, reason, asked):
        # EXTENDS dunning.hold: the sum and the day promised
        if reason.code != PROMISE:
            return super()._prepare_hold_vals(scope, record, reason, asked)
        company = self._company_of(record)
        due, grace = asked["promise"], company.dunning_promise_grace_days
        if due and not asked["to"]:
            asked = {**asked, "to": rules.last_day(due, grace)}
        vals = super()._prepare_hold_vals(scope, record, reason, asked)
        end = vals["wanted_to"] or vals["date_to"]
        due = due or end
        if not vals["date_from"] <= due <= end:
            raise UserError(
                self.env._("The day promised lies within the days of the suspension.")
            )
        owed = self._exposure(record)
        amount = exact(vals["amount"], company.currency_id.decimal_places)
        if not 0 <= amount <= owed:
            raise UserError(self.env._("The amount lies between 0 and what is owed."))
        vals.update(promise_date=due, amount=float(amount or owed))
        return vals

    @api.model
    def _place(self, values):
        # EXTENDS dunning.hold: not one promise after the other
        promised = [vals for vals in values if vals.get("promise_date")]
        customers = {vals["customer_id"] for vals in promised}
        for company_id in {vals["company_id"] for vals in promised}:
            company = self.env["res.company"].browse(company_id)
            self._check_promises(company, self.env["res.partner"].browse(customers))
        return super()._place(values)

    @api.model
    def _check_promises(self, company, customers):
        """Who broke too many promises gets another one from a credit manager only."""
        if self.env.su or self.env.user.has_group(
            "creditbox_dunning.group_dunning_manager"
        ):
            return
        missed = self._promises_missed(company, customers)
        most = company.sudo().dunning_promise_max
        for customer in customers:
            count = missed.get(customer.id, 0)
            if not rules.may_promise(count, most):
                raise AccessError(
                    self.env._(
                        "%(customer)s did not keep %(count)s promises in the last"
                        " twelve months: only a credit manager may accept another one.",
                        customer=customer.display_name,
                        count=count,
                    )
                )

    @api.model
    def _promises_missed(self, company, customers):
        """{customer id: promises broken, put off or given up in the last year}."""
        today = self.env["dunning.case"]._today(company)
        mine = (
            Domain("company_id", "=", company.id)
            & Domain("customer_id", "in", customers.ids)
            & Domain("promise_date", ">=", today - timedelta(days=LOOKED_BACK))
            & Domain("is_cancelled", "=", False)
        )
        given_up = Domain("promise_outcome", "=", False) & Domain(
            "end_reason", "!=", False
        )
        missed = Domain("promise_outcome", "=", rules.BROKEN) | given_up
        me, found = self.sudo(), {}
        for domain, what in ((mine & missed, "__count"), (mine, "promise_moves:sum")):
            for customer, number in me._read_group(domain, ["customer_id"], [what]):
                found[customer.id] = found.get(customer.id, 0) + number
        return found

    def _extend_one(self, end):
        # EXTENDS dunning.hold: a promise that lasts longer is another promise
        is_promise = self.promise_date and not self.promise_outcome
        if is_promise:
            self._check_promises(self.company_id, self.customer_id)
        super()._extend_one(end)
        if not is_promise:
            return
        grace = timedelta(days=self.company_id.sudo().dunning_promise_grace_days)
        self.sudo()._guarded().write(
            {
                "promise_date": max(self.promise_date, end - grace),
                "promise_moves": self.promise_moves + 1,
            }
        )

    def _end(self, why, note=""):
        # EXTENDS dunning.hold: a promise recorded by mistake was none
        result = super()._end(why, note)
        gone = self.sudo().filtered(lambda h: h.promise_date and h.is_cancelled)
        gone._guarded().write(
            {
                "promise_outcome": rules.CANCELLED,
                "promise_reasons": pack([rules.Reason.of("promise_mistake")]),
            }
        )
        return result

    # judging

    @api.model
    def _watch(self, company, today):
        # EXTENDS dunning.hold
        result = super()._watch(company, today)
        self.sudo().with_company(company)._judge_promises(company, today)
        return result

    @api.model
    def _judge_promises(self, company, today):
        """Judge the promises of a company; the same again on the same day.

        Those of the last :data:`~..rules.promises.RETURN_DAYS` days are looked at again
        even when they were judged: payments come back, and are recorded late.
        """
        since = today - timedelta(days=rules.RETURN_DAYS)
        holds = self.search(
            Domain("company_id", "=", company.id)
            & Domain("promise_date", ">=", since)
            & Domain("is_cancelled", "=", False)
            & Domain("date_from", "<=", today)
        )
        if not holds:
            return
        entries, owed = holds._read_promise_money()
        digits = company.currency_id.decimal_places
        grace = company.dunning_promise_grace_days
        changed = self.browse()
        for hold in holds:
            verdict = rules.judge(
                hold._as_promise(digits),
                [
                    rules.Entry(day, exact(amount, digits), is_credit)
                    for day, amount, is_credit in entries.get(hold.id, ())
                ],
                exact(owed.get(hold.id, 0), digits),
                today,
                grace,
            )
            if hold._write_verdict(verdict, today, digits):
                changed |= hold
        changed._tell_promises()
        self._end_judged(holds, today)

    def _as_promise(self, digits):
        self.ensure_one()
        return rules.Promise(
            self.received_on or self.date_from,
            self.promise_date,
            exact(self.amount, digits),
            self.promise_outcome or None,
        )

    def _write_verdict(self, verdict, today, digits):
        """Write what was judged; True when the outcome is another one."""
        outcome = verdict.outcome or False
        is_other = outcome != self.promise_outcome
        if not is_other and exact(self.promise_paid, digits) == verdict.paid:
            return False
        vals = {"promise_paid": float(verdict.paid)}
        if is_other:
            vals.update(
                promise_outcome=outcome,
                promise_judged_on=today if outcome else False,
                promise_reasons=pack([verdict.reason]) if verdict.reason else False,
            )
        self._guarded().write(vals)
        return is_other

    def _read_promise_money(self):
        """({hold id: [(day, amount, is a credit note)]}, {hold id: what is open}).

        One statement each, on the receivables that the suspensions reach. What was
        matched before the promise was written down is not in it, even on its day.
        """
        self.env.flush_all()
        entries, owed = {}, {}
        lines = self._promise_lines_sql()
        for hold_id, *entry in self.env.execute_query(
            SQL(
                """
                SELECT target.hold_id, credit.date, partial.amount,
                       journal.type NOT IN ('bank', 'cash', 'credit')
                  FROM (%s) target
                  JOIN dunning_hold hold ON hold.id = target.hold_id
                  JOIN account_partial_reconcile partial
                    ON partial.debit_move_id = target.line_id
                  JOIN account_move_line credit ON credit.id = partial.credit_move_id
                  JOIN account_journal journal ON journal.id = credit.journal_id
                 WHERE credit.date > hold.received_on
                    OR (credit.date = hold.received_on
                        AND partial.create_date >= hold.create_date)
              ORDER BY credit.date, partial.id
                """,
                lines,
            )
        ):
            entries.setdefault(hold_id, []).append(entry)
        owed = dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT target.hold_id, SUM(line.amount_residual)
                      FROM (%s) target
                      JOIN account_move_line line ON line.id = target.line_id
                     WHERE line.parent_state = 'posted'
                  GROUP BY target.hold_id
                    """,
                    lines,
                )
            )
        )
        return entries, owed

    def _promise_lines_sql(self):
        """Query (hold_id, line_id): the receivables that these promises are about."""
        return SQL(
            """
            SELECT reached.hold_id, line.id AS line_id
              FROM (%(reached)s) reached
              JOIN account_move_line line ON line.dunning_case_id = reached.case_id
               AND (reached.lines IS NULL OR line.id = ANY(reached.lines))
             UNION
            SELECT hold.id, line.id
              FROM dunning_hold hold
              JOIN account_move_line line ON line.move_id = hold.move_id
               AND line.display_type = 'payment_term'
             WHERE hold.id = ANY(%(ids)s)
            """,
            reached=self._reached_sql(SQL("hold.id = ANY(%s)", self.ids)),
            ids=self.ids,
        )

    def _tell_promises(self):
        """Tell the outcome on the promises and on their cases."""
        if not self:
            return
        texts = {hold.id: hold._get_promise_text() for hold in self}
        self._message_log_batch(texts)
        told = {}
        reached = self._reached_sql(SQL("hold.id = ANY(%s)", self.ids))
        query = SQL("SELECT case_id, hold_id FROM (%s) reached ORDER BY 1, 2", reached)
        for case_id, hold_id in self.env.execute_query(query):
            told.setdefault(case_id, []).append(texts[hold_id])
        self.env["dunning.case"].sudo().browse(told)._message_log_batch(
            {case_id: " ".join(words) for case_id, words in told.items()}
        )

    def _get_promise_text(self):
        self.ensure_one()
        if not self.promise_outcome:
            return self.env._(
                "A payment came back: the promise can still be kept until its day."
            )
        return self.promise_explanation

    @api.model
    def _end_judged(self, holds, today):
        """What was judged stops nothing any more: the cases go on."""
        running = holds.filtered(
            lambda h: (
                h.promise_outcome in (rules.KEPT, rules.BROKEN)
                and not h.end_reason
                and (not h.resume_date or h.resume_date > today)
            )
        )
        for outcome, judged in running.grouped("promise_outcome").items():
            judged._end(outcome)

    def _timeline_entry(self):
        # EXTENDS dunning.hold: how it ended
        entry = super()._timeline_entry()
        if self.promise_outcome:
            labels = dict(
                self._fields["promise_outcome"]._description_selection(self.env)
            )
            tones = {rules.KEPT: "success", rules.BROKEN: "danger"}
            entry.update(
                badge=labels[self.promise_outcome],
                tone=tones.get(self.promise_outcome, "muted"),
                text=f"{entry['text']}. {self.promise_explanation}",
            )
        return entry


class DunningCase(models.Model):
    _inherit = "dunning.case"

    broken_promise_count = fields.Integer(
        string="Promises broken",
        compute="_compute_broken_promise_count",
        help="Of this customer, in this company.",
    )

    @api.depends("partner_id", "company_id")
    def _compute_broken_promise_count(self):
        rows = (
            self.env["dunning.hold"]
            .sudo()
            ._read_group(
                [
                    ("customer_id", "in", self.partner_id.ids),
                    ("company_id", "in", self.company_id.ids),
                    ("promise_outcome", "=", rules.BROKEN),
                ],
                ["customer_id", "company_id"],
                ["__count"],
            )
        )
        counts = {(customer, company): count for customer, company, count in rows}
        for case in self:
            case.broken_promise_count = counts.get((case.partner_id, case.company_id))

    def action_open_promises(self):
        """Smart button: what this customer promised, and what came of it."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "creditbox_dunning.dunning_hold_action_promise"
        )
        action["domain"] = [
            ("promise_date", "!=", False),
            ("customer_id", "=", self.partner_id.id),
            ("company_id", "=", self.company_id.id),
        ]
        action["context"] = {"create": False}
        return action
