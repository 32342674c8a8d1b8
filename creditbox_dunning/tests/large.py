"""Cases, actions and payments by the ten thousand, to see how the lists are read.

One of each is made by Odoo and the run; the others are copies, one statement a table
(see `many.py`), spread over dates and states as a company's are.
"""

import contextlib
import re
from unittest import mock

from odoo.sql_db import Cursor
from odoo.tools import SQL

from .many import copy_bills, copy_rows, copy_supplies

LARGE = (
    "dunning_case",
    "dunning_action",
    "dunning_action_item",
    "dunning_approval_request",
    "dunning_communication",
    "dunning_hold",
    "account_move",
    "account_move_line",
    "account_partial_reconcile",
    "res_partner",
    "utility_contract",
    "utility_supply_point",
)
ACTIONS_PER_CASE = 3
# of so many cases one has a suspension, of so many actions one was asked for
HOLD_EVERY, ASK_EVERY = 10, 10


def clone_cases(case, partial, count, per_supply=1, hold=None, request=None):
    """``count`` supplies with bills, a case, its actions and a payment each.

    ``case``: one with an action; ``partial``: a matched payment of one of its bills;
    ``hold`` and ``request``: a suspension and a request of approval to be copied as
    well. Returns the id of the first case; they are numbered without a gap.
    """
    env = case.env
    move = case.line_ids[:1].move_id
    supplies = copy_supplies(move.utility_contract_id, count)
    cases = _clone_cases(case, supplies, count)
    terms = copy_bills(
        move,
        supplies,
        count * per_supply,
        per_supply,
        dunning_case_id=SQL("%s + n / %s", cases, per_supply),
    )
    partner = SQL("%s + n / %s", supplies.partners, ACTIONS_PER_CASE)
    actions = _clone_actions(case.action_ids[:1], cases, count, partner)
    _clone_items(case.action_ids.item_ids[:1], actions, terms, count, per_supply)
    _clone_messages(case.communication_ids[:1], actions, cases, supplies, count)
    _clone_payments(partial, terms, count * per_supply, per_supply)
    if hold:
        _clone_holds(hold, cases, supplies.partners, count)
    if request:
        _clone_requests(request, actions, cases, count)
    env.invalidate_all()
    _settle(env.cr)
    env.cr.execute(SQL("ANALYZE %s", SQL(", ").join(map(SQL.identifier, LARGE))))
    return cases


def _settle(cr):
    """What VACUUM would do to the trigram indexes: their latest entries in order."""
    cr.execute(
        """
        SELECT gin_clean_pending_list(index.oid)
          FROM pg_class index
          JOIN pg_am am ON am.oid = index.relam AND am.amname = 'gin'
          JOIN pg_index ON pg_index.indexrelid = index.oid
          JOIN pg_class rel ON rel.oid = pg_index.indrelid
         WHERE rel.relname = ANY(%s)
        """,
        (list(LARGE),),
    )


def _clone_cases(case, supplies, count):
    contracts, cr = supplies.contracts, case.env.cr
    rules = _rules(case)
    cases = copy_rows(
        cr,
        "dunning_case",
        case.id,
        count,
        name=SQL("'L' || n"),
        contract_id=SQL("%s + n", contracts),
        group_key=SQL("'contract:' || (%s + n)", contracts),
        partner_id=SQL("%s + n", supplies.partners),
        state=SQL("CASE WHEN n %% 3 = 0 THEN 'closed' ELSE 'open' END"),
        next_kind=SQL("CASE WHEN n %% 211 = 1 THEN 'stop' ELSE 'wait' END"),
        next_rule_id=_one_of(rules.ids),
        next_action_type_id=_one_of([rule.action_type_id.id for rule in rules]),
        opened_on=SQL("CURRENT_DATE - n %% 1000"),
        next_date=SQL(
            "source.opened_on + CASE WHEN n %% 1009 = 1 THEN -20 ELSE n %% 400 - 3 END"
        ),
        amount_due=SQL("n %% 3000"),
        next_reasons=SQL(
            "CASE WHEN n %% 307 = 1"
            """ THEN '[{"code": "guard_insolvent", "params": {}}]'::jsonb"""
            " ELSE source.next_reasons END"
        ),
    )
    # cases without a day where the law stops them
    cr.execute(
        SQL(
            "UPDATE dunning_case SET next_date = NULL WHERE id >= %s AND"
            " (next_kind = 'stop' OR next_reasons::text LIKE %s)",
            cases,
            "%guard_%",
        )
    )
    return cases


def _rules(case):
    """The rows that the copies have in turn."""
    return case.table_id.rule_ids.sorted("id")


def _one_of(values, number="n"):
    """SQL: one of ``values``, by turns of ``number``."""
    return SQL("(%s::int[])[1 + %s %% %s]", list(values), SQL(number), len(values))


def _clone_actions(action, cases, count, partner):
    rules = _rules(action.case_id)
    turn = f"n / {ACTIONS_PER_CASE}"
    return copy_rows(
        action.env.cr,
        "dunning_action",
        action.id,
        count * ACTIONS_PER_CASE,
        case_id=SQL("%s + n / %s", cases, ACTIONS_PER_CASE),
        round=SQL("100 + n %% %s", ACTIONS_PER_CASE),
        partner_id=partner,
        rule_id=_one_of(rules.ids, turn),
        action_type_id=_one_of([rule.action_type_id.id for rule in rules], turn),
        state=SQL(
            "CASE n %% 500 WHEN 1 THEN 'executing' WHEN 2 THEN 'failed'"
            " WHEN 3 THEN 'waiting_approval' WHEN 4 THEN 'approved' ELSE 'done' END"
        ),
        planned_date=SQL("CURRENT_DATE - n %% 1000"),
        executed_date=SQL("CURRENT_DATE - n %% 1000"),
    )


def _clone_items(item, actions, terms, count, per_supply):
    """Action k of a case lists bill k of its supply."""
    copy_rows(
        item.env.cr,
        "dunning_action_item",
        item.id,
        count * ACTIONS_PER_CASE,
        action_id=SQL("%s + n", actions),
        move_line_id=SQL(
            "%(terms)s + n / %(actions)s * %(per)s + n %% %(actions)s %% %(per)s",
            terms=terms,
            actions=ACTIONS_PER_CASE,
            per=per_supply,
        ),
    )


def _clone_messages(message, actions, cases, supplies, count):
    copy_rows(
        message.env.cr,
        "dunning_communication",
        message.id,
        count,
        action_id=SQL("%s + n * %s", actions, ACTIONS_PER_CASE),
        case_id=SQL("%s + n", cases),
        partner_id=SQL("%s + n", supplies.partners),
        key=SQL("'K' || n"),
        message_id=SQL("NULL"),
        sent_date=SQL(
            "CASE WHEN n %% 300 NOT IN (1, 2) THEN CURRENT_DATE - n * %s %% 1000 END",
            ACTIONS_PER_CASE,
        ),
        state=SQL(
            "CASE n %% 300 WHEN 1 THEN 'to_send' WHEN 2 THEN 'failed' ELSE 'sent' END"
        ),
    )


def _clone_payments(partial, terms, count, per_supply):
    """A payment of the first bill of each supply, on the day its case was opened."""
    copy_rows(
        partial.env.cr,
        "account_partial_reconcile",
        partial.id,
        count,
        where=SQL("n %% %s = 0", per_supply),
        debit_move_id=SQL("%s + n", terms),
        max_date=SQL("CURRENT_DATE - n / %s %% 1000", per_supply),
        full_reconcile_id=SQL("NULL"),
    )


def _clone_holds(hold, cases, partners, count):
    """One case in ten is suspended; one of them in ten still is."""
    day = SQL("CURRENT_DATE - n / %s %% 700", HOLD_EVERY)
    copy_rows(
        hold.env.cr,
        "dunning_hold",
        hold.id,
        count,
        where=SQL("n %% %s = 0", HOLD_EVERY),
        case_id=SQL("%s + n", cases),
        customer_id=SQL("%s + n", partners),
        date_from=day,
        date_to=SQL("%s + 69", day),
        resume_date=SQL("%s + 70", day),
        shown_to=SQL("%s + 69", day),
    )


def _clone_requests(request, actions, cases, count):
    """One action in ten was asked for; one of these in a hundred still waits."""
    copy_rows(
        request.env.cr,
        "dunning_approval_request",
        request.id,
        count * ACTIONS_PER_CASE,
        where=SQL("n %% %s = 0", ASK_EVERY),
        res_id=SQL("%s + n", actions),
        case_id=SQL("%s + n / %s", cases, ACTIONS_PER_CASE),
        requested_on=SQL("source.requested_on - make_interval(days => n %% 700)"),
        state=SQL(
            "CASE WHEN n / %s %% 100 = 1 THEN 'pending' ELSE 'approved' END", ASK_EVERY
        ),
    )


class PlansMixin:
    """What PostgreSQL really does for the queries of a block of code."""

    @contextlib.contextmanager
    def queries(self):
        """The SELECT statements run in the block, as a list of (sql, params)."""
        found, execute = [], Cursor.execute

        def spy(cursor, query, params=None, log_exceptions=True):
            if isinstance(query, SQL):
                code, values = query.code, query.params
            else:
                code, values = query, params
            if code.lstrip().upper().startswith("SELECT"):
                found.append((code, values))
            return execute(cursor, query, params, log_exceptions)

        with mock.patch.object(Cursor, "execute", spy):
            yield found
        self.assertTrue(found, "nothing was read: the test proves nothing")

    def scanned(self, queries, tables=LARGE):
        """[(table, plan)] of the large tables that a query reads from end to end."""
        bad = []
        for code, params in queries:
            self.env.cr.execute(f"EXPLAIN {code}", params)
            plan = "\n".join(row[0] for row in self.env.cr.fetchall())
            for table in re.findall(r"Seq Scan on (\w+)", plan):
                if table in tables:
                    bad.append((table, plan))
        return bad

    def assert_no_scan(self, queries, label="", tables=LARGE):
        bad = self.scanned(queries, tables)
        shown = "\n\n".join(plan for _table, plan in bad[:2])
        self.assertFalse(bad, f"{label}\n{shown}")
