"""Jobs of bench/flows.py that run inside Odoo; each tells its figures at the end."""

import csv
import gc
import io
import math
import time
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

from lxml import etree

from ._flow_bare import Bare, Writes
from ._flow_ground import CHUNK, make_world, the_day
from ._run_jobs import Clock, Memory, told

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
    figures["python"] = clock.python
    figures["statements"] = env.cr.sql_log_count - statements
    figures["memory"] = memory.peak
    figures["grown"] = memory.peak - memory.start
    env.invalidate_all()
    figures["writes"] = writes


# what is done to the confirmed practices before they are exported
BEFORE = {
    "": "",
    "next day": "UPDATE cmor_practice SET evaluated_on = evaluated_on - 1",
    "judged again": "UPDATE cmor_practice SET facts_digest = NULL",
}


def export(env, form, before=""):
    """All confirmed practices into one file, marked sent; then the bare loop.

    ``before``: they were confirmed the day before, or their facts have changed
    meanwhile, so that everything is judged again (keys of ``BEFORE``).
    """
    world = make_world(env)
    env.cr.execute("UPDATE cmor_flow_layout SET file_format = %s", [form])
    if before:
        env.cr.execute(BEFORE[before])
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
        file = practices._export(the_day())
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
    world = make_world(env)
    env.cr.execute(
        "SELECT id, code FROM cmor_practice WHERE state = 'sent' ORDER BY code"
    )
    practices = env.cr.fetchall()
    count = len(practices)
    layout = env["cmor.flow.layout"]._find("claim_ack", env.company, the_day())
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
    from odoo.addons.cmor_utility.tests.common import ROLE_VAT
    from odoo.addons.cmor_utility.tests.receive_common import GESTORE
    from odoo.addons.utility_supply.formats.record_render import render

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
    return render(replace(spec, file_format=form), records)


# --- the bare side ------------------------------------------------------------


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
