from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL, email_normalize

from odoo.addons.utility_supply.rules import workdays

from ..rules.coverage import settled
from ..rules.facts import FORMAL_OPS, CaseFacts, Done, Hold, Key, Line
from ..rules.outcomes import OUTCOMES
from .amounts import exact
from .dunning_action import OPEN_STATES

# the states of an action as the planner sees them
DONE_STATES = {
    "planned": "open",
    "waiting_approval": "open",
    "approved": "open",
    "executing": "open",
    "done": "done",
    "failed": "failed",
    "skipped": "skipped",
}
# states in which an action covers the receivables that it lists
COVERING_STATES = frozenset({*OPEN_STATES, "done"})
# what a past notice proves: its kind -> (operation, action code)
PROVEN = {
    "reminder": ("remind", 2),
    "notice": ("notice", 3),
    "default": ("default", 4),
    "termination": ("terminate", 4),
}
LEGAL_KINDS = frozenset({"default", "termination"})


class DunningFacts(models.AbstractModel):
    """Gathers what the planner may know, for many cases in a fixed number of reads."""

    _name = "dunning.facts"
    _description = "Facts of recovery cases"

    @api.model
    def _collect(self, cases, today, as_it_was=False):
        """{case id: CaseFacts} for ``cases`` of one company on ``today``.

        ``as_it_was``: for a day gone by, what was paid after it is still owed.
        """
        company = cases.company_id
        digits = company.currency_id.decimal_places
        lines = self._read_lines(cases, today, as_it_was)
        actions = self._read_actions(cases)
        items = self._read_items(actions)
        notices = self._read_notices(cases)
        loose = self._read_unallocated(company, cases.partner_id)
        recorded = self.env["dunning.hold"]._for_cases(cases, today)
        policy = company._dunning_policy()
        events = self.env["dunning.case.event"]._of_cases(cases, today)
        supplies = self.env["dunning.guard"]._supply_facts(cases, lines, today)
        facts = {}
        for case in cases:
            rows = lines.get(case.id, [])
            wanted = [row for row in rows if not row["excluded"]]
            holds = ()
            if not wanted and rows:
                wanted, holds = rows, (Hold("excluded"),)
            covered = defaultdict(set, items.get(case.id, {}))
            history = tuple(self._history(case, wanted, notices, covered))
            done = [self._as_done(action) for action in actions.get(case.id, ())]
            gathered = CaseFacts(
                key=self._key(case),
                lines=tuple(
                    Line(
                        row["id"],
                        row["due"],
                        exact(row["residual"], digits),
                        frozenset(covered[row["id"]]),
                    )
                    for row in wanted
                ),
                unallocated=exact(loose.get(case.partner_id.id, 0), digits),
                missing=self._missing(case.partner_id, company),
                done=(*history, *filter(None, done)),
                holds=(*holds, *recorded.get(case.id, ())),
                events=events.get(case.id, ()),
                supply=supplies.get(case.id),
                policy=policy,
            )
            facts[case.id] = settled(gathered)
        return facts

    def _read_lines(self, cases, today, as_it_was=False):
        """{case id: [open receivables]} overdue on ``today``, credits included."""
        residual = SQL("line.amount_residual")
        is_open = SQL("line.reconciled IS NOT TRUE AND line.amount_residual != 0")
        if as_it_was:
            residual = self._residual_on(today)
            is_open = SQL("%s != 0", residual)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.dunning_case_id, line.id, line.date_maturity,
                       %(residual)s, line.move_id,
                       COALESCE(line.no_followup, FALSE)
                           OR COALESCE(move.payment_state, '') = 'blocked'
                  FROM account_move_line line
                  JOIN account_move move ON move.id = line.move_id
                 WHERE line.dunning_case_id = ANY(%(cases)s)
                   AND %(is_open)s
                   AND line.parent_state = 'posted'
                   AND (%(residual)s < 0 OR line.date_maturity < %(today)s)
              ORDER BY line.dunning_case_id, line.date_maturity, line.id
                """,
                residual=residual,
                is_open=is_open,
                cases=cases.ids,
                today=today,
            )
        )
        found = defaultdict(list)
        for case_id, line_id, due, residual, move_id, excluded in rows:
            found[case_id].append(
                {
                    "id": line_id,
                    "due": due,
                    "residual": residual,
                    "move": move_id,
                    "excluded": excluded,
                }
            )
        return found

    def _residual_on(self, day):
        """SQL of what was open on ``day`` of a receivable: what was matched later is
        taken back."""
        self.env["account.partial.reconcile"].flush_model()
        return SQL(
            """(
            line.amount_residual
            + COALESCE((SELECT SUM(paid.amount) FROM account_partial_reconcile paid
                         WHERE paid.debit_move_id = line.id
                           AND paid.max_date > %(day)s), 0)
            - COALESCE((SELECT SUM(used.amount) FROM account_partial_reconcile used
                         WHERE used.credit_move_id = line.id
                           AND used.max_date > %(day)s), 0)
            )""",
            day=day,
        )

    def _read_actions(self, cases):
        """{case id: actions of the present round, in the order they were done}."""
        actions = (
            self.env["dunning.action"]
            .sudo()
            # by case it would be a join with the cases, in their order
            .search([("case_id", "in", cases.ids)], order="id")
        )
        found = defaultdict(list)
        for action in actions:
            if action.round == action.case_id.round:
                found[action.case_id.id].append(action)
        for of_case in found.values():
            of_case.sort(key=lambda a: (a.executed_date or a.planned_date, a.id))
        return found

    def _read_items(self, actions):
        """{case id: {receivable id: operations of this round that listed it}}.

        ``actions``: as read above. By their ids: a join of tables that have just grown
        by thousands of rows is planned as if they were empty, and takes seconds.
        """
        listing = {
            action.id: (case_id, action.op)
            for case_id, of_case in actions.items()
            for action in of_case
            if action.state in COVERING_STATES
        }
        if not listing:
            return {}
        items = self.env["dunning.action.item"]
        items.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT action_id, move_line_id
                  FROM dunning_action_item
                 WHERE action_id = ANY(%s)
                """,
                list(listing),
            )
        )
        found = defaultdict(lambda: defaultdict(set))
        for action_id, line_id in rows:
            case_id, op = listing[action_id]
            found[case_id][line_id].add(op)
        return found

    def _read_notices(self, cases):
        """{contract id: notices sent by others than dunning, oldest first}."""
        notices = (
            self.env["utility.notice"]
            .sudo()
            .search(
                [
                    ("contract_id", "in", cases.contract_id.ids),
                    ("source", "!=", "dunning"),
                    ("kind", "in", list(PROVEN)),
                ],
                order="sent_date, id",
            )
        )
        return notices.grouped(lambda notice: notice.contract_id.id)

    def _read_unallocated(self, company, partners):
        """{partner id: payments not matched with any bill}: they may be the answer."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.partner_id, -SUM(line.amount_residual)
                  FROM account_move_line line
                  JOIN account_account account ON account.id = line.account_id
                 WHERE line.partner_id = ANY(%s)
                   AND line.company_id = %s
                   AND account.account_type = 'asset_receivable'
                   AND line.parent_state = 'posted'
                   AND line.reconciled IS NOT TRUE
                   AND line.amount_residual < 0
                   AND line.dunning_case_id IS NULL
              GROUP BY line.partner_id
                """,
                partners.ids,
                company.id,
            )
        )
        return dict(rows)

    def _key(self, case):
        contract = case.contract_id
        if contract:
            return Key(
                contract.customer_type or "",
                contract.service or "",
                contract.supply_state or "",
                contract.suspendibility or "",
            )
        # no supply or several: none that could be cut, the class says so
        if case.customer_type:
            return Key(
                case.customer_type, case.service or "", "active", "not_suspendible"
            )
        is_body = case.partner_id.legal_form == "public_body"
        is_consumer = case.partner_id.legal_form == "consumer"
        kind = "domestic" if is_consumer else "non_domestic"
        return Key("public_body" if is_body else kind, "", "active", "not_suspendible")

    def _as_done(self, action):
        state = DONE_STATES.get(action.state)
        if state is None or action.is_void:
            return None  # superseded, or done without a right: as if it had never been
        outcome = OUTCOMES.get(action.outcome)
        is_formal = action.op in FORMAL_OPS
        digits = action.currency_id.decimal_places
        # what was done too early has no term run out earlier
        effective = action.effective_date and max(
            filter(None, (action.effective_date, action.lawful_from))
        )
        return Done(
            rule_id=action.rule_id.id,
            action=action.action_type_id.code,
            op=action.op,
            state=state,
            executed=action.executed_date or None,
            effective=effective or None,
            waits_for=action._get_waits_for() if state == "open" else "",
            positive=outcome.is_positive if outcome else True,
            channel=action.channel_used or action.channels or "",
            outcome=action.outcome or "",
            term=action.pay_term or action.notice_id.pay_term or None,
            planned=action.planned_work_date or None,
            attempt=action.attempt,
            address_changed=state == "failed" and action._is_address_changed(),
            amount=exact(action.amount, digits) if is_formal else None,
        )

    def _history(self, case, rows, notices, covered):
        """What past notices prove for the open bills; marks them in ``covered``.

        A formal notice without the day of its arrival proves nothing.
        """
        oldest = min((row["due"] for row in rows), default=None)
        for notice in notices.get(case.contract_id.id, ()):
            legal = notice.kind in LEGAL_KINDS
            if legal and not (notice.is_formal_notice and notice.notified_date):
                continue
            moves = set(notice.move_ids.ids)
            if moves:
                named = [row for row in rows if row["move"] in moves]
            else:
                named = rows if oldest and notice.sent_date > oldest else []
            if not named:
                continue
            op, code = PROVEN[notice.kind]
            if notice.kind == "reminder" and notice.channel == "sms":
                code = 1
            for row in named:
                covered[row["id"]].add(op)
            yield Done(
                rule_id=None,
                action=code,
                op=op,
                state="done",
                executed=notice.sent_date,
                # a letter whose arrival nobody proved starts no legal term
                effective=notice.notified_date
                or (None if notice.channel in ("ar", "pec") else notice.sent_date),
                channel=notice.channel or "",
                term=notice.pay_term or None,
            )

    def _missing(self, partner, company):
        """{channel: why it cannot be used} for a customer."""
        missing = {}
        if not (partner.dunning_mobile or "").strip():
            missing["sms"] = "no_mobile"
        elif not company._dunning_can_text():
            missing["sms"] = "no_gateway"
        if not email_normalize(partner.email or ""):
            missing["email"] = "no_email"
        elif not company._dunning_sender():
            missing["email"] = "no_sender"
        if not email_normalize(partner.l10n_it_pec_email or ""):
            missing["pec"] = "no_pec"
        if not (partner.street and partner.city and partner.zip):
            missing["pp"] = missing["ar"] = "no_address"
        return missing

    @api.model
    def _shift_for(self, company, years):
        """How days are counted for ``company``: the planner's ``shift`` argument."""
        holidays = company._utility_holidays(years)

        def shift(day, count, day_kind):
            if day_kind == "weekdays":
                return workdays.add_weekdays(day, count, holidays)
            if day_kind == "working":
                return workdays.add_working_days(day, count, holidays)
            return day + workdays.ONE_DAY * count

        return shift
