import functools
from collections import defaultdict
from datetime import date
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.utility_supply.rules import workdays

from ..rules.coverage import planned_lines, settled
from ..rules.facts import (
    EXCLUDED,
    FORMAL_OPS,
    OFF_STATES,
    CaseFacts,
    Done,
    Hold,
    Line,
)
from ..rules.outcomes import OUTCOMES, waits_for
from ..rules.sets import key_of
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
# what a person typed starts no legal term without a document that shows it
NOTICE_PROVED = SQL(
    """(notice.source IS DISTINCT FROM 'manual'
        OR EXISTS (SELECT FROM utility_notice_attachment_rel proof
                    WHERE proof.notice_id = notice.id))"""
)


class CaseRow(NamedTuple):
    """What is read of a case, its supply and its customer: see ``_read_cases``."""

    id: int
    partner: int
    contract: int | None
    key: tuple
    # of the customer, by the names of its fields
    dunning_mobile: str | None
    email: str | None
    l10n_it_pec_email: str | None
    street: str | None
    city: str | None
    zip: str | None
    pec_source: str | None
    dunning_pec_dead: str | None

    @property
    def service(self):
        of_contract, _type, of_case, _form, _band = self.key
        return (of_contract[1] if of_contract else of_case) or ""


class ActionRow(NamedTuple):
    """What is read of an action: see ``_read_actions``."""

    id: int
    case: int
    rule: int
    code: int
    op: str
    state: str
    planned: date
    executed: date | None
    effective: date | None
    channels: str
    channel_used: str
    outcome: str
    term: date | None
    work_planned: date | None
    attempt: int
    amount: float
    is_sent: bool
    is_carried: bool


class NoticeRow(NamedTuple):
    """What is read of a past notice: see ``_read_notices``."""

    contract: int
    kind: str
    channel: str
    is_formal: bool
    sent: date
    notified: date | None
    term: date | None
    moves: list[int]
    is_proved: bool


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
        # what follows reads the tables, not the records
        self.env.flush_all()
        rows = self._read_cases(cases)
        lines = self._read_lines(cases, today, as_it_was)
        actions = self._read_actions(SQL("action.case_id = ANY(%s)", cases.ids))
        items = self._read_items(actions)
        done = self._done_of(actions, digits)
        notices = self._read_notices({row.contract for row in rows} - {None})
        loose = self._read_unallocated(company, [row.partner for row in rows])
        recorded = self.env["dunning.hold"]._for_cases(cases, today)
        policy = company._dunning_policy()
        events = self.env["dunning.case.event"]._of_cases(cases, today)
        supplies = self.env["dunning.guard"]._supply_facts(cases, lines, today)
        missing = self._missing_for(company, today)
        facts = {}
        for row in rows:
            of_case = lines.get(row.id, ())
            wanted = [line for line in of_case if not line["excluded"]]
            holds = ()
            if not wanted and of_case:
                wanted, holds = of_case, (Hold(EXCLUDED),)
            covered = defaultdict(set, items.get(row.id, {}))
            key = key_of(*row.key)
            told = self._not_planned(wanted, recorded.get(row.id, ()), key, today)
            history = self._history(told, notices.get(row.contract, ()), covered)
            # the past marks what it covers: before the lines are made
            history = tuple(history)
            facts[row.id] = settled(
                CaseFacts(
                    key=key,
                    lines=tuple(
                        Line(
                            line["id"],
                            line["due"],
                            exact(line["residual"], digits),
                            frozenset(covered.get(line["id"], ())),
                            line["move"],
                        )
                        for line in wanted
                    ),
                    unallocated=exact(loose.get(row.partner, 0), digits),
                    missing=missing(row, row.service),
                    done=(*history, *done.get(row.id, ())),
                    holds=(*holds, *recorded.get(row.id, ())),
                    events=events.get(row.id, ()),
                    supply=supplies.get(row.id),
                    policy=policy,
                )
            )
        return facts

    def _read_cases(self, cases):
        """[CaseRow] of ``cases``, in order of their ids."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT kase.id, kase.partner_id, kase.contract_id,
                       contract.customer_type, contract.service,
                       contract.supply_state, contract.suspendibility,
                       kase.customer_type, kase.service, partner.legal_form,
                       valued.band,
                       partner.dunning_mobile, partner.email,
                       partner.l10n_it_pec_email, partner.street, partner.city,
                       partner.zip, partner.pec_source, partner.dunning_pec_dead
                  FROM dunning_case kase
                  JOIN res_partner partner ON partner.id = kase.partner_id
             LEFT JOIN utility_contract contract ON contract.id = kase.contract_id
             LEFT JOIN dunning_valuation valued
                    ON valued.company_id = kase.company_id
                   AND valued.partner_id = kase.partner_id
                   AND COALESCE(valued.contract_id, 0) = 0
                 WHERE kase.id = ANY(%s)
              ORDER BY kase.id
                """,
                cases.ids,
            )
        )
        return [
            CaseRow(*ids, contract, (contract and more[:4], *more[4:8]), *more[8:])
            for *ids, contract, more in ((*row[:3], row[3:]) for row in rows)
        ]

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

    def _read_actions(self, which):
        """{case id: [ActionRow] of the present round, in the order they were done}.

        ``which``: SQL condition on the alias ``action``. Withdrawn ones and those done
        without a right are left out: as if they had never been.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT action.id, action.case_id, action.rule_id, type.code, action.op,
                       action.state, action.planned_date, action.executed_date,
                       -- what was done too early has no term run out earlier
                       CASE WHEN action.effective_date IS NOT NULL
                            THEN GREATEST(action.effective_date, action.lawful_from)
                       END,
                       COALESCE(action.channels, ''),
                       COALESCE(action.channel_used, ''),
                       COALESCE(action.outcome, ''),
                       COALESCE(action.pay_term, notice.pay_term),
                       action.planned_work_date, action.attempt, action.amount,
                       action.state = 'executing'
                           AND EXISTS (SELECT FROM dunning_communication message
                                        WHERE message.action_id = action.id
                                          AND message.sent_date IS NOT NULL),
                       action.state = 'executing'
                           AND EXISTS (SELECT FROM dunning_communication message
                                        WHERE message.action_id = action.id
                                          AND message.provider_id IS NOT NULL)
                  FROM dunning_action action
                  JOIN dunning_case kase ON kase.id = action.case_id
                  JOIN dunning_action_type type ON type.id = action.action_type_id
             LEFT JOIN utility_notice notice ON notice.id = action.notice_id
                 WHERE %s
                   AND action.state = ANY(%s)
                   AND action.round = kase.round
                   AND action.is_void IS NOT TRUE
                   -- an offer that no row carries is no step of the ladder
                   AND action.rule_id IS NOT NULL
                """,
                which,
                list(DONE_STATES),
            )
        )
        found = defaultdict(list)
        for row in rows:
            action = ActionRow(*row)
            found[action.case].append(action)
        for of_case in found.values():
            of_case.sort(key=lambda a: (a.executed or a.planned, a.id))
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

    def _read_notices(self, contract_ids):
        """{contract id: [NoticeRow] sent by others than dunning, oldest first}."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT notice.contract_id, notice.kind, COALESCE(notice.channel, ''),
                       COALESCE(notice.is_formal_notice, FALSE), notice.sent_date,
                       notice.notified_date, notice.pay_term,
                       ARRAY(SELECT rel.move_id
                               FROM utility_notice_account_move_rel rel
                              WHERE rel.notice_id = notice.id),
                       %(proved)s
                  FROM utility_notice notice
                 WHERE notice.contract_id = ANY(%(contracts)s)
                   AND notice.source IS DISTINCT FROM 'dunning'
                   AND notice.kind = ANY(%(kinds)s)
              ORDER BY notice.sent_date, notice.id
                """,
                proved=NOTICE_PROVED,
                contracts=list(contract_ids),
                kinds=list(PROVEN),
            )
        )
        found = defaultdict(list)
        for row in rows:
            notice = NoticeRow(*row)
            found[notice.contract].append(notice)
        return found

    def _read_unallocated(self, company, partner_ids):
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
                partner_ids,
                company.id,
            )
        )
        return dict(rows)

    def _key(self, case, score_band):
        """The keys of ``case``: a record, or a stand-in with the same fields.

        ``score_band``: of the customer, "" when not valued.
        """
        contract = case.contract_id
        return key_of(
            contract
            and (
                contract.customer_type,
                contract.service,
                contract.supply_state,
                contract.suspendibility,
            ),
            case.customer_type,
            case.service,
            case.partner_id.legal_form,
            score_band,
        )

    def _done_again(self, actions):
        """{case id: [Done]} of ``actions`` as they are now in the database."""
        self.env.flush_all()
        digits = actions.company_id.currency_id.decimal_places
        rows = self._read_actions(SQL("action.id = ANY(%s)", actions.ids))
        return self._done_of(rows, digits)

    def _done_of(self, rows, digits):
        """{case id: [rules.facts.Done]} from ``{case id: [ActionRow]}``."""
        failed = [a.id for of_case in rows.values() for a in of_case if _failed(a)]
        moved = self.env["dunning.action"].sudo().browse(failed)
        moved = {action.id for action in moved if action._is_address_changed()}
        return {
            case_id: [
                _as_done(action, digits, action.id in moved) for action in of_case
            ]
            for case_id, of_case in rows.items()
        }

    def _not_planned(self, lines, holds, key, today):
        """Those of ``lines`` whose past notices count today.

        A notice of bills that are paid by a plan says nothing of newer ones, which
        begin from the first row; of a supply that is off it says when it comes back.
        """
        planned = planned_lines(holds, today)
        if not planned or key.supply_state in OFF_STATES:
            return lines
        return [line for line in lines if line["id"] not in planned]

    def _history(self, lines, notices, covered):
        """What past notices prove for the open bills; marks them in ``covered``.

        A formal notice without the day of its arrival proves nothing, nor does one
        that somebody typed without its proof.
        """
        oldest = min((line["due"] for line in lines), default=None)
        for notice in notices:
            legal = notice.kind in LEGAL_KINDS
            arrived = notice.notified if notice.is_proved else None
            if legal and not (notice.is_formal and arrived):
                continue
            moves = set(notice.moves)
            if moves:
                named = [line for line in lines if line["move"] in moves]
            else:
                named = lines if oldest and notice.sent > oldest else []
            if not named:
                continue
            op, code = PROVEN[notice.kind]
            if notice.kind == "reminder" and notice.channel == "sms":
                code = 1
            for line in named:
                covered[line["id"]].add(op)
            yield Done(
                rule_id=None,
                action=code,
                op=op,
                state="done",
                executed=notice.sent,
                # a letter whose arrival nobody proved starts no legal term
                effective=arrived
                or (None if notice.channel in ("ar", "pec") else notice.sent),
                channel=notice.channel,
                term=notice.term,
            )

    def _missing(self, partner, company):
        """{channel: why it cannot be used} for a customer of ``company``."""
        return self._missing_for(company)(partner)

    def _missing_for(self, company, today=None):
        """A function (customer, service) -> {channel: why it cannot be used}.

        The customer: a record or whatever has the fields that are looked at.
        """
        today = today or self.env["dunning.case"]._today(company)
        lacks = {
            word: channel._lacks(company, today)
            for word, channel in self.env["dunning.channel"]._all().items()
        }

        def missing(partner, service=""):
            found = {}
            if not (partner.street and partner.city and partner.zip):
                found["pp"] = found["ar"] = "no_address"
            for word, lack in lacks.items():
                reason = lack(partner, service)
                if reason:
                    found[word] = reason
            return found

        return missing

    @api.model
    def _shift_for(self, company, years):
        """How days are counted for ``company``: the planner's ``shift`` argument."""
        holidays = company._utility_holidays(years)

        @functools.cache
        def shift(day, count, day_kind):
            if day_kind == "weekdays":
                return workdays.add_weekdays(day, count, holidays)
            if day_kind == "working":
                return workdays.add_working_days(day, count, holidays)
            return day + workdays.ONE_DAY * count

        return shift


def _failed(action):
    return DONE_STATES[action.state] == "failed"


def _as_done(action, digits, is_moved):
    """The planner's :class:`Done` of an ActionRow; ``is_moved``: the letter came back
    from an address that nobody has any more."""
    outcome = OUTCOMES.get(action.outcome)
    state = DONE_STATES[action.state]
    return Done(
        rule_id=action.rule,
        action=action.code,
        op=action.op,
        state=state,
        executed=action.executed,
        effective=action.effective,
        waits_for=waits_for(
            action.op,
            action.state,
            action.channels,
            is_begun=bool(action.executed),
            is_sent=action.is_sent,
            is_carried=action.is_carried,
        )
        if state == "open"
        else "",
        positive=outcome.is_positive if outcome else True,
        channel=action.channel_used or action.channels,
        outcome=action.outcome,
        term=action.term,
        planned=action.work_planned,
        attempt=action.attempt,
        address_changed=is_moved,
        amount=exact(action.amount, digits) if action.op in FORMAL_OPS else None,
    )
