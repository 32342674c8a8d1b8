"""Jobs of bench/flows.py that run inside Odoo; each tells its figures at the end."""

import csv
import gc
import io
import math
import time
from contextlib import contextmanager
from datetime import date, timedelta
from unittest.mock import patch

from lxml import etree

from odoo import Command
from odoo.tools import SQL

from ._flow_writes import Writes
from ._run_jobs import Clock, Memory, told

CHUNK = 500
PREFIX = "Q"


# --- ground -------------------------------------------------------------------


def _today():
    return date.today()  # noqa: DTZ011 the machine's day, as Odoo's own


def _end():
    """Last day of the supplies: their window is open today."""
    months = _today().year * 12 + _today().month - 1 - 7
    return date(months // 12, months % 12 + 1, 1) - timedelta(days=1)


def _world(env):
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


def prepare(env, count):
    """``count`` confirmed practices, each with its customer, point, contract, four
    bills and a notice (copies made by SQL), found, declared and confirmed by the
    product itself."""
    count = int(count)
    begun = time.perf_counter()
    world, end = _world(env), _end()
    contract = world._create_switch_out("QSPEC", end=end, notice=False)
    notice = world._create_notice(
        contract,
        sent_date=end + timedelta(days=50),
        notified_date=end + timedelta(days=55),
        pay_term=end + timedelta(days=71),
    )
    if count > 1:
        _copy_supplies(contract, notice, count - 1)
    env.cr.commit()
    found = env["cmor.practice"].sudo().find_candidates(env.company, _today())
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
        chunk._keep_digests(env.company, _today())
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
    world, today = _world(env), _today()
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


# --- ours ---------------------------------------------------------------------


def _sums(**methods):
    """Patches that add up the seconds inside methods: {label: (class, name)}."""
    spent = dict.fromkeys(methods, 0.0)
    patches = []
    for label, (owner, name) in methods.items():
        original = getattr(owner, name)

        def timed(*args, _original=original, _label=label, **kwargs):
            begun = time.perf_counter()
            try:
                return _original(*args, **kwargs)
            finally:
                spent[_label] += time.perf_counter() - begun

        patches.append(patch.object(owner, name, timed))
    return spent, patches


@contextmanager
def _measured(env, methods):
    """Seconds (commit included), statements, memory and what was written."""
    spent, patches = _sums(**methods)
    figures = {"parts": spent}
    env.invalidate_all()
    gc.collect()
    writes = Writes(env)
    statements = env.cr.sql_log_count
    for one in patches:
        one.start()
    try:
        with Memory() as memory, Clock(env) as clock:
            yield figures
            env.cr.commit()
    finally:
        for one in patches:
            one.stop()
    figures["seconds"], figures["cpu"] = clock.wall, clock.python + clock.database
    figures["statements"] = env.cr.sql_log_count - statements
    figures["memory"] = memory.peak
    figures["grown"] = memory.peak - memory.start
    env.invalidate_all()
    figures["writes"] = writes


def export(env, form, again=""):
    """All confirmed practices into one file, marked sent; then the bare loop.

    ``again``: they were confirmed on another day, everything is judged again.
    """
    world = _world(env)
    env.cr.execute("UPDATE cmor_flow_layout SET file_format = %s", [form])
    if again:
        env.cr.execute("UPDATE cmor_practice SET facts_digest = NULL")
    env.cr.commit()
    env.invalidate_all()
    practices = world.practices.search([("state", "=", "ready")])
    ids, count = practices.ids, len(practices)
    registry = env.registry
    with _measured(
        env,
        {
            "evaluate": (registry["cmor.practice"], "_evaluate"),
            "make": (registry["cmor.flow.file"], "_make"),
            "terms": (registry["cmor.practice"], "_refresh_terms"),
        },
    ) as figures:
        file = practices._export(_today())
    if file.count_written != count:
        raise AssertionError(f"{file.count_written} written of {count}")
    bare = Bare(env)
    _bare_facts(bare, ids)
    _bare_out(bare, file, form)
    figures.pop("writes").again(bare)
    env.cr.rollback()
    begun = time.perf_counter()
    file.sudo()._mark_sent()
    env.cr.commit()
    sent = time.perf_counter() - begun
    _tell(count, figures, bare, sent=sent, size=file.size)


def receive(env, form):
    """An acknowledgement of each sent practice, one in ten a refusal."""
    world = _world(env)
    env.cr.execute(
        "SELECT id, code FROM cmor_practice WHERE state = 'sent' ORDER BY code"
    )
    practices = env.cr.fetchall()
    count = len(practices)
    layout = env["cmor.flow.layout"]._find("claim_ack", env.company, _today())
    spec = layout._spec()
    data = _acknowledgements(env, spec, practices, form)
    files = env["cmor.flow.file"].with_user(world.operator)
    registry = env.registry
    env.cr.commit()
    with _measured(
        env,
        {
            "check and split": (registry["cmor.flow.file"], "_read_received"),
            "match": (registry["cmor.flow.record"], "_match"),
            "handler": (registry["cmor.flow.handler"], "_apply"),
            "results": (registry["cmor.flow.record"], "_write_results"),
            "terms": (registry["cmor.practice"], "_refresh_terms"),
        },
    ) as figures:
        file = files._receive(f"ack.{form}", data, env.company)
    states = env["cmor.flow.record"]._read_group(
        [("file_id", "=", file.id)], ["state"], ["__count"]
    )
    if states != [("applied", count)]:
        waiting = env["cmor.flow.record"].search(
            [("file_id", "=", file.id), ("state", "=", "waiting")], limit=3
        )
        raise AssertionError(f"{states} of {count}: {waiting.mapped('problem_text')}")
    bare = Bare(env)
    _bare_in(bare, data, form)
    figures.pop("writes").again(bare)
    env.cr.rollback()
    _tell(count, figures, bare, size=len(data))


def _tell(count, figures, bare, **more):
    chunks = math.ceil(count / CHUNK)
    figures["per_chunk"] = figures["statements"] / chunks
    plain = {"seconds": bare.seconds, "cpu": bare.cpu, "rows": bare.rows}
    told(count=count, bare=plain, **figures, **more)


def _acknowledgements(env, spec, practices, form):
    from odoo.addons.cmor_utility.formats import flow_csv, flow_xml
    from odoo.addons.cmor_utility.tests.common import ROLE_VAT
    from odoo.addons.cmor_utility.tests.receive_common import GESTORE

    common = {field.name: "" for field in spec.fields}
    common |= {"PIVA_UTENTE": ROLE_VAT, "PIVA_GESTORE": GESTORE}
    common |= {f.name: f.fixed for f in spec.fields if f.fixed}
    records = []
    for index, (practice_id, code) in enumerate(practices):
        row = {**common, "CP_UTENTE": code, "COD_POD": "IT001E00000001"}
        if index % 10 == 9:
            row |= {
                "VERIFICA_AMM": "0",
                "COD_CAUSALE": "004",
                "MOTIVAZIONE": "Campi obbligatori mancanti",
            }
        else:
            row |= {"VERIFICA_AMM": "1", "CP_GESTORE": f"SII{practice_id:012d}"}
        records.append((row, {}))
    return (flow_xml if form == "xml" else flow_csv).render(spec, records)


# --- the bare side ------------------------------------------------------------


class Bare:
    """The bare side: wall and CPU seconds of its parts, rows that were written."""

    def __init__(self, env):
        self.env, self.cr = env, env.cr
        self.seconds = dict.fromkeys(("loop", "read", "write"), 0.0)
        self.cpu, self.rows = 0.0, {}

    @contextmanager
    def part(self, name):
        with Clock(self.env) as clock:
            yield
        self.seconds[name] += clock.wall
        self.cpu += clock.python + clock.database


def _bare_facts(bare, ids):
    """Read the rows that an export is about, as plain tuples."""
    queries = (
        "SELECT * FROM cmor_practice WHERE id = ANY(%s)",
        "SELECT * FROM cmor_practice_line WHERE practice_id = ANY(%s)",
        "SELECT * FROM cmor_practice_condition WHERE practice_id = ANY(%s)",
        (
            "SELECT c.*, p.*, s.* FROM cmor_practice q"
            " JOIN utility_contract c ON c.id = q.contract_id"
            " JOIN res_partner p ON p.id = q.partner_id"
            " JOIN utility_supply_point s ON s.id = q.supply_point_id"
            " WHERE q.id = ANY(%s)"
        ),
        (
            "SELECT n.* FROM cmor_practice q"
            " JOIN utility_notice n ON n.contract_id = q.contract_id"
            " WHERE q.id = ANY(%s)"
        ),
        (
            "SELECT l.move_id, l.balance, l.amount_residual FROM cmor_practice q"
            " JOIN account_move_line l ON l.utility_contract_id = q.contract_id"
            " WHERE q.id = ANY(%s)"
        ),
    )
    with bare.part("read"):
        for query in queries:
            bare.cr.execute(query, [ids])
            while bare.cr.fetchmany(5000):
                pass


def _bare_out(bare, file, form):
    """A loop of csv or lxml over the texts of the file's records."""
    bare.cr.execute(
        "SELECT raw_values FROM cmor_flow_record WHERE file_id = %s ORDER BY id",
        [file.id],
    )
    rows = [texts for (texts,) in bare.cr.fetchall()]
    with bare.part("loop"):
        _loop_out(rows, form)


def _loop_out(rows, form):
    names = list(rows[0])
    out = io.BytesIO()
    if form == "csv":
        text = io.TextIOWrapper(out, "utf-8", newline="")
        writer = csv.writer(text, delimiter=";")
        for row in rows:
            writer.writerow([row.get(name, "") for name in names])
        text.flush()
    else:
        with etree.xmlfile(out, encoding="utf-8") as target, target.element("Dati"):
            for row in rows:
                record = etree.Element("Flusso")
                for name, value in row.items():
                    if value:
                        etree.SubElement(record, name).text = value
                target.write(record)


def _bare_in(bare, data, form):
    """Read the rows by csv or lxml, and their practices by code."""
    with bare.part("loop"):
        rows = _loop_in(data, form)
    codes = [row["CP_UTENTE"] for row in rows]
    queries = (
        "SELECT * FROM cmor_practice WHERE code = ANY(%s)",
        "SELECT * FROM cmor_practice_code WHERE code = ANY(%s)",
        "SELECT * FROM cmor_flow_record WHERE code = ANY(%s) AND direction = 'out'",
    )
    with bare.part("read"):
        for query in queries:
            bare.cr.execute(query, [codes])
            while bare.cr.fetchmany(5000):
                pass


def _loop_in(data, form):
    if form == "csv":
        text = io.TextIOWrapper(io.BytesIO(data), "utf-8", newline="")
        return list(csv.DictReader(text, delimiter=";"))
    rows = []
    for _event, element in etree.iterparse(io.BytesIO(data), tag="{*}Flusso"):
        rows.append({etree.QName(e).localname: e.text for e in element})
        element.clear()
    return rows
