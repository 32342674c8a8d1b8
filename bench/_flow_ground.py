"""Grounds of bench/flows.py: practices to send, or sent, by the thousand."""

import time
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from odoo import Command
from odoo.tools import SQL

from ._run_jobs import told

CHUNK = 500
PREFIX = "Q"


def the_day():
    """The operator's day: an hour or two a night it is another than the machine's, and
    what was checked on a later day is judged again."""
    return datetime.now(ZoneInfo("Europe/Rome")).date()


def _end():
    """Last day of the supplies: their window is open today."""
    months = the_day().year * 12 + the_day().month - 1 - 7
    return date(months // 12, months % 12 + 1, 1) - timedelta(days=1)


def make_world(env):
    """The little world of the tests, which knows how to make one of each."""
    from odoo.addons.cmor_utility.tests.common import CmorCommon

    class World(CmorCommon):
        pass

    World.env, World.company = env, env.company
    World.operator = env.ref("base.user_admin")
    World.operator.group_ids = [
        Command.link(env.ref(f"cmor_utility.group_cmor_{name}").id)
        for name in ("user", "manager")
    ]
    env.company._utility_setup_books()
    World.role = (
        env["cmor.company.role"].search(
            [("company_id", "=", env.company.id), ("user_ids", "=", World.operator.id)],
            limit=1,
        )
        or World._create_role()
    )
    World.practices = env["cmor.practice"].with_user(World.operator)
    env["cmor.flow.layout"].search([]).action_acknowledge()
    return World


def make_specimen(world, end):
    """A supply that was switched out and its notice: what the others are copies of."""
    contract = world._create_switch_out("QSPEC", end=end, notice=False)
    notice = world._create_notice(
        contract,
        sent_date=end + timedelta(days=50),
        notified_date=end + timedelta(days=55),
        pay_term=end + timedelta(days=71),
    )
    return contract, notice


def prepare(env, count):
    """``count`` confirmed practices, each with its customer, point, contract, four
    bills and a notice (copies made by SQL), found, declared and confirmed by the
    product itself."""
    count = int(count)
    begun = time.perf_counter()
    world = make_world(env)
    contract, notice = make_specimen(world, _end())
    if count > 1:
        _copy_supplies(contract, notice, count - 1)
    env.cr.commit()
    found = env["cmor.practice"].sudo().find_candidates(env.company, the_day())
    if len(found) != count:
        raise AssertionError(f"{len(found)} candidates of {count}")
    env.cr.commit()
    # the tables of the practices were empty when statistics were taken last
    env.cr.execute("ANALYZE")
    env.cr.commit()
    ids = found.ids
    for start in range(0, count, CHUNK):
        env.invalidate_all()
        chunk = world.practices.browse(ids[start : start + CHUNK])
        world._declare(chunk)
        chunk.action_confirm()
        env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()
    told(seconds=time.perf_counter() - begun)


def prepare_ready(env, count):
    """As ``prepare``, but only the first practice goes through the product; the others
    are copies of it made by SQL, with their bills, answers and notice."""
    from odoo.addons.creditbox_dunning.tests.many import copy_rows

    count, cr = int(count), env.cr
    prepare(env, 1)
    practice = env["cmor.practice"].search([("state", "=", "ready")])
    first, notice = practice.contract_id, practice.notice_ids
    bills = first.bill_ids.sorted("id")
    moves = _copy_supplies(first, notice, count - 1)
    cr.execute(
        "SELECT min(id), min(supply_point_id), min(partner_id) FROM utility_contract"
        " WHERE code LIKE %s AND id != %s",
        [f"{PREFIX}%", first.id],
    )
    contracts, points, partners = cr.fetchone()
    name = SQL("'Q-' || lpad(n::text, 8, '0')")
    practices = copy_rows(
        cr,
        "cmor_practice",
        practice.id,
        count - 1,
        name=name,
        contract_id=SQL("%s + n", contracts),
        supply_point_id=SQL("%s + n", points),
        partner_id=SQL("%s + n", partners),
    )
    mine = SQL("%s + n", practices)
    for answer in practice.condition_ids:
        copy_rows(cr, "cmor_practice_condition", answer.id, count - 1, practice_id=mine)
    for line in practice.line_ids:
        copied = moves[bills.ids.index(line.move_id.id)]
        copy_rows(
            cr,
            "cmor_practice_line",
            line.id,
            count - 1,
            practice_id=mine,
            move_id=SQL("%s + n", copied),
        )
    cr.execute(
        "INSERT INTO cmor_practice_notice_rel (practice_id, notice_id)"
        " SELECT p.id, n.id FROM cmor_practice p JOIN utility_notice n"
        " ON n.contract_id = p.contract_id WHERE p.id >= %s",
        [practices],
    )
    cr.execute("ANALYZE")
    cr.commit()
    env.invalidate_all()
    for start in range(0, count - 1, CHUNK):
        chunk = env["cmor.practice"].browse(
            range(practices + start, practices + min(start + CHUNK, count - 1))
        )
        chunk._keep_digests(env.company, the_day())
        cr.commit()
        env.invalidate_all()
    told()


def _copy_supplies(contract, notice, count):
    """``count`` more supplies with their bills and a notice; the first id of the copies
    of each bill."""
    from odoo.addons.creditbox_dunning.tests.many import (
        copy_bills,
        copy_rows,
        copy_supplies,
    )

    env = contract.env
    cr = env.cr
    bills = contract.bill_ids.sorted("id")
    pod = SQL("'IT001E' || lpad((first + n)::text, 8, '0')")
    supplies = copy_supplies(
        contract, count, prefix=PREFIX, utility_supply_point={"code": pod}
    )
    notices = copy_rows(
        cr,
        "utility_notice",
        notice.id,
        count,
        ref=SQL("'N-Q' || n"),
        contract_id=SQL("%s + n", supplies.contracts),
    )
    cr.execute(
        "INSERT INTO utility_notice_attachment_rel (notice_id, attachment_id)"
        " SELECT %s + n, %s FROM generate_series(0, %s) n",
        [notices, notice.attachment_ids.id, count - 1],
    )
    moves = []
    for index, bill in enumerate(bills):
        terms = copy_bills(bill, supplies, count, prefix=f"Q{index}x", days=SQL("0"))
        cr.execute("SELECT move_id FROM account_move_line WHERE id = %s", [terms])
        moves += cr.fetchone()
        if bill in notice.move_ids:
            cr.execute(
                "INSERT INTO utility_notice_account_move_rel (notice_id, move_id)"
                " SELECT %s + n, %s + n FROM generate_series(0, %s) n",
                [notices, moves[-1], count - 1],
            )
    # a name that goes with the tax code, as the file asks for it in two parts
    cr.execute(
        "UPDATE res_partner SET name = 'Mario Rossi', complete_name = 'Mario Rossi'"
        " WHERE id BETWEEN %s AND %s",
        [supplies.partners, supplies.partners + count - 1],
    )
    env.invalidate_all()
    cr.execute("ANALYZE")
    return moves


def prepare_sent(env, count):
    """``count`` practices that were sent, with their codes and records, by SQL only:
    enough for an acknowledgement, which looks at no bill."""
    from odoo.addons.creditbox_dunning.tests.many import copy_rows

    count, cr = int(count), env.cr
    practice, code, record = _sent(env)
    env.flush_all()
    name = SQL("'Q-' || lpad(n::text, 8, '0')")
    practices = copy_rows(cr, "cmor_practice", practice.id, count, name=name, code=name)
    mine = SQL("%s + n", practices)
    for table, source in (("cmor_practice_code", code), ("cmor_flow_record", record)):
        copy_rows(cr, table, source.id, count, code=name, practice_id=mine)
    cr.execute("DELETE FROM cmor_flow_record WHERE id = %s", [record.id])
    cr.execute("DELETE FROM cmor_practice_code WHERE id = %s", [code.id])
    cr.execute("DELETE FROM cmor_practice WHERE id = %s", [practice.id])
    cr.commit()
    cr.execute("ANALYZE")
    cr.commit()
    told()


def _sent(env):
    """A bare practice that was sent, its code and its record in a file."""
    world, today = make_world(env), the_day()
    layout = env["cmor.flow.layout"]._find("claim_request", env.company, today)
    common = {"company_id": env.company.id, "role_id": world.role.id}
    practice = _created(
        env["cmor.practice"],
        **common,
        name="QSPEC",
        code="QSPEC",
        sector="electricity",
        side="outgoing",
        state="sent",
        sent_on=env.cr.now(),
        indemnity=100.0,
    )
    file = _created(
        env["cmor.flow.file"],
        **common,
        name="QSPEC.csv",
        layout_id=layout.id,
        type_id=layout.type_id.id,
        layout_state=layout.state,
        state="sent",
    )
    code = _created(
        env["cmor.practice.code"],
        **common,
        code="QSPEC",
        practice_id=practice.id,
        date=today,
    )
    record = _created(
        env["cmor.flow.record"],
        file_id=file.id,
        practice_id=practice.id,
        code="QSPEC",
        amount=100,
        state="sent",
    )
    return practice, code, record


def _created(model, **vals):
    return model.sudo()._guarded().create(vals)
