from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date, formatLang

from ..rules import late, lifecycle
from .cmor_practice_facts import _cents

CHUNK = 1000
LATE_FIELDS = (
    "late_state",
    "late_kind",
    "late_amount",
    "late_new_amount",
    "late_on",
    "late_found_on",
    "late_due",
)


def _since_the_claim(table):
    """Condition: a payment (journal item ``c``) came after the claim of practice ``p``
    had left. Of a practice of the past the day counts, for its payments were entered
    with it.

    :param str table: alias of the row that was made when it came
    """
    return SQL(
        """
        CASE WHEN p.loaded_values IS NULL
             THEN %s > COALESCE(p.exported_on, p.sent_on)
             ELSE c.date >= COALESCE(p.sent_on::date, p.accepted_on,
                                     p.create_date::date) END
        """,
        SQL.identifier(table, "create_date"),
    )


class CmorPractice(models.Model):
    """Double-collection guard: bills that are paid after they were claimed."""

    _inherit = "cmor.practice"

    late_state = fields.Selection(
        [("open", "To be answered"), ("answered", "Answered")],
        string="Paid after the claim",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    late_kind = fields.Selection(
        [
            ("full", "Nothing of the claim is left"),
            ("part", "Less of the claim is left"),
            ("untouched", "The claim is covered still"),
        ],
        string="What it means",
        readonly=True,
        copy=False,
    )
    late_amount = fields.Monetary(
        string="Paid since",
        readonly=True,
        copy=False,
        help="Payments and credit notes on the claimed bills since the claim left.",
    )
    late_new_amount = fields.Monetary(
        string="Claim left",
        readonly=True,
        copy=False,
        help="What the indemnity would be now.",
    )
    late_on = fields.Date(string="Last paid on", readonly=True, copy=False)
    late_found_on = fields.Date(
        readonly=True, copy=False, help="The term to answer runs from here."
    )
    late_due = fields.Date(
        string="Answer by", readonly=True, copy=False, index="btree_not_null"
    )
    late_returned = fields.Boolean(
        string="The payment came back",
        readonly=True,
        copy=False,
        help="An annulment was asked for a payment that was reversed since.",
    )

    late_text = fields.Char(compute="_compute_late_text")

    @api.depends("state", "late_state", "late_kind", "late_amount", "late_due")
    @api.depends_context("lang")
    def _compute_late_text(self):
        kinds = dict(self._fields["late_kind"]._description_selection(self.env))
        for practice in self:
            if practice.late_state == "open" and practice.state == "exported":
                practice.late_text = self.env._(
                    "%(amount)s paid on the bills of the file, the last on %(day)s:"
                    " discard the file and make it again before it is sent.",
                    amount=practice._late_money(practice.late_amount),
                    day=format_date(self.env, practice.late_on),
                )
                continue
            practice.late_text = practice.late_state == "open" and self.env._(
                "%(amount)s paid on the claimed bills, the last on %(day)s. %(kind)s:"
                " %(left)s. Update the claim or annul it by %(due)s.",
                amount=practice._late_money(practice.late_amount),
                day=format_date(self.env, practice.late_on),
                kind=kinds.get(practice.late_kind, ""),
                left=practice._late_money(practice.late_new_amount),
                due=format_date(self.env, practice.late_due),
            )

    def _late_money(self, amount):
        return formatLang(self.env, amount, currency_obj=self.currency_id)

    # --- actions ----------------------------------------------------------------

    def action_keep_claim(self, note=""):
        """Operator: the payment does not concern the claim; ``note`` says why.

        :raise UserError: no late payment, or no reason given
        """
        self._check_may_operate()
        if not (note or "").strip():
            raise UserError(self.env._("Write why the claim stays as it is."))
        todo = self.sudo().filtered(lambda p: p.late_state == "open")
        if not todo:
            raise UserError(self.env._("Nothing was paid after the claim."))
        todo._late_answered(note.strip())
        todo._set_next()

    # --- scan -------------------------------------------------------------------

    @api.model
    def _cron_scan_late(self):
        """Nightly: every claim that runs, chunk after chunk."""
        today = fields.Date.context_today(self)
        ids = (
            self.sudo()
            .search(
                [
                    ("side", "=", "outgoing"),
                    ("state", "in", lifecycle.CLAIMED_STATES),
                ],
                order="id",
            )
            .ids
        )
        for start in range(0, len(ids), CHUNK):
            self.sudo().browse(ids[start : start + CHUNK])._mark_late(today)
            left = max(0, len(ids) - start - CHUNK)
            done = min(CHUNK, len(ids) - start)
            if not self.env["ir.cron"]._commit_progress(done, remaining=left):
                return
            self.env.invalidate_all()

    def _mark_late(self, today):
        """Compare the claimed bills with the books; constant SQL.

        :param date today: the day from which the term to answer runs
        """
        practices = self.sudo().filtered(
            lambda p: p.side == "outgoing" and p.state in lifecycle.CLAIMED_STATES
        )
        if not practices:
            return
        bills = practices._claimed_bills()
        credits, previous = practices._open_credits(), practices._previous_left()
        on_top = {
            company: self.env["cmor.parameter"]._terms(company, today).prev_on_top
            for company in practices.company_id
        }
        event, events = self.env["cmor.practice.event"], []
        changed = self.browse()
        for practice in practices:
            verdict = late.judge(
                bills.get(practice.id, ()),
                _cents(practice.indemnity),
                _cents(practice.cap_amount or practice.indemnity),
                _cents(practice.prev_cmor_amount),
                practice.state == "paid",
                credits.get(practice.id, late.Credit()),
                on_top[practice.company_id],
                previous.get(practice.id),
            )
            vals = practice._late_vals(verdict, today)
            if not vals:
                continue
            changed |= practice
            practice._guarded().write(vals)
            if verdict.kind == late.NONE:
                events.append(event._prepare_vals(practice, "late_payment_over"))
            else:
                params = {"amount": verdict.paid, "date": practice.late_due}
                events.append(event._prepare_vals(practice, "late_payment", params))
        event.sudo()._guarded().create(events)
        changed._set_next()

    def _late_vals(self, verdict, today):
        """Values to write; {} when nothing is new."""
        if _cents(self.late_amount) == verdict.paid and bool(self.late_state) == bool(
            verdict.paid
        ):
            return {}
        if verdict.kind == late.NONE:
            asked = self.request_ids.filtered(lambda r: r._is_for_payment())
            return {**dict.fromkeys(LATE_FIELDS, False), "late_returned": bool(asked)}
        return {
            "late_state": "open",
            "late_returned": False,
            "late_kind": verdict.kind,
            "late_amount": float(verdict.paid),
            "late_new_amount": float(verdict.new_amount),
            "late_on": verdict.day,
            # more paid while the first answer is due does not move the term
            **(
                {}
                if self.late_state == "open"
                else {
                    "late_found_on": today,
                    "late_due": self._term_end("late_payment_days", today),
                }
            ),
        }

    def _claimed_bills(self):
        """{practice id: [late.ClaimedBill]} as the books are now; one query."""
        # the SQL below reads what the ORM may not have written yet
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT p.id, l.relevant_amount, items.residual,
                       paid.csea, paid.late, paid.late_on
                  FROM cmor_practice p
                  JOIN cmor_practice_line l
                    ON l.practice_id = p.id AND l.relevant_amount <> 0
                 CROSS JOIN LATERAL (
                       SELECT COALESCE(SUM(d.amount_residual), 0) AS residual,
                              ARRAY_AGG(d.id) AS ids
                         FROM account_move_line d
                        WHERE d.move_id = l.move_id
                          AND d.display_type = 'payment_term'
                          AND d.parent_state = 'posted'
                          AND (d.utility_contract_id = p.contract_id
                               OR d.utility_contract_id IS NULL)) items
                 CROSS JOIN LATERAL (
                       SELECT SUM(r.amount) FILTER (WHERE own.id IS NOT NULL) AS csea,
                              SUM(r.amount) FILTER (WHERE own.id IS NULL) AS late,
                              MAX(c.date) FILTER (WHERE own.id IS NULL) AS late_on
                         FROM account_partial_reconcile r
                         JOIN account_move_line c ON c.id = r.credit_move_id
                         LEFT JOIN cmor_receipt own ON own.move_id = c.move_id
                        WHERE r.debit_move_id = ANY(items.ids)
                          AND (own.id IS NOT NULL OR %(since)s)) paid
                 WHERE p.id IN %(ids)s
                """,
                since=_since_the_claim("r"),
                ids=tuple(self.ids),
            )
        )
        bills = {}
        for practice_id, claimed, residual, csea, paid, day in rows:
            bills.setdefault(practice_id, []).append(
                late.ClaimedBill(
                    _cents(claimed), _cents(residual), _cents(csea), _cents(paid), day
                )
            )
        return bills

    def _open_credits(self):
        """{practice id: late.Credit} of payments and credit notes that no bill takes.

        Of the contract, or of the customer where none is named; entered since the claim
        left. What CSEA paid is not the customer's. One query.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT p.id, -SUM(c.amount_residual), MAX(c.date)
                  FROM cmor_practice p
                  JOIN res_partner r ON r.id = p.partner_id
                  JOIN account_move_line c
                    ON c.partner_id = r.commercial_partner_id
                   AND c.company_id = p.company_id
                   AND c.parent_state = 'posted'
                   AND c.reconciled IS NOT TRUE
                   AND c.amount_residual < 0
                   AND (c.utility_contract_id = p.contract_id
                        OR c.utility_contract_id IS NULL)
                   AND %(since)s
                  JOIN account_account a
                    ON a.id = c.account_id AND a.account_type = 'asset_receivable'
                  LEFT JOIN cmor_receipt own ON own.move_id = c.move_id
                 WHERE p.id IN %(ids)s AND p.received_amount > 0 AND own.id IS NULL
                 GROUP BY p.id
                """,
                since=_since_the_claim("c"),
                ids=tuple(self.ids),
            )
        )
        return {row[0]: late.Credit(_cents(row[1]), row[2]) for row in rows}

    def _previous_left(self):
        """{practice id: what of its previous CMOR the customer has not paid}, of those
        whose previous CMOR was charged by us and that CSEA has not paid."""
        mine = self.filtered(
            lambda p: p.prev_cmor_amount and p.prev_sii_code and not p.received_amount
        )
        if not mine:
            return {}
        charged = self.search(
            [
                ("side", "=", "incoming"),
                ("contract_id", "in", mine.contract_id.ids),
                ("sii_code", "in", mine.mapped("prev_sii_code")),
            ]
        )
        on_bills = charged._customer_documents().on_bills
        left = {
            (practice.contract_id, practice.sii_code): sum(
                bill.open_amount for bill, _move in on_bills[practice.id]
            )
            for practice in charged
            if practice.id in on_bills
        }
        keys = {p.id: (p.contract_id, p.prev_sii_code) for p in mine}
        return {id_: left[key] for id_, key in keys.items() if key in left}

    def _late_reopened(self):
        """The answer was taken back: it is due again, by the same day."""
        todo = self.filtered(lambda p: p.late_state == "answered")
        todo._guarded().write({"late_state": "open"})
        todo._set_next()

    def _late_refused(self, today):
        """The SII refused the annulment that answered it: another answer is due.

        :param date today: the day from which the term to answer runs
        """
        event, events = self.env["cmor.practice.event"], []
        todo = self.filtered(lambda p: p.late_state == "answered" and p.late_amount)
        for practice in todo:
            due = practice._term_end("late_payment_days", today)
            practice._guarded().write(
                {"late_state": "open", "late_found_on": today, "late_due": due}
            )
            params = {"amount": _cents(practice.late_amount), "date": due}
            events.append(event._prepare_vals(practice, "late_payment", params))
        event._append(events)
        todo._set_next()

    def _late_forgotten(self):
        """The file was discarded: the next one is made of the books as they are."""
        todo = self.filtered("late_state")
        todo._guarded().write(dict.fromkeys(LATE_FIELDS, False))

    def _late_answered(self, note=None):
        """Somebody has decided; ``note`` is told in the history."""
        todo = self.filtered(lambda p: p.late_state == "open")
        todo._guarded().write({"late_state": "answered"})
        if note:
            event = self.env["cmor.practice.event"]
            event.sudo()._guarded().create(
                [
                    event._prepare_vals(p, "late_payment_answered", {"note": note})
                    for p in todo
                ]
            )

    def _next_step(self):
        # EXTENDS: a payment on the claimed bills comes before anything else
        self.ensure_one()
        late = self.late_state
        if late == "open" and self.state == "exported":
            return "discard_paid", {"date": self.window_close}, self.window_close
        if self.late_returned:
            waits = self.request_ids.filtered(
                lambda r: r._is_for_payment() and r.state in ("to_export", "exported")
            )
            step = "withdraw_returned" if waits else "annulled_returned"
            return step, {}, self.late_due or fields.Date.context_today(self)
        if late == "open":
            return "answer_late", {"date": self.late_due}, self.late_due
        return super()._next_step()


class AccountPartialReconcile(models.Model):
    """A payment that reconciles with a claimed bill is seen at once."""

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials._cmor_practices()._mark_late(fields.Date.context_today(self))
        return partials

    def unlink(self):
        practices = self._cmor_practices()
        result = super().unlink()
        practices._mark_late(fields.Date.context_today(self))
        return result

    def _cmor_practices(self):
        """Running claims whose bills these partials pay."""
        lines = (
            self.env["cmor.practice.line"]
            .sudo()
            .search(
                [
                    ("move_id", "in", self.sudo().debit_move_id.move_id.ids),
                    ("practice_state", "in", lifecycle.CLAIMED_STATES),
                ]
            )
        )
        return lines.practice_id
