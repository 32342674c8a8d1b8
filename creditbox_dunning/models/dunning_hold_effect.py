from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from ..rules.facts import Hold, Reason
from ..rules.holds import ONE_DAY, TECHNICAL_ACTION, is_stopped
from .dunning_action import OPEN_STATES
from .dunning_hold_watch import ORDER_TYPE
from .reason_texts_holds import TEXTS_HOLDS

CHUNK = 1000


class DunningHold(models.Model):
    """How suspensions reach the cases: facts for the planner, steps taken back."""

    _inherit = "dunning.hold"

    @api.model
    def _for_cases(self, cases, today):
        """{case id: tuple of rules.facts.Hold} in a fixed number of statements.

        Those in force on ``today`` or to come, and those over whose clock stood still.
        One of a bill or of a payment plan (of a contract, in a case of the whole
        customer) names its receivables; the others hold the whole case.
        """
        if not cases:
            return {}
        self.env.flush_all()
        found = defaultdict(list)
        for row in self._read(cases, today):
            case_id, code, name, start, resume, stops, clock, lines = row
            found[case_id].append(
                Hold(
                    # a reason that the company made has no words but its name
                    reason=code if code in TEXTS_HOLDS else name,
                    label=name,
                    start=start,
                    until=resume and resume - ONE_DAY,
                    stops=stops,
                    clock=clock,
                    lines=None if lines is None else frozenset(lines),
                )
            )
        for case_id, holds in self.env["dunning.moratorium"]._holds(cases, today):
            found[case_id] += holds
        return {case_id: tuple(holds) for case_id, holds in found.items()}

    def _read(self, cases, today):
        """Rows (case, code, name, start, resume, stops, clock, receivables or None)."""
        return self.env.execute_query(
            SQL(
                """
                SELECT reached.case_id, reason.code,
                       COALESCE(reason.name->>%(lang)s, reason.name->>'en_US'),
                       hold.date_from, hold.resume_date, hold.stops, hold.clock,
                       reached.lines
                  FROM (%(reached)s) reached
                  JOIN dunning_hold hold ON hold.id = reached.hold_id
                  JOIN dunning_hold_reason reason ON reason.id = hold.reason_id
                 WHERE reached.case_id = ANY(%(cases)s)
                   AND hold.stops != 'nothing'
                   AND hold.is_cancelled IS NOT TRUE
                   AND (hold.resume_date IS NULL
                        OR hold.resume_date > %(today)s
                        OR (hold.clock = 'stop'
                            AND hold.resume_date > hold.date_from))
              ORDER BY reached.case_id, hold.date_from, hold.id
                """,
                reached=self._reached_sql(SQL("kase.id = ANY(%s)", cases.ids)),
                cases=cases.ids,
                today=today,
                lang=self.env.lang or "en_US",
            )
        )

    @api.model
    def _reached_sql(self, only):
        """Query (case_id, hold_id, lines): which suspension reaches which case.

        ``lines``: the receivables it is about (those of its payment plan, of the bill),
        NULL = the whole case. ``only``: SQL
        condition on ``kase`` or ``hold`` that narrows it; each branch goes by an index.
        """
        return SQL(
            """
            SELECT kase.id AS case_id, hold.id AS hold_id,
                   CASE WHEN hold.plan_id IS NOT NULL
                        THEN ARRAY(SELECT planned.line_id
                                     FROM dunning_payment_plan_line_rel planned
                                    WHERE planned.plan_id = hold.plan_id
                                 ORDER BY planned.line_id)
                    END AS lines
              FROM dunning_case kase
              JOIN dunning_hold hold ON hold.case_id = kase.id
             WHERE %(only)s
         UNION ALL
            SELECT kase.id, hold.id, NULL
              FROM dunning_case kase
              JOIN dunning_hold hold ON hold.contract_id = kase.contract_id
             WHERE %(only)s
         UNION ALL
            SELECT kase.id, hold.id, NULL
              FROM dunning_case kase
              JOIN dunning_hold hold ON hold.partner_id = kase.partner_id
               AND hold.company_id = kase.company_id
             WHERE %(only)s
         UNION ALL
            SELECT kase.id, hold.id, array_agg(line.id ORDER BY line.id)
              FROM dunning_case kase
              JOIN account_move_line line ON line.dunning_case_id = kase.id
              JOIN dunning_hold hold ON hold.move_id = line.move_id
             WHERE %(only)s
          GROUP BY kase.id, hold.id
         UNION ALL
            SELECT kase.id, hold.id, array_agg(line.id ORDER BY line.id)
              FROM dunning_case kase
              JOIN account_move_line line ON line.dunning_case_id = kase.id
              JOIN account_move move ON move.id = line.move_id
              JOIN dunning_hold hold
                ON hold.contract_id = COALESCE(line.utility_contract_id,
                                               move.utility_contract_id)
             WHERE kase.contract_id IS NULL
               AND %(only)s
          GROUP BY kase.id, hold.id
            """,
            only=only,
        )

    def _cases(self):
        """The live cases that these suspensions reach."""
        if not self:
            return self.env["dunning.case"]
        self.flush_model()
        self.env["dunning.case"].flush_model()
        self.env["account.move.line"].flush_model(["dunning_case_id", "move_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT kase.id
                  FROM (%s) reached
                  JOIN dunning_case kase ON kase.id = reached.case_id
                 WHERE kase.state != 'closed'
              ORDER BY kase.id
                """,
                self._reached_sql(SQL("hold.id = ANY(%s)", self.ids)),
            )
        )
        return self.env["dunning.case"].browse(case_id for (case_id,) in rows)

    def _take_effect(self, title=""):
        """Make the cases follow at once: steps taken back, the next one told anew.

        ``title``: what to note on the cases; nothing when empty.
        """
        for company, holds in self.sudo().grouped("company_id").items():
            today = self.env["dunning.case"]._today(company)
            cases = holds._cases()
            holds._replan(cases, today)
            stopping = holds.filtered(lambda hold: hold.stops != "nothing")
            if title and stopping:
                text = f"{title}: {', '.join(stopping.reason_id.mapped('name'))}"
                cases._message_log_batch(dict.fromkeys(cases.ids, text))

    @api.model
    def _replan(self, cases, today):
        """Take back what is stopped on ``cases`` and tell what comes next.

        Carries nothing out: what became due is the next run's.
        """
        cases = cases.sudo()
        for company, of_company in cases.grouped("company_id").items():
            engine = self.env["dunning.engine"].sudo().with_company(company)
            for start in range(0, len(of_company), CHUNK):
                chunk = of_company[start : start + CHUNK]
                self._withdraw_stopped(chunk, today)
                self._tell_next(engine, chunk, today)

    @api.model
    def _tell_next(self, engine, cases, today):
        """Write on ``cases`` what comes next; closing is left to the run."""
        decisions, facts, _rounds, _outdated = engine._decide(cases, today)
        engine._update_cases(
            [
                engine._prepare_case_values(case, decision, facts[case.id], today)
                for case, decision in decisions.items()
                if decision.kind != "close"
            ]
        )

    @api.model
    def _withdraw_stopped(self, cases, today):
        """Take back the steps not yet left that a suspension of ``cases`` stops.

        Orders that the technical office has already cannot be taken back by us: they
        are told to a person. Returns the actions taken back.
        """
        holds = self._for_cases(cases, today)
        waiting = (
            self.env["dunning.action"]
            .sudo()
            .search([("case_id", "in", list(holds)), ("state", "in", OPEN_STATES)])
        )
        stopped = defaultdict(lambda: self.env["dunning.action"].sudo())
        for action in waiting:
            hold = self._stopping(action, holds.get(action.case_id.id, ()), today)
            if hold:
                stopped[hold.reason] |= action
        taken = self.env["dunning.action"].sudo()
        for code, actions in stopped.items():
            gone = actions.filtered(self._has_left)
            (actions - gone)._withdraw(Reason.of("hold_placed", reason=code))
            taken |= actions - gone
            self._tell_office(gone, today)
        return taken

    @api.model
    def _stopping(self, action, holds, today):
        """The first suspension that stops ``action`` on ``today``, or None."""
        lines = action.item_ids.move_line_id.ids
        for hold in holds:
            if hold.is_active(today) and is_stopped(
                action.action_type_id.code, action.op, lines, hold.stops, hold.lines
            ):
                return hold
        return None

    @api.model
    def _has_left(self, action):
        """Whether it is out of our hands: sent, or with the technical office."""
        if any(action.communication_ids.mapped("sent_date")):
            return True
        is_order = action.action_type_id.code == TECHNICAL_ACTION
        return action.state == "executing" and is_order

    @api.model
    def _tell_office(self, actions, today):
        """An order that is out already: somebody has to stop it, by telephone."""
        cases = actions.filtered(
            lambda a: (
                a.action_type_id.code == TECHNICAL_ACTION and a.state == "executing"
            )
        ).case_id
        told = self.env["mail.activity"].search(
            [
                ("res_model", "=", cases._name),
                ("res_id", "in", cases.ids),
                ("activity_type_id", "=", self.env.ref(ORDER_TYPE).id),
            ]
        )
        for case in cases.filtered(lambda c: c.id not in told.mapped("res_id")):
            case.activity_schedule(
                ORDER_TYPE,
                date_deadline=today,
                summary=self.env._("Suspended: stop the order at the technical office"),
                user_id=(case.user_id or self.env.user).id,
            )
