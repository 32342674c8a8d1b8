"""Customers, supplies and overdue bills by the thousand, for tests and benchmarks.

One of each is made by Odoo, the others are copies made by one statement a table: what
is measured is the work on them, not the making of their world.
"""

from typing import NamedTuple

from odoo.tools import SQL

# ids left free before the copies
GAP = 1000


class Supplies(NamedTuple):
    """First ids of what was copied: without a gap, in the order of ``n``."""

    partners: int
    contracts: int


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


def copy_rows(cr, table, source, count, where=None, **changed):
    """Copy row ``source`` of ``table`` ``count`` times; the id of copy 0.

    ``changed``: column -> SQL of ``n`` (from 0), of ``first`` (the id of copy 0) and of
    the columns of ``source``. ``where``: SQL of the copies that are wanted.
    """
    cr.execute(SQL("SELECT COALESCE(MAX(id), 0) FROM %s", SQL.identifier(table)))
    first = cr.fetchone()[0] + GAP
    cr.execute(
        SQL("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", table, first + count)
    )
    changed = {"id": SQL("first + n"), **changed}
    names = _columns(cr, table)
    _trust_keys(cr, True)
    cr.execute(
        SQL(
            """
            INSERT INTO %(table)s (%(names)s)
            SELECT %(values)s
              FROM %(table)s source, generate_series(0, %(last)s) n,
                   (VALUES (%(first)s)) AS base (first)
             WHERE source.id = %(source)s AND %(where)s
            """,
            table=SQL.identifier(table),
            names=SQL(", ").join(map(SQL.identifier, names)),
            values=SQL(", ").join(
                changed.get(name, SQL("source.%s", SQL.identifier(name)))
                for name in names
            ),
            last=count - 1,
            first=first,
            source=source,
            where=where or SQL("TRUE"),
        )
    )
    _trust_keys(cr, False)
    return first


def _trust_keys(cr, is_trusting):
    """Copies refer to what their source refers to: no need to check each of thirty
    foreign keys a row. Only a superuser of PostgreSQL may leave it out."""
    cr.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if cr.fetchone()[0]:
        role = "replica" if is_trusting else "origin"
        cr.execute(SQL("SET LOCAL session_replication_role = %s", role))


def copy_supplies(contract, count, prefix="Z", **changed):
    """``count`` customers with a supply each: Supplies.

    ``changed``: table -> {column: SQL}.
    """
    env = contract.env
    env.flush_all()
    cr = env.cr
    code = SQL("%s || n", prefix)
    partners = copy_rows(
        cr,
        "res_partner",
        contract.partner_id.id,
        count,
        commercial_partner_id=SQL("first + n"),
        billing_code=code,
        name=SQL("'Cliente ' || %s || n", prefix),
        complete_name=SQL("'Cliente ' || %s || n", prefix),
    )
    points = copy_rows(
        cr,
        "utility_supply_point",
        contract.supply_point_id.id,
        count,
        **{"code": code, **changed.get("utility_supply_point", {})},
    )
    contracts = copy_rows(
        cr,
        "utility_contract",
        contract.id,
        count,
        code=code,
        partner_id=SQL("%s + n", partners),
        supply_point_id=SQL("%s + n", points),
        **changed.get("utility_contract", {}),
    )
    return Supplies(partners, contracts)


def copy_bills(move, supplies, count, per_supply=1, prefix="Z", days=None, **term):
    """``count`` bills, n of supply n / per_supply: the id of the first receivable.

    ``move``: a posted bill. ``days``: SQL of n, days that its dates are after those of
    ``move``; by default the bills of a supply are due a month after one another, the
    last on the day of ``move``. ``term``: column -> SQL, of the receivables.
    """
    days = days or SQL("-30 * (%s - 1 - n %% %s)", per_supply, per_supply)
    whose = SQL("n / %s", per_supply)
    mine = {
        "partner_id": SQL("%s + %s", supplies.partners, whose),
        "commercial_partner_id": SQL("%s + %s", supplies.partners, whose),
        "utility_contract_id": SQL("%s + %s", supplies.contracts, whose),
    }
    moves = _clone_moves(move, count, prefix, days, mine)
    terms = _clone_lines(move, moves, count, prefix, days, mine, term)
    move.env.invalidate_all()
    move.env.cr.execute(
        "ANALYZE res_partner, utility_contract, account_move, account_move_line"
    )
    return terms


def clone_bills(move, count, per_supply=1, prefix="Z"):
    """``count`` customers with a supply and ``per_supply`` overdue bills each.

    ``move``: a posted bill of a contract. Returns the first id of the new contracts.
    """
    supplies = copy_supplies(move.utility_contract_id, count, prefix)
    copy_bills(move, supplies, count * per_supply, per_supply, prefix)
    return supplies.contracts


def _later(days, *names):
    return {
        name: SQL("source.%s + (%s)::int", SQL.identifier(name), days) for name in names
    }


def _clone_moves(move, count, prefix, days, mine):
    name = SQL("%s || 'B' || n", prefix)
    return copy_rows(
        move.env.cr,
        "account_move",
        move.id,
        count,
        **mine,
        **_later(days, "date", "invoice_date", "invoice_date_due"),
        name=name,
        billing_ref=name,
        payment_reference=name,
        access_token=SQL("NULL"),
    )


def _clone_lines(move, moves, count, prefix, days, mine, term):
    """The journal items of all copies; the id of the first receivable."""
    terms = None
    for line in move.line_ids:
        is_term = line.display_type == "payment_term"
        first = copy_rows(
            move.env.cr,
            "account_move_line",
            line.id,
            count,
            **_later(days, "date", "invoice_date", "date_maturity"),
            move_id=SQL("%s + n", moves),
            move_name=SQL("%s || 'B' || n", prefix),
            partner_id=mine["partner_id"],
            # on each line, as the loaders of bills write it
            utility_contract_id=mine["utility_contract_id"],
            **{
                "dunning_case_id": SQL("NULL"),
                "full_reconcile_id": SQL("NULL"),
                "matching_number": SQL("NULL"),
                # of what is no receivable nothing stays open, whatever account the
                # tests put the source on
                **(term if is_term else {"amount_residual": SQL("0")}),
            },
        )
        terms = first if is_term else terms
    return terms
