"""Jobs of test_valuation_kill that run, and die, inside a real Odoo process."""

import hashlib
import json
import sys
from datetime import timedelta
from unittest import mock

from odoo import fields, sql_db

from odoo.addons.creditbox_dunning.models import dunning_valuation_run

from . import dunning_kill_jobs

CHUNK = 7
# fields that say when or by whom, not what
NOT_TOLD = frozenset({"id", "create_uid", "create_date", "write_uid", "write_date"})


def prepare(env):
    """Thirty customers with overdue bills, valued three weeks ago: some get worse."""
    dunning_kill_jobs.prepare(env)
    _night(env, fields.Date.today() - timedelta(days=21))


def _night(env, day):
    """The nightly valuation of a day, as the scheduled action does it: taken up again
    when it was left half done."""
    with mock.patch.object(dunning_valuation_run, "CHUNK", CHUNK):
        runs = env["dunning.valuation.run"].sudo()
        runs._take_up(env.company, day)._work()
    env.cr.commit()


def _tonight(env):
    _night(env, fields.Date.today())


def work(env):
    """The night to its end; tells its statements and the state, as it was committed."""
    before, commits = env.cr.sql_log_count, []
    original = sql_db.Cursor.commit

    def told(cursor):
        original(cursor)
        commits.append(env.cr.sql_log_count - before)

    with mock.patch.object(sql_db.Cursor, "commit", told):
        _tonight(env)
    sys.stdout.write(f"STATEMENTS {env.cr.sql_log_count - before}\n")
    sys.stdout.write(f"COMMITS {' '.join(map(str, commits))}\n")
    env.invalidate_all()
    state(env)


def die(env, after):
    """The night, killed before its statement number ``after``."""
    dunning_kill_jobs.killed_before(after, _tonight, env)


def kills(env, source, *statements):
    """Kills of the night: see :func:`tests.dunning_kill_jobs.kill_each`."""
    dunning_kill_jobs.kill_each(env, source, statements, die, work)


def state(env):
    """A digest of all that the nights made, and how many records they are."""
    told, totals = [], []
    for name, order in (
        ("dunning.valuation", "partner_id, contract_id, id"),
        ("dunning.valuation.history", "id"),
        ("dunning.valuation.run", "date, id"),
        ("dunning.dso", "date, service, customer_type, id"),
    ):
        records = env[name].sudo().search([], order=order)
        totals.append(len(records))
        stored = [
            field.name
            for field in records._fields.values()
            if field.store and field.column_type and field.name not in NOT_TOLD
        ]
        rows = [_plain(record, stored) for record in records]
        # which line of the history was written first is of no interest
        told.append(sorted(rows) if name.endswith("history") else rows)
    alerts = (
        env["mail.activity"].sudo().search([("res_model", "=", "dunning.valuation")])
    )
    totals.append(len(alerts))
    told.append(
        sorted(
            (env["dunning.valuation"].browse(one.res_id).partner_id.name, one.summary)
            for one in alerts
        )
    )
    text = json.dumps([told, totals], sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()
    sys.stdout.write(f"STATE {digest} {totals}\n")


def _plain(record, names):
    """The values as text, without those that differ from one run to the next."""
    values = []
    for name in names:
        field = record._fields[name]
        if field.type == "datetime":
            values.append(f"{name}: {bool(record[name])}")
        elif name == "valuation_id":
            values.append(f"{name}: {record.valuation_id.display_name}")
        else:
            values.append(f"{name}: {field.convert_to_read(record[name], record)}")
    return values
