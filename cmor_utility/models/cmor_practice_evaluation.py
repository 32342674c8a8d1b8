from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date, formatLang

from odoo.addons.utility_supply.models.bulk import (
    differs,
    flush_changed,
    update_changed,
)
from odoo.addons.utility_supply.rules.workdays import add_working_days

from ..rules import amount as amount_rules
from ..rules import eligibility, lifecycle, messages, window
from .cmor_practice_facts import _cents

CHUNK = 500


class CmorPractice(models.Model):
    """Finding candidates and answering the conditions: fetch, call the rules, write."""

    _inherit = "cmor.practice"

    # --- candidates -----------------------------------------------------------

    @api.model
    def find_candidates(self, companies=None, today=None):
        """Make a practice of each switched-out supply with open bills.

        Set-wise; safe to call as often as one likes: a supply that has a practice,
        whatever became of it, gets no second one.

        :param companies: res.company recordset or ids; None: the companies of the user
        :param date today: day the window is reckoned on; None: today
        :return: the new practices, already checked
        """
        self.browse().check_access("write")
        if companies is None:
            companies = self.env.companies
        elif not isinstance(companies, models.BaseModel):
            companies = self.env["res.company"].browse(companies)
        if not self.env.su:
            companies &= self.env.companies
        today = fields.Date.to_date(today) or fields.Date.context_today(self)
        created = self.browse()
        for company in companies:
            contracts = self._candidate_contracts(company, today)
            created |= self._open_for(contracts, today)
        return created

    def _candidate_contracts(self, company, today, contracts=None, anew=False):
        """Contracts ended by a switch-out whose claim can still be made, with open
        bills and without a practice.

        :param contracts: look at these only
        :param bool anew: those that have a practice which is over as well
        """
        terms = self.env["cmor.parameter"]._terms(company, today)
        oldest = window.add_months(
            today - timedelta(days=31), -terms.request_close_months - 1
        )
        domain = (
            Domain("company_id", "=", company.id)
            & Domain("end_reason", "=", "switch_out")
            & Domain("service", "in", ("electricity", "gas"))
            & Domain("date_end", ">=", oldest)
            & Domain("date_end", "<=", today)
        )
        if contracts is not None:
            domain &= Domain("id", "in", contracts.ids)
        every = self.env["utility.contract"].sudo().with_context(active_test=False)
        # of thousands not every column
        found = every.search_fetch(domain, ["date_end"])
        closes = {
            day: window.request_window(day, terms).latest_close
            for day in set(found.mapped("date_end"))
        }
        found = found.filtered(lambda contract: closes[contract.date_end] >= today)
        known = self.sudo().search(
            [("contract_id", "in", found.ids), ("side", "=", "outgoing")]
        )
        if not anew:
            found -= known.contract_id
        shares = self._bill_shares(found) if found else {}
        owing = {
            contract_id
            for (contract_id, _move), (_total, residual) in shares.items()
            if residual > 0
        }
        found = found.filtered(lambda contract: contract.id in owing)
        return self._without_twins(found)

    def _open_for(self, contracts, today):
        """Create and check the outgoing practices of ``contracts``."""
        created = self.browse()
        for start in range(0, len(contracts), CHUNK):
            chunk = contracts[start : start + CHUNK]
            names = self._next_names(len(chunk))
            vals_list = [
                {
                    "company_id": contract.company_id.id,
                    "name": name,
                    "side": "outgoing",
                    "sector": contract.service,
                    "contract_id": contract.id,
                    "supply_point_id": contract.supply_point_id.id,
                    "partner_id": contract.partner_id.id,
                    "date_start": contract.date_start,
                    "date_end": contract.date_end,
                }
                for contract, name in zip(chunk, names, strict=True)
            ]
            practices = (
                self.sudo()
                .with_context(mail_create_nolog=True, mail_create_nosubscribe=True)
                ._guarded()
                .create(vals_list)
            )
            practices = self.sudo().browse(practices.ids)
            practices._log_creation()
            practices._evaluate(today)
            created |= practices
            if len(contracts) > CHUNK:
                flush_changed(self)
                self.env.flush_all()
                self.env.invalidate_all()
        return created.sudo(self.env.su)

    @api.model
    def _next_names(self, count):
        """``count`` references of the sequence, in one statement where it allows."""
        sequence = self.env.ref("cmor_utility.sequence_cmor_practice").sudo()
        if sequence.implementation != "standard" or sequence.use_date_range:
            return [sequence.next_by_id() for _number in range(count)]
        rows = self.env.execute_query(
            SQL(
                "SELECT nextval(%s) FROM generate_series(1, %s)",
                f"ir_sequence_{sequence.id:03d}",
                count,
            )
        )
        before, after = sequence._get_prefix_suffix()
        return [f"{before}{n:0{sequence.padding}d}{after}" for (n,) in rows]

    def _log_creation(self):
        event = self.env["cmor.practice.event"]
        shares = self._bill_shares(self.contract_id)
        owed = dict.fromkeys(self.contract_id.ids, Decimal(0))
        for (contract_id, _move), (_total, residual) in shares.items():
            owed[contract_id] += residual
        event._append(
            [
                event._prepare_vals(
                    practice,
                    "created",
                    {
                        "date": practice.date_end,
                        "amount": owed[practice.contract_id.id],
                    },
                    "",
                    "candidate",
                )
                for practice in self
            ]
        )

    @api.model
    def _cron_find_candidates(self, today=None):
        """Nightly: new candidates, then every practice that has not left yet."""
        today = today or fields.Date.context_today(self)
        for company in self.env["res.company"].sudo().search([("active", "=", True)]):
            self.sudo().find_candidates(company, today)
            self.env["ir.cron"]._commit_progress(1)
        ids = (
            self.sudo()
            .search(
                Domain("state", "in", lifecycle.OPEN_STATES)
                & Domain("side", "=", "outgoing")
                & (
                    Domain("evaluated_on", "=", False)
                    | Domain("evaluated_on", "<", today)
                )
            )
            .ids
        )
        for start in range(0, len(ids), CHUNK):
            chunk = self.sudo().browse(ids[start : start + CHUNK])
            chunk._evaluate(today)
            left = max(0, len(ids) - start - CHUNK)
            if not self.env["ir.cron"]._commit_progress(len(chunk), remaining=left):
                return
            self.env.invalidate_all()

    # --- evaluation -----------------------------------------------------------

    def _evaluate(self, today):
        """Check window, amounts and conditions of the practices that have not left.

        Those whose facts are the same as at their last check are not asked again, only
        the day of the check becomes ``today``: their facts were read.

        :param date today: the day of the facts
        """
        todo = self.sudo().filtered(
            lambda p: p.state in lifecycle.OPEN_STATES and p.side == "outgoing"
        )
        todo._follow_contracts()
        for company, practices in todo.grouped("company_id").items():
            # no fact of the rules, but what the file tells
            practices._fill_distributors(today)
            same = practices._untouched(company, today)
            update_changed(same, {p: {"evaluated_on": today} for p in same})
            # one that came back may still be told what was next where it was
            same.filtered(lambda p: p.state == "candidate")._set_next()
            (practices - same)._evaluate_company(company, today)

    def _evaluate_company(self, company, today):
        if not self:
            return
        terms = self.env["cmor.parameter"]._terms(company, today)
        roles = self.env["cmor.company.role"]._find_roles(company, today)
        bills = self._collect_bills(self.contract_id, terms.costs_in_credit)
        notices = self._collect_notices(self.contract_id, bills)
        others = self._collect_others(bills)
        lines, outcomes = self._known_lines(), {}
        for practice in self:
            kept = lines.get(practice.id, {})
            facts = practice._facts(
                today,
                terms,
                bills.get(practice.contract_id.id, []),
                notices.get(practice.contract_id.id, []),
                {move_id for move_id, line in kept.items() if line.is_excluded},
                others[practice.id],
            )
            outcomes[practice] = (facts, eligibility.evaluate(facts, terms))
        results = self._write_conditions(outcomes)
        self._write_lines(outcomes, bills, lines)
        self._write_outcomes(outcomes, results, roles, notices, today)
        self._settle_states(today)
        self._set_next()
        self._keep_digests(company, today)

    def _collect_others(self, bills):
        """{practice id: facts of ``eligibility.PracticeFacts`` beside bills, notices
        and supply}; as many queries for one practice as for all.

        :param dict bills: those of ``_collect_bills``
        """
        transfers, twins = self._collect_transfers(), self._collect_twins()
        credits = self._collect_credits()
        open_bills = {
            practice.id: [
                item.move.id
                for item in bills.get(practice.contract_id.id, ())
                if item.bill.residual
            ]
            for practice in self
        }
        told = self._collect_told(open_bills)
        found = {}
        for id_ in self.ids:
            found[id_] = {
                "transferred_to": transfers.get(id_),
                "live_twin": twins.get(id_),
                "open_credit": credits.get(id_, Decimal("0.00")),
                **{name: tuple(words) for name, words in told.get(id_, {}).items()},
            }
        return found

    def _facts(self, today, terms, bills, notices, excluded, others):
        """``eligibility.PracticeFacts`` of one practice.

        :param set excluded: ids of the bills that a person left out
        :param dict others: those of ``_collect_others``
        """
        span = window.request_window(self.date_end, terms)
        shares = [
            replace(item.bill, excluded=True) if item.move.id in excluded else item.bill
            for item in bills
        ]
        result = amount_rules.compute_amount(
            shares, span, terms, _cents(self.prev_cmor_amount), self.date_start or None
        )
        point = self.supply_point_id
        smc = Decimal(str(point.annual_smc)) if point.annual_smc else None
        return eligibility.PracticeFacts(
            today=today,
            service=self.sector,
            end_reason=self.contract_id.end_reason or None,
            voltage_level=point.voltage_level or None,
            gas_use=point.gas_use or None,
            annual_smc=smc,
            window=span,
            amount=result,
            bills=tuple(
                self._bill_fact(item, bill, share)
                for item, bill, share in zip(
                    bills, shares, result.chosen.bills, strict=True
                )
            ),
            notices=tuple(fact for _notice, fact in notices),
            **others,
        )

    def _bill_fact(self, item, bill, share):
        move = item.move
        return eligibility.BillFact(
            ref=bill.ref,
            issued=move.invoice_date or None,
            date_from=bill.date_from,
            date_to=bill.date_to,
            reading_kind=move.reading_kind or None,
            recalculation=move.recalculation_kind or None,
            is_closing=move.is_closing_bill,
            residual=bill.residual,
            billing_residual=item.billing_residual,
            relevant=share.relevant,
            excluded=bill.excluded,
        )

    def _update(self, vals):
        """Write what differs, on one practice."""
        self.ensure_one()
        changed = {
            name: value for name, value in vals.items() if differs(self, name, value)
        }
        if changed:
            self._guarded().write(changed)

    def _settle_states(self, today):
        """Candidate, blocked or expired, as the verdict and the window say."""
        expired = self.filtered(lambda p: p.window_close_latest < today)
        failed = (self - expired).filtered(lambda p: p.verdict == "no")
        fine = self - expired - failed
        expired._move_to("expired", "expired", lambda p: {"date": p.window_close})
        # what was ready and no longer is goes back first: the facts have changed
        slipped = (self - expired).filtered(
            lambda p: (
                p.state == "ready" and (p.verdict != "yes" or not p.art4_declared_by_id)
            )
        )
        slipped._move_to("candidate", "state")
        failed._move_to("blocked", "state")
        fine.filtered(lambda p: p.state == "blocked")._move_to("candidate", "state")

    def _claimed(self):
        return _cents(self.indemnity)

    # --- what is next ---------------------------------------------------------

    def _set_next(self):
        """Store what has to be done next, and by when."""
        rows = {}
        for practice in self.sudo():
            action, params, day = practice._next_step()
            rows[practice] = {
                "next_action": action,
                "next_params": messages.encode_params(params),
                "next_date": day,
            }
        update_changed(self.sudo(), rows)

    def _next_step(self):
        """(key of NEXT_TEXTS or False, parameters, date or False)."""
        self.ensure_one()
        state, close = self.state, self.window_close
        if state == "blocked":
            codes = (self.failed_codes or "").split(", ")
            if self.window_open and self.window_open > self.evaluated_on:
                # nothing to solve about the window: it opens by itself
                codes = [code for code in codes if code != "C11"]
            if not codes:
                return "wait_open", {"date": self.window_open}, self.window_open
            return "solve", {"codes": ", ".join(codes), "date": close}, close
        if state == "candidate":
            if self.unknown_codes:
                return "declare", {"codes": self.unknown_codes, "date": close}, close
            if not self.art4_declared_by_id:
                return "declare_art4", {"date": close}, close
            return "confirm", {"date": close}, close
        if state == "ready":
            return "export", {"date": close}, close
        if state == "exported":
            return "mark_sent", {"date": close}, close
        if state == "sent":
            answer = self._answer_date()
            return "await_answer", {"date": answer}, answer
        return False, {}, False

    def _answer_date(self):
        """Day by which the SII has to answer (TISIND 8.1)."""
        sent = fields.Datetime.context_timestamp(self, self.sent_on).date()
        terms = self.env["cmor.parameter"]._terms(self.company_id, sent)
        holidays = self.company_id._utility_holidays({sent.year, sent.year + 1})
        return add_working_days(sent, terms.sii_check_days, holidays)

    # --- explanation ----------------------------------------------------------

    def _explanation_values(self):
        """Texts for the amount's explanation, in the reader's language."""
        self.ensure_one()

        def money(text):
            return formatLang(self.env, float(text), currency_obj=self.currency_id)

        def day(text):
            return format_date(self.env, text) if text else ""

        return {
            "practice": self,
            "readings": self.amount_details,
            "money": money,
            "day": day,
            "note": lambda code: self.env._(messages.NOTES.get(code, code)),
        }
