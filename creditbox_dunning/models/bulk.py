"""Many rows in one statement, where the ORM would write a hundred at a time.

For the program's own tables, on behalf of code that runs as superuser: no access check,
no `create` or `write` is called. Defaults, stored computed fields and the cache are
taken care of, so that another module may add a field without telling.
"""

from odoo.tools import SQL

# types whose Python value is the column's value
PLAIN_TYPES = frozenset({"integer", "float", "monetary", "boolean"})
STAMPS = ("create_uid", "create_date", "write_uid", "write_date")


def insert_rows(model, rows):
    """Insert ``rows`` (dicts with the same keys) and return the records, in order."""
    if not rows:
        return model.browse()
    given = list(rows[0])
    defaults = model.default_get(
        [
            name
            for name, field in model._fields.items()
            if field.store and field.column_type and name not in rows[0]
        ]
    )
    user, now = model.env.uid, model.env.cr.now()
    constant = {
        **{name: _column(model, name, value) for name, value in defaults.items()},
        **dict(zip(STAMPS, (user, now, user, now), strict=True)),
    }
    tail = tuple(constant.values())
    values = [
        (*(_column(model, name, row[name]) for name in given), *tail) for row in rows
    ]
    query = SQL(
        "INSERT INTO %s (%s) VALUES %s RETURNING id",
        SQL.identifier(model._table),
        SQL(", ").join(map(SQL.identifier, (*given, *constant))),
        SQL(", ").join(map(_tuple, values)),
    )
    model.env.flush_all()
    records = model.browse(id_ for (id_,) in model.env.execute_query(query))
    _compute_missing(records, {*given, *constant})
    return records


def update_rows(model, rows):
    """Write ``rows`` ({id: {field: value}}, all with the same fields)."""
    if not rows:
        return
    records = model.browse(rows)
    names = list(next(iter(rows.values())))
    model.env.flush_all()
    records.modified(names, before=True)
    types = [model._fields[name].column_type[1] for name in names]
    values = [
        (id_, *(_column(model, name, row[name]) for name in names))
        for id_, row in rows.items()
    ]
    sets = [
        SQL("%s = told.%s::%s", SQL.identifier(name), SQL.identifier(name), SQL(type_))
        for name, type_ in zip(names, types, strict=True)
    ]
    model.env.cr.execute(
        SQL(
            """
            UPDATE %(table)s
               SET %(sets)s, write_uid = %(user)s, write_date = %(now)s
              FROM (VALUES %(values)s) AS told(id, %(names)s)
             WHERE %(table)s.id = told.id
            """,
            table=SQL.identifier(model._table),
            sets=SQL(", ").join(sets),
            user=model.env.uid,
            now=model.env.cr.now(),
            values=SQL(", ").join(map(_tuple, values)),
            names=SQL(", ").join(map(SQL.identifier, names)),
        )
    )
    records.invalidate_recordset(names, flush=False)
    _forget_lists(model, names)
    records.modified(names)


def _tuple(values):
    return SQL("%s", tuple(values))


def _column(model, name, value):
    field = model._fields[name]
    if field.type in PLAIN_TYPES:
        return value
    return field.convert_to_column_insert(value, model)


def _forget_lists(model, names):
    """Lists of records that were read before do not have what was just written."""
    for name in names:
        for inverse in model.pool.field_inverses[model._fields[name]]:
            model.env[inverse.model_name].invalidate_model([inverse.name], flush=False)


def _compute_missing(records, given):
    """Stored computed fields that the statement did not give, then who depends."""
    model = records.browse()
    _forget_lists(model, given)
    for name, field in model._fields.items():
        if field.store and field.compute and field.column_type and name not in given:
            model.env.add_to_compute(field, records)
    records.modified(list(model._fields), create=True)
