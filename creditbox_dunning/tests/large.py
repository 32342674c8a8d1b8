"""Cases, actions and payments by the ten thousand, to see how the lists are read.

One of each is made by Odoo and the run; the others are copies, one statement a table
(see `many.py`), spread over dates and states as a company's are.
"""

import contextlib
import re
from unittest import mock

from odoo.sql_db import Cursor
from odoo.tools import SQL

from .many import _clone, _reserve, clone_bills

LARGE = (
    "dunning_case",
    "dunning_action",
    "dunning_communication",
    "account_move",
    "account_move_line",
    "account_partial_reconcile",
    "res_partner",
    "utility_contract",
    "utility_supply_point",
)
ACTIONS_PER_CASE = 3


def clone_cases(case, partial, count):
    """``count`` supplies with a bill, a case, its actions and a payment each.

    ``case``: one with an action; ``partial``: a matched payment of one of its bills.
    """
    env = case.env
    contracts = clone_bills(case.line_ids[:1].move_id, count)
    cr = env.cr
    cases = _reserve(cr, "dunning_case", count)
    partner = SQL(
        "(SELECT partner_id FROM utility_contract WHERE id = %s + n)", contracts
    )
    _clone(
        cr,
        "dunning_case",
        case.id,
        count,
        cases,
        name=SQL("'L' || n"),
        contract_id=SQL("%s + n", contracts),
        group_key=SQL("'contract:' || (%s + n)", contracts),
        partner_id=partner,
        state=SQL("CASE WHEN n %% 3 = 0 THEN 'closed' ELSE 'open' END"),
        next_kind=SQL("CASE WHEN n %% 211 = 1 THEN 'stop' ELSE 'wait' END"),
        next_date=SQL("source.opened_on + n %% 400 - 3"),
        amount_due=SQL("n %% 3000"),
        next_reasons=SQL(
            "CASE WHEN n %% 307 = 1"
            """ THEN '[{"code": "guard_insolvent", "params": {}}]'::jsonb"""
            " ELSE source.next_reasons END"
        ),
    )
    _tie_cases(cr, cases, contracts)
    actions = _clone_actions(case.action_ids[:1], cases, count)
    _clone_messages(case.communication_ids[:1], actions, cases, count)
    _clone_payments(partial, cases, count)
    env.invalidate_all()
    _settle(cr)
    cr.execute(SQL("ANALYZE %s", SQL(", ").join(map(SQL.identifier, LARGE))))
    return cases


def _tie_cases(cr, cases, contracts):
    """Cases without a day where the law stops them; the bills know their case."""
    cr.execute(
        SQL(
            "UPDATE dunning_case SET next_date = NULL WHERE id >= %s AND"
            " (next_kind = 'stop' OR next_reasons::text LIKE %s)",
            cases,
            "%guard_%",
        )
    )
    cr.execute(
        SQL(
            """
            UPDATE account_move_line line
               SET dunning_case_id = %s + move.utility_contract_id - %s
              FROM account_move move
             WHERE move.id = line.move_id
               AND line.display_type = 'payment_term'
               AND move.utility_contract_id >= %s
            """,
            cases,
            contracts,
            contracts,
        )
    )


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


def _clone_actions(action, cases, count):
    cr = action.env.cr
    total = count * ACTIONS_PER_CASE
    first = _reserve(cr, "dunning_action", total)
    _clone(
        cr,
        "dunning_action",
        action.id,
        total,
        first,
        case_id=SQL("%s + n / %s", cases, ACTIONS_PER_CASE),
        round=SQL("100 + n %% %s", ACTIONS_PER_CASE),
        partner_id=SQL(
            "(SELECT partner_id FROM dunning_case WHERE id = %s + n / %s)",
            cases,
            ACTIONS_PER_CASE,
        ),
        state=SQL(
            "CASE n %% 500 WHEN 1 THEN 'executing' WHEN 2 THEN 'failed'"
            " WHEN 3 THEN 'waiting_approval' WHEN 4 THEN 'approved' ELSE 'done' END"
        ),
        planned_date=SQL("CURRENT_DATE - n %% 1000"),
        executed_date=SQL("CURRENT_DATE - n %% 1000"),
    )
    return first


def _clone_messages(message, actions, cases, count):
    cr = message.env.cr
    first = _reserve(cr, "dunning_communication", count)
    _clone(
        cr,
        "dunning_communication",
        message.id,
        count,
        first,
        action_id=SQL("%s + n * %s", actions, ACTIONS_PER_CASE),
        case_id=SQL("%s + n", cases),
        partner_id=SQL(
            "(SELECT partner_id FROM dunning_case WHERE id = %s + n)", cases
        ),
        key=SQL("'K' || n"),
        message_id=SQL("NULL"),
        mail_mail_id=SQL("NULL"),
        state=SQL(
            "CASE n %% 300 WHEN 1 THEN 'to_send' WHEN 2 THEN 'failed' ELSE 'sent' END"
        ),
    )


def _clone_payments(partial, cases, count):
    cr = partial.env.cr
    first = _reserve(cr, "account_partial_reconcile", count)
    _clone(
        cr,
        "account_partial_reconcile",
        partial.id,
        count,
        first,
        debit_move_id=SQL(
            "(SELECT id FROM account_move_line WHERE dunning_case_id = %s + n LIMIT 1)",
            cases,
        ),
        max_date=SQL("CURRENT_DATE - n %% 1000"),
        full_reconcile_id=SQL("NULL"),
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
