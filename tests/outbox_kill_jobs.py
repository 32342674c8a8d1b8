"""Jobs of test_outbox_kill that run, and die, inside a real Odoo process."""

import json
import os
import signal
import smtplib
import sys
from datetime import timedelta
from unittest import mock

from odoo import fields, sql_db

from odoo.addons.creditbox_dunning.models import dunning_outbox

from devtools import databases, testkit

from .dunning_kill_jobs import _forked

MESSAGES = 24
BATCH = 7
MARK = "mark@example.com"


def prepare(env, port):
    """E-mails and text messages that wait to leave, by the servers on ``port``."""
    from odoo.addons.creditbox_dunning.tests.common import DunningCommon
    from odoo.addons.creditbox_dunning.tests.many import clone_bills

    class World(DunningCommon):
        pass

    World.env, World.company = env, env.company
    env.company.email = "credito@example.com"
    env.company._utility_setup_books()
    customer = World._create_customer("KILL", email="k@example.com")
    contract = World._create_contract(
        "KILL", customer, World._create_point("IT001E66000001")
    )
    bill = World.overdue("KILL", contract, due=fields.Date.today() - timedelta(days=7))
    clone_bills(bill, MESSAGES - 1, 1, prefix="KILLx")
    env["dunning.run"].sudo().run_for(env.company, fields.Date.today())
    mails = env["dunning.communication"].search([("channel", "=", "email")])
    # each customer an address of its own: the server tells them apart
    env.flush_all()
    env.cr.execute(
        "UPDATE res_partner SET email = 'k' || partner.id || '@example.com',"
        " email_normalized = 'k' || partner.id || '@example.com'"
        " FROM dunning_communication partner"
        " WHERE res_partner.id = partner.partner_id AND partner.id = ANY(%s)",
        [mails.ids],
    )
    env.invalidate_all()
    mailer = env["dunning.service.provider"]._for("email", env.company)
    mailer.mail_server_id = env["ir.mail_server"].create(
        {
            "name": "Loopback",
            "smtp_host": "127.0.0.1",
            "smtp_port": int(port),
            "smtp_encryption": "none",
        }
    )
    sys.stdout.write(f"MESSAGES {len(mails)}\n")


def work(env):
    """The sender, as the scheduled action calls it; tells its statements."""
    before = env.cr.sql_log_count
    with mock.patch.object(dunning_outbox, "BATCH", BATCH):
        env["dunning.outbox"].sudo()._cron_send()
    sys.stdout.write(f"STATEMENTS {env.cr.sql_log_count - before}\n")
    env.cr.commit()


def die(env, after):
    """The sender, killed before its statement number ``after``; a number below zero
    kills it in the middle of the hand-over of that message, after the text was given.
    """
    count = [0]

    def kill_at(call, limit):
        def counted(*args, **kwargs):
            count[0] += 1
            if count[0] == limit:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)

        return counted

    if int(after) >= 0:
        patched = mock.patch.object(
            sql_db.Cursor, "execute", kill_at(sql_db.Cursor.execute, int(after))
        )
    else:
        patched = mock.patch.object(
            smtplib.SMTP, "getreply", kill_at(smtplib.SMTP.getreply, -int(after))
        )
    with patched:
        work(env)


def kills(env, source, port, *points):
    """For each of ``points``: a fresh copy of ``source``, the sender killed there, the
    next one to its end, what became of each message.

    The server outside is told of each kill by a mail of its own, so that it knows what
    it received for which.
    """
    name, context = env.cr.dbname, dict(env.context)
    env.cr.rollback()
    for after in points:
        sql_db.close_all()
        databases.clone(testkit.current(), source, name)
        with smtplib.SMTP("127.0.0.1", int(port)) as line:
            line.sendmail("kill@example.com", MARK, str(after))
        status = _forked(name, context, die, after)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            sys.exit(f"the sender was to be killed at {after}: {status}")
        # twice: what the first found as being sent needs no second look, but another
        # process may
        for _time in range(2):
            if _forked(name, context, work):
                sys.exit(f"killed at {after}, the next sender did not end")
        _forked(name, context, state, after)
    sys.stdout.flush()
    os._exit(0)  # the connection of ``env`` is closed for good


def state(env, after):
    """What became of each message: {Message-ID: state}."""
    mails = env["dunning.communication"].search([("channel", "=", "email")])
    told = {mail.message_id: mail.state for mail in mails}
    sys.stdout.write(f"KILLED {after} {json.dumps(told)}\n")
