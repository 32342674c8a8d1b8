"""Customers, supplies and overdue bills by the thousand, for tests and benchmarks.

One of each is made by Odoo, the others are copies made by one statement a table: what
is measured is the run, not the making of its world.
"""

from odoo.tools import SQL

# ids left free before the copies
GAP = 1000


def _columns(cr, table):
    cr.execute(
        """
        SELECT column_name FROM information_schema.columns
         WHERE table_schema = current_schema() AND table_name = %s
           AND is_generated = 'NEVER'
        """,
        (table,),
    )
    return [name for (name,) in cr.fetchall()]


def _reserve(cr, table, count):
    """First of ``count`` free ids; the sequence goes on behind them."""
    cr.execute(SQL("SELECT COALESCE(MAX(id), 0) FROM %s", SQL.identifier(table)))
    first = cr.fetchone()[0] + GAP
    cr.execute(
        SQL("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", table, first + count)
    )
    return first


def _clone(cr, table, source, count, first, **changed):
    """Copy row ``source`` ``count`` times; ``changed``: column -> SQL of n (from 0)."""
    changed = {"id": SQL("%s + n", first), **changed}
    names = _columns(cr, table)
    cr.execute(
        SQL(
            """
            INSERT INTO %(table)s (%(names)s)
            SELECT %(values)s
              FROM %(table)s source, generate_series(0, %(last)s) n
             WHERE source.id = %(source)s
            """,
            table=SQL.identifier(table),
            names=SQL(", ").join(map(SQL.identifier, names)),
            values=SQL(", ").join(
                changed.get(name, SQL("source.%s", SQL.identifier(name)))
                for name in names
            ),
            last=count - 1,
            source=source,
        )
    )


def clone_bills(move, supplies, per_supply=1, prefix="Z"):
    """``supplies`` customers with a supply and ``per_supply`` bills each.

    ``move``: a posted bill of a contract. The bills of a supply are due a month after
    one another, the last on the day of ``move``. Returns the first id of the new
    contracts (they are numbered without a gap).
    """
    env = move.env
    env.flush_all()
    cr = env.cr
    contract = move.utility_contract_id
    partner, point = contract.partner_id, contract.supply_point_id
    count = supplies * per_supply
    partners = _reserve(cr, "res_partner", supplies)
    points = _reserve(cr, "utility_supply_point", supplies)
    contracts = _reserve(cr, "utility_contract", supplies)
    moves = _reserve(cr, "account_move", count)
    code = SQL("%s || n", prefix)
    _clone(
        cr,
        "res_partner",
        partner.id,
        supplies,
        partners,
        commercial_partner_id=SQL("%s + n", partners),
        billing_code=code,
        name=SQL("'Cliente ' || %s || n", prefix),
        complete_name=SQL("'Cliente ' || %s || n", prefix),
    )
    _clone(cr, "utility_supply_point", point.id, supplies, points, code=code)
    _clone(
        cr,
        "utility_contract",
        contract.id,
        supplies,
        contracts,
        code=code,
        partner_id=SQL("%s + n", partners),
        supply_point_id=SQL("%s + n", points),
    )
    whose = SQL("(n / %s)", per_supply)
    earlier = SQL("30 * (%s - 1 - n %% %s)", per_supply, per_supply)
    _clone_moves(move, moves, count, partners, contracts, whose, prefix, earlier)
    env.invalidate_all()
    cr.execute("ANALYZE res_partner, utility_contract, account_move, account_move_line")
    return contracts


def _clone_moves(move, moves, count, partners, contracts, whose, prefix, earlier):
    cr = move.env.cr
    name = SQL("%s || 'B' || n", prefix)
    mine = {
        "partner_id": SQL("%s + %s", partners, whose),
        "commercial_partner_id": SQL("%s + %s", partners, whose),
        "utility_contract_id": SQL("%s + %s", contracts, whose),
    }
    dates = {
        name: SQL("source.%s - %s", SQL.identifier(name), earlier)
        for name in ("date_maturity", "invoice_date", "invoice_date_due")
    }
    _clone(
        cr,
        "account_move",
        move.id,
        count,
        moves,
        **mine,
        name=name,
        billing_ref=name,
        payment_reference=name,
        access_token=SQL("NULL"),
        invoice_date=dates["invoice_date"],
        invoice_date_due=dates["invoice_date_due"],
    )
    for line in move.line_ids:
        lines = _reserve(cr, "account_move_line", count)
        _clone(
            cr,
            "account_move_line",
            line.id,
            count,
            lines,
            move_id=SQL("%s + n", moves),
            move_name=name,
            partner_id=mine["partner_id"],
            utility_contract_id=SQL(
                "CASE WHEN source.utility_contract_id IS NULL THEN NULL ELSE %s END",
                mine["utility_contract_id"],
            ),
            dunning_case_id=SQL("NULL"),
            invoice_date=dates["invoice_date"],
            date_maturity=dates["date_maturity"],
        )
