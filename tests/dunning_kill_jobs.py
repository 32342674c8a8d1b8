"""Jobs of test_dunning_kill that run, and die, inside a real Odoo process."""

import hashlib
import json
import os
import signal
import sys
import traceback
from datetime import timedelta
from unittest import mock

import odoo.api
from odoo import fields, sql_db
from odoo.modules.registry import Registry

from odoo.addons.creditbox_dunning.models import dunning_run_work

from devtools import databases, testkit

CUSTOMERS = 30
CHUNK = 7


def prepare(env):
    """Customers with a bill of three months each: mails, letters, steps for people."""
    from odoo.addons.creditbox_dunning.tests.common import DunningCommon
    from odoo.addons.creditbox_dunning.tests.many import clone_bills

    class World(DunningCommon):
        pass

    World.env, World.company = env, env.company
    env.company.email = "credito@example.com"
    env.company._utility_setup_books()
    for number, days in enumerate((7, 15, 30)):
        customer = World._create_customer(f"KILL{number}")
        point = World._create_point(f"IT001E6600000{number}")
        contract = World._create_contract(f"KILL{number}", customer, point)
        due = fields.Date.today() - timedelta(days=days)
        bill = World.overdue(f"KILL{number}", contract, due=due)
        clone_bills(bill, CUSTOMERS // 3, 2, prefix=f"KILL{number}x")


def _run(env):
    with mock.patch.object(dunning_run_work, "CHUNK", CHUNK):
        env["dunning.run"].sudo().run_for(env.company, fields.Date.today())


def work(env):
    """The run to its end; tells its statements and the state, as it was committed."""
    before = env.cr.sql_log_count
    _run(env)
    sys.stdout.write(f"STATEMENTS {env.cr.sql_log_count - before}\n")
    env.cr.commit()
    env.invalidate_all()
    state(env)


def die(env, after):
    """The run, killed before its statement number ``after``."""
    killed_before(after, _run, env)


def killed_before(after, work, *args):
    """Do ``work(*args)`` and be killed before its statement number ``after``."""
    original, count = sql_db.Cursor.execute, [0]

    def counted(cursor, *args, **kwargs):
        count[0] += 1
        if count[0] == int(after):
            os.kill(os.getpid(), signal.SIGKILL)
        return original(cursor, *args, **kwargs)

    with mock.patch.object(sql_db.Cursor, "execute", counted):
        work(*args)


def kills(env, source, *statements):
    """Kills of the run: see :func:`kill_each`."""
    kill_each(env, source, statements, die, work)


def kill_each(env, source, statements, die, work):
    """For each of ``statements``: a fresh copy of ``source`` under this database's
    name, ``die`` killed before that statement, then ``work`` to its end and its state.

    Who dies and who goes on are processes of their own, forked from this one, which
    ran nothing, holds no connection and has Odoo loaded: loading it is most of what a
    kill would cost otherwise.
    """
    name, context = env.cr.dbname, dict(env.context)
    env.cr.rollback()
    for after in statements:
        sql_db.close_all()
        databases.clone(testkit.current(), source, name)
        status = _forked(name, context, die, after)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            sys.exit(f"the process was to be killed at {after}: {status}")
        status = _forked(name, context, work)
        if status:
            sys.exit(f"killed at {after}, the next run did not end: {status}")
    sys.stdout.flush()
    os._exit(0)  # the connection of ``env`` is closed for good


def _forked(name, context, function, *args):
    """Run ``function(env, *args)`` in a child of this process: its wait status."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    status = 1
    try:
        with Registry(name).cursor() as cr:
            function(odoo.api.Environment(cr, odoo.api.SUPERUSER_ID, context), *args)
        status = 0
    except Exception:  # noqa: BLE001 told, and the status says so
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def state(env):
    """A digest of all that the runs made, numbers of the sequences left out."""
    cases = env["dunning.case"].sudo().search([], order="partner_id, id")
    told = []
    for case in cases:
        told.append(
            (
                case.partner_id.billing_code,
                case.state,
                case.round,
                str(case.next_date),
                case.next_kind,
                case.next_reasons,
                case.amount_due,
                sorted(
                    (
                        action.rule_id.seq,
                        action.state,
                        str(action.executed_date),
                        action.amount,
                        action.reasons,
                        sorted(action.item_ids.mapped("bill_number")),
                        sorted(
                            (message.channel, message.state, bool(message.body))
                            for message in action.communication_ids
                        ),
                        bool(action.notice_id),
                    )
                    for action in case.action_ids
                ),
                len(case.line_ids),
            )
        )
    totals = [
        env[name].sudo().search_count([])
        for name in (
            "dunning.case",
            "dunning.action",
            "dunning.action.item",
            "dunning.communication",
            "utility.notice",
        )
    ]
    runs = env["dunning.run"].sudo().search([])
    totals += [sum(runs.mapped(f"count_{n}")) for n in ("actions", "mails", "letters")]
    text = json.dumps([told, totals], sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()
    sys.stdout.write(f"STATE {digest} {totals}\n")
