"""Jobs of bench/flows.py for what the SII tells the incoming side."""

from datetime import timedelta

from odoo.tools import SQL

from ._flow_bare import Bare
from ._flow_ground import CHUNK, PREFIX, make_world, the_day
from ._flow_jobs import _loop_in, _measured, _tell

# each is told of every practice, half of which has its charge to the customer waiting
KINDS = {
    "updates": "claim_update",
    "suspensions": "suspend_notice",
    "annulments": "cancel_notice",
    "answers": "suspend_outcome",
}
PARTS = {
    "check and split": ("cmor.flow.file", "_read_received"),
    "match": ("cmor.flow.record", "_match"),
    "handler": ("cmor.flow.handler", "_apply"),
    "settle": ("cmor.practice", "_settle"),
    "terms": ("cmor.practice", "_refresh_terms"),
}


def prepare_incoming(env, count):
    """``count`` incoming practices out of a file of notices, each with its contract;
    the network has charged every second one, whose customer is charged in turn."""
    count = int(count)
    world, first = _make_supply(env)
    if count > 1:
        _copy_supplies(first, count - 1)
    env.cr.commit()
    world.role.write({"side_incoming": True})
    data = _notices(env, count)
    files = env["cmor.flow.file"].with_user(world.operator)
    env.cr.commit()
    with _measured(env, _parts(env)) as figures:
        file = files._receive("notices.csv", data, env.company)
    _check_applied(file, count)
    bare = Bare(env)
    _bare_told(bare, data, "sii_code")
    figures.pop("writes").again(bare)
    env.cr.rollback()
    env.cr.execute("ANALYZE")
    env.cr.commit()
    practices = world.practices.search([("side", "=", "incoming")], order="id")
    _charge(env, practices[::2])
    _tell(count, figures, bare, size=len(data))


def receive_told(env, label):
    """One record about each incoming practice, all of them applied."""
    world, key = make_world(env), KINDS[label]
    practices = world.practices.search([("side", "=", "incoming")], order="id")
    if label == "answers":
        _ask_suspensions(env, practices[1::2])
    env.cr.commit()
    rows = [_row(label, practice) for practice in practices.sudo()]
    rows = [row for row in rows if row]
    data = _bytes(env, key, rows)
    files = env["cmor.flow.file"].with_user(world.operator)
    env.cr.commit()
    with _measured(env, _parts(env)) as figures:
        file = files._receive(f"{label}.csv", data, env.company)
    _check_applied(file, len(rows))
    bare = Bare(env)
    _bare_told(bare, data, "code" if label == "answers" else "sii_code")
    figures.pop("writes").again(bare)
    env.cr.rollback()
    _tell(len(rows), figures, bare, size=len(data))


def _parts(env):
    return {label: (env.registry[m], name) for label, (m, name) in PARTS.items()}


def _make_supply(env):
    """A customer whose supply runs."""
    world = make_world(env)
    customer = world._create_customer("QINC", email=False)
    point = world._create_point("IT001E99999999")
    start = the_day() - timedelta(days=400)
    return world, world._create_contract("QINC", customer, point, date_start=start)


def _copy_supplies(contract, count):
    from odoo.addons.creditbox_dunning.tests.many import copy_supplies

    pod = SQL("'IT001E' || lpad((first + n)::text, 8, '0')")
    copy_supplies(contract, count, prefix=PREFIX, utility_supply_point={"code": pod})
    cr = contract.env.cr
    # every customer has a tax code of his own
    cr.execute(
        "UPDATE res_partner SET l10n_it_codice_fiscale = 'F' || lpad(id::text, 15, '0')"
        " WHERE billing_code LIKE %s",
        [f"{PREFIX}%"],
    )
    cr.execute("ANALYZE")
    contract.env.invalidate_all()


def _notices(env, count):
    env.cr.execute(
        "SELECT p.code, r.l10n_it_codice_fiscale FROM utility_contract c"
        " JOIN utility_supply_point p ON p.id = c.supply_point_id"
        " JOIN res_partner r ON r.id = c.partner_id WHERE r.billing_code LIKE %s"
        " ORDER BY c.id",
        [f"{PREFIX}%"],
    )
    supplies = env.cr.fetchall()
    if len(supplies) != count:
        raise AssertionError(f"{len(supplies)} supplies of {count}")
    day = the_day() - timedelta(days=5)
    rows = [
        {
            "sii_code": f"SII{number:012d}",
            "sector_code": "E",
            "pod": pod,
            "fiscal_code": person,
            "first_name": "Mario",
            "last_name": "Rossi",
            "distributor_vat": "05779711000",
            "cmor_amount": "123.45",
            "has_prev": "0",
            "accepted_on": day.strftime("%d/%m/%Y"),
        }
        for number, (pod, person) in enumerate(supplies)
    ]
    return _bytes(env, "claim_notice_in", rows)


def _row(label, practice):
    day = the_day().strftime("%d/%m/%Y")
    common = {
        "sii_code": practice.sii_code,
        "sector_code": "E",
        "pod": practice.point_code,
        "fiscal_code": practice.told_fiscal_code,
    }
    if label == "updates":
        return {
            **common,
            "amount_before": "123.45",
            "cmor_amount": "100.00",
            "updated_on": day,
        }
    if label == "suspensions":
        return {**common, "suspended": "1", "notice_date": day}
    if label == "annulments":
        return {
            **common,
            "cancelled_on": day,
            "cause_code": "N3",
            "cause_text": f"Motivo {practice.id % 7}",
            "indemnity_paid": "0",
        }
    request = practice.request_ids
    return request and {**common, "code": request.code, "outcome": "1"}


def _charge(env, practices):
    """The network charges these practices, their customers are charged in turn."""
    charges = env["cmor.network.charge"].sudo()._guarded()
    for start in range(0, len(practices), CHUNK):
        chunk = practices[start : start + CHUNK]
        charges.create(
            [
                {
                    "company_id": env.company.id,
                    "ref": f"D-{practice.id}",
                    "date": the_day(),
                    "sii_code": practice.sii_code,
                    "amount": practice.indemnity,
                    "source": "flow",
                }
                for practice in chunk.sudo()
            ]
        )
        chunk.action_charge_customer()
        env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()


def _ask_suspensions(env, practices):
    """A request of suspension of each practice, as if its file had been sent."""
    for start in range(0, len(practices), CHUNK):
        chunk = practices[start : start + CHUNK]
        requests = chunk._ask_suspension("failed", "Fascicolo 12").sudo()
        requests._set_state("exported")
        requests._set_state("sent")
        env.flush_all()
        env.cr.execute(
            "UPDATE cmor_practice_request SET code = 'R' || id WHERE id = ANY(%s)",
            [requests.ids],
        )
        env.cr.commit()
        env.invalidate_all()


def _bytes(env, key, rows):
    """A CSV file of ``key``; ``rows`` are {source: text}."""
    from odoo.addons.cmor_utility.tests.common import ROLE_VAT
    from odoo.addons.cmor_utility.tests.receive_common import GESTORE

    spec = env["cmor.flow.layout"]._find(key, env.company, the_day())._spec()
    common = {"role_vat": ROLE_VAT, "gestore_vat": GESTORE}
    lines = [";".join(field.name for field in spec.fields)]
    for row in rows:
        full = {**common, **row}
        lines.append(
            ";".join(
                field.fixed or str(full.get(field.source) or "")
                for field in spec.fields
            )
        )
    return ("\r\n".join(lines) + "\r\n").encode()


def _check_applied(file, count):
    records = file.env["cmor.flow.record"]
    states = records._read_group([("file_id", "=", file.id)], ["state"], ["__count"])
    if states != [("applied", count)]:
        waiting = records.search(
            [("file_id", "=", file.id), ("state", "=", "waiting")], limit=3
        )
        raise AssertionError(f"{states} of {count}: {waiting.mapped('problem_text')}")


def _bare_told(bare, data, column):
    """Read the rows by csv, their practices by code, and what belongs to these."""
    with bare.part("loop"):
        rows = _loop_in(data, "csv")
    name = {"sii_code": "CP_GESTORE", "code": "CP_UTENTE"}[column]
    codes = [row[name] for row in rows]
    found = SQL("SELECT id FROM cmor_practice WHERE sii_code = ANY(%s)", codes)
    if column == "code":
        found = SQL(
            "SELECT practice_id FROM cmor_practice_request WHERE code = ANY(%s)", codes
        )
    tables = (
        ("cmor_practice", "id"),
        ("cmor_practice_event", "practice_id"),
        ("cmor_practice_request", "practice_id"),
        ("cmor_deadline", "practice_id"),
        ("cmor_network_charge", "practice_id"),
        ("utility_charge", "cmor_practice_id"),
    )
    with bare.part("read"):
        for table, key in tables:
            bare.cr.execute(
                SQL(
                    "SELECT * FROM %s WHERE %s IN (%s)",
                    SQL.identifier(table),
                    SQL.identifier(key),
                    found,
                )
            )
            while bare.cr.fetchmany(5000):
                pass
