"""Jobs of test_loss_kill that run, and die, inside a real Odoo process."""

import json
import os
import signal
import sys
from datetime import timedelta
from unittest import mock

from odoo import Command, fields, sql_db
from odoo.tools import SQL

from odoo.addons.creditbox_dunning.models import (
    dunning_settlement_watch,
    dunning_writeoff_booking,
)

from devtools import databases, testkit

from .dunning_kill_jobs import _forked

SETTLEMENTS = 12
CREDITS = 24
CHUNK = 5


def prepare(env):
    """Offers whose sum was paid, and a list of small credits that was approved."""
    from odoo.addons.creditbox_dunning.tests.common import DunningCommon
    from odoo.addons.creditbox_dunning.tests.many import clone_bills

    class World(DunningCommon):
        pass

    World.env, World.company = env, env.company
    env.company.email = "credito@example.com"
    env.company._utility_setup_books()
    _books(env)
    for code, days, count in (("SET", 20, SETTLEMENTS), ("OLD", 300, CREDITS)):
        customer = World._create_customer(code)
        point = World._create_point(f"IT001E6600000{count % 10}")
        contract = World._create_contract(code, customer, point)
        due = fields.Date.today() - timedelta(days=days)
        clone_bills(World.overdue(code, contract, due=due), count - 1, 1, prefix=code)
    env["dunning.run"].sudo().run_for(env.company, fields.Date.today())
    cases = env["dunning.case"].search([("partner_id.billing_code", "like", "SET%")])
    assert len(cases) == SETTLEMENTS, len(cases)
    for case in cases:
        _paid_offer(env, case)
    one = env["dunning.writeoff"].create({"company_id": env.company.id})
    one.action_propose()
    assert one.count_included == CREDITS, one.line_ids.mapped("reason")
    one._guarded().write({"state": "approved"})


def _books(env):
    account = env["account.account"].create(
        {
            "name": "Perdite",
            "code": "PERDITE",
            "account_type": "expense",
            "company_ids": [Command.link(env.company.id)],
        }
    )
    journal = env["account.journal"].create(
        {
            "name": "Perdite",
            "code": "PRD",
            "type": "general",
            "company_id": env.company.id,
        }
    )
    env.company.write(
        {"dunning_loss_account_id": account.id, "dunning_loss_journal_id": journal.id}
    )


def _paid_offer(env, case):
    """An offer of four fifths, and its payment that the books know already."""
    one = env["dunning.settlement"]._propose(case, reason="customer")
    one._guarded().write({"agreed": round(one.capital * 0.8, 2), "channel": "pp"})
    one._move("waiting", "asked")
    one._offer()
    bill = one.line_ids.move_line_id.move_id
    wizard = (
        env["account.payment.register"]
        .with_context(active_model="account.move", active_ids=bill.ids)
        .create({"amount": one.agreed, "payment_date": fields.Date.today()})
    )
    wizard._create_payments()


def work(env):
    """The two scheduled actions that book losses, as the scheduler calls them: they
    commit after each chunk. Tells their statements and the state."""
    before = env.cr.sql_log_count
    with (
        mock.patch.object(dunning_settlement_watch, "CHUNK", CHUNK),
        mock.patch.object(dunning_writeoff_booking, "CHUNK", CHUNK),
    ):
        _as_scheduled(env, "dunning.settlement", "_cron_watch")
        _as_scheduled(env, "dunning.writeoff", "_cron_book")
    sys.stdout.write(f"STATEMENTS {env.cr.sql_log_count - before}\n")
    env.cr.commit()


def _as_scheduled(env, model, method):
    cron = env.ref("creditbox_dunning.ir_cron_dunning_writeoffs").sudo()
    progress = env["ir.cron.progress"].sudo().create({"cron_id": cron.id})
    context = {"ir_cron_progress_id": progress.id, "cron_id": cron.id}
    getattr(env[model].sudo().with_context(**context), method)()
    env.cr.commit()


def die(env, after):
    """The same, killed before its statement number ``after``."""
    original, count = sql_db.Cursor.execute, [0]

    def counted(cursor, *args, **kwargs):
        count[0] += 1
        if count[0] == int(after):
            os.kill(os.getpid(), signal.SIGKILL)
        return original(cursor, *args, **kwargs)

    with mock.patch.object(sql_db.Cursor, "execute", counted):
        work(env)


def kills(env, source, *points):
    """For each of ``points``: a fresh copy of ``source``, the booking killed there,
    what was left, and what the next one made of it."""
    name, context = env.cr.dbname, dict(env.context)
    env.cr.rollback()
    for after in points:
        sql_db.close_all()
        databases.clone(testkit.current(), source, name)
        status = _forked(name, context, die, after)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            sys.exit(f"the process was to be killed at {after}: {status}")
        _forked(name, context, state, after, "LEFT")
        # twice: what is booked is not booked again
        for _time in range(2):
            if _forked(name, context, work):
                sys.exit(f"killed at {after}, the next one did not end")
        _forked(name, context, state, after, "END")
    sys.stdout.flush()
    os._exit(0)  # the connection of ``env`` is closed for good


def state(env, after=0, name="END"):
    """What the books and the records say of each other."""
    settlements = env["dunning.settlement"].search([], order="id")
    lines = env["dunning.writeoff.line"].search([], order="id")
    account = env.company.dunning_loss_account_id
    ((lost, entries),) = env.execute_query(
        SQL(
            """
            SELECT COALESCE(SUM(balance), 0), COUNT(DISTINCT move_id)
              FROM account_move_line
             WHERE account_id = %s AND parent_state = 'posted'
            """,
            account.id,
        )
    )
    paid = settlements.filtered(lambda one: one.state == "paid")
    booked = lines.filtered(lambda line: line.state == "booked")
    receivables = env["account.move.line"].browse(
        [key for line in lines for key, _amount in line.receivables]
    )
    charges = env["utility.charge"].search([("kind", "=", "writeoff")])
    told = {
        "settlements": len(settlements),
        "paid": len(paid),
        "offered": len(settlements.filtered(lambda one: one.state == "offered")),
        "paid_open": sum(paid.line_ids.move_line_id.mapped("amount_residual")),
        "offered_moves": len((settlements - paid).move_id),
        "credits": len(lines),
        "booked": len(booked),
        "open": len(receivables.filtered("amount_residual")),
        "list": lines.writeoff_id.mapped("state"),
        "lost": round(float(lost), 2),
        "told": round(sum(paid.mapped("loss")) + sum(booked.mapped("amount")), 2),
        "entries": entries,
        "moves": len(paid.move_id | booked.move_id),
        "charges": round(-sum(charges.mapped("amount")), 2),
        "origins": len(charges) - len(set(charges.mapped("origin"))),
    }
    sys.stdout.write(f"{name} {after} {json.dumps(told)}\n")
