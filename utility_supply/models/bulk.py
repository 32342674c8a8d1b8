"""Many rows in one statement, where the ORM would write a hundred at a time.

For the program's own tables, on behalf of code that runs as superuser: no access check,
no `create` or `write` is called. Defaults, stored computed fields and the cache are
taken care of, so that another module may add a field without telling.
"""

import json

from odoo.tools import SQL
from odoo.tools.json import json_default

# types whose Python value is the column's value
PLAIN_TYPES = frozenset({"integer", "float", "monetary", "boolean"})
# made once: `json.dumps` makes one for each document
JSON = json.JSONEncoder(ensure_ascii=False, default=json_default)
STAMPS = ("create_uid", "create_date", "write_uid", "write_date")


def insert_rows(model, rows, flush=True):
    """Insert ``rows`` (dicts with the same keys) and return the records, in order.

    ``flush``: first write what waits in the cache; not needed where no unique key
    depends on it.
    """
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
        **{name: _columns(model, name, [value])[0] for name, value in defaults.items()},
        **dict(zip(STAMPS, (user, now, user, now), strict=True)),
    }
    # a column at a time: to write a thousand tuples as text costs more than the rows
    query = SQL(
        """
        INSERT INTO %(table)s (%(names)s, %(others)s)
        SELECT %(told)s, %(constant)s
          FROM unnest(%(columns)s) WITH ORDINALITY AS told(%(names)s, place)
      ORDER BY told.place
     RETURNING id
        """,
        table=SQL.identifier(model._table),
        names=_listed(map(SQL.identifier, given)),
        others=_listed(map(SQL.identifier, constant)),
        told=_listed(_told(model, name) for name in given),
        constant=_listed(
            SQL("%s::%s", value, SQL(model._fields[name].column_type[1]))
            for name, value in constant.items()
        ),
        columns=_arrays(model, given, rows),
    )
    if flush:
        model.env.flush_all()
    records = model.browse(id_ for (id_,) in model.env.execute_query(query))
    _remember(records, given, rows)
    _compute_missing(records, {*given, *constant})
    return records


def update_rows(model, rows):
    """Write ``rows`` ({id: {field: value}}, all with the same fields)."""
    if not rows:
        return
    names = list(next(iter(rows.values())))
    query = SQL(
        """
        UPDATE %(table)s
           SET %(sets)s, write_uid = %(user)s, write_date = %(now)s
          FROM unnest(%(ids)s::int[], %(columns)s) AS told(id, %(names)s)
         WHERE %(table)s.id = told.id
        """,
        table=SQL.identifier(model._table),
        sets=_listed(
            SQL("%s = %s", SQL.identifier(name), _told(model, name)) for name in names
        ),
        user=model.env.uid,
        now=model.env.cr.now(),
        ids=list(rows),
        columns=_arrays(model, names, list(rows.values())),
        names=_listed(map(SQL.identifier, names)),
    )
    _update(model.browse(rows), names, query)


def update_changed(model, rows):
    """Write those of ``rows`` that differ from what their records say.

    ``rows``: {record: {field: value}}; values as for ``write``, no x2many. They wait in
    the cache, as those of ``write`` do: what several steps write on a record goes to
    the database in one statement. Returns the records that differed.
    """
    changed, told, caches = {}, {}, {}
    for record, vals in rows.items():
        # the cache of each field, looked up once and not for each of thousands
        mine = caches.setdefault(record.env, {})
        for name, value in vals.items():
            kept = mine.get(name)
            if kept is None:
                kept = mine[name] = record._fields[name]._get_cache(record.env)
            if record.id in kept and kept[record.id] == value:
                continue
            if differs(record, name, value):
                changed.setdefault(name, []).append((record, value))
                told[record.id] = True
    records, known = model.browse(told), model._fields
    relations = [n for n in changed if model.pool.is_modifying_relations(known[n])]
    records.modified(relations, before=True)
    for name, pairs in changed.items():
        for some, value in _with_same(known[name], pairs):
            known[name].write(some, value)
    records.modified(list(changed))
    return records


def _with_same(field, pairs):
    """Records that get the same value together: [(records, value)]. Documents have no
    hash, amounts are rounded by the currency of each record."""
    if field.type in ("json", "monetary"):
        return pairs
    groups = {}
    for record, value in pairs:
        groups.setdefault((record.env, value), []).append(record.id)
    model = pairs[0][0].browse()
    return [(model.with_env(e).browse(ids), v) for (e, v), ids in groups.items()]


def differs(record, name, value):
    """Whether ``value`` is another than that of the record's field ``name``."""
    field = record._fields[name]
    old = _kept(record, field)
    if old == value:
        return False
    if field.type == "monetary":
        currency = record[field.get_currency_field(record)]
        return currency.compare_amounts(old or 0.0, value or 0.0) != 0
    # what is empty comes back as False, whatever was written
    return (old or False) != (value or False)


def kept(record, name):
    """The value of a field as it is kept, without the copy that is made of a document
    for each who reads it: only to be looked at. None when it is empty."""
    return _kept(record, record._fields[name])


def _kept(record, field):
    """The value as it is kept in the cache: of thousands no record, no copy of a
    document is made. A many2one is an id, what is empty is None."""
    kept = field._get_cache(record.env)
    if record.id not in kept:
        field.__get__(record)  # read it, with those of the records around
    return kept.get(record.id)


def update_links(records, name, wanted):
    """Make the many2many ``name`` of each record what ``wanted`` ({record: ids}) says.

    Nothing is written of records that have these links already. Of fields that nothing
    is computed from, on both sides.
    """
    field = records._fields[name]
    changed = {
        record: ids
        for record, ids in wanted.items()
        if set(record[name].ids) != set(ids)
    }
    if not changed:
        return
    names = {
        "table": SQL.identifier(field.relation),
        "mine": SQL.identifier(field.column1),
        "other": SQL.identifier(field.column2),
    }
    pairs = [(record.id, id_) for record, ids in changed.items() for id_ in ids]
    told = {"mines": [a for a, _b in pairs], "others": [b for _a, b in pairs]}
    records.env.cr.execute(
        SQL(
            """
            DELETE FROM %(table)s
             WHERE %(mine)s = ANY(%(ids)s) AND (%(mine)s, %(other)s) NOT IN (
                SELECT * FROM unnest(%(mines)s::int[], %(others)s::int[]))
            """,
            ids=[record.id for record in changed],
            **names,
            **told,
        )
    )
    records.env.cr.execute(
        SQL(
            """
            INSERT INTO %(table)s (%(mine)s, %(other)s)
            SELECT * FROM unnest(%(mines)s::int[], %(others)s::int[])
       ON CONFLICT DO NOTHING
            """,
            **names,
            **told,
        )
    )
    # and the lists of the other side with it
    records.browse(r.id for r in changed).invalidate_recordset([name], flush=False)


def update_same(records, values, **added):
    """Write the same ``values`` on all of ``records``, in one statement.

    ``added``: entries to put at the end of a list that a JSON field holds.
    """
    if not records:
        return
    sets = [
        SQL("%s = %s", SQL.identifier(name), _columns(records, name, [value])[0])
        for name, value in values.items()
    ]
    sets += [
        SQL(
            "%(name)s = COALESCE(NULLIF(%(name)s, 'null'), '[]') || %(more)s::jsonb",
            name=SQL.identifier(name),
            more=_document(entries),
        )
        for name, entries in added.items()
        if entries
    ]
    query = SQL(
        "UPDATE %s SET %s, write_uid = %s, write_date = %s WHERE id = ANY(%s)",
        SQL.identifier(records._table),
        _listed(sets),
        records.env.uid,
        records.env.cr.now(),
        list(records.ids),
    )
    _update(records, [*values, *added], query)


def _update(records, names, query):
    """Run ``query``, which writes the fields ``names`` of ``records``."""
    records.env.flush_all()
    records.modified(names, before=True)
    records.env.cr.execute(query)
    records.invalidate_recordset(names, flush=False)
    _forget_lists(records, names)
    records.modified(names)


def _listed(parts):
    return SQL(", ").join(parts)


def _told(model, name):
    """The value of the alias ``told`` as the column's type."""
    return SQL(
        "told.%s::%s",
        SQL.identifier(name),
        SQL(model._fields[name].column_type[1]),
    )


def _arrays(model, names, rows):
    """The values of each field as an array of its column's type."""
    return _listed(
        SQL(
            "%s::%s[]",
            _columns(model, name, [row[name] for row in rows]),
            SQL(_array_type(model._fields[name])),
        )
        for name in names
    )


def _array_type(field):
    # a document is told as text: an array of arrays would be another thing
    return "text" if field.type == "json" else field.column_type[0]


def _columns(model, name, values):
    """``values`` of a field as its column takes them."""
    field = model._fields[name]
    if field.type in PLAIN_TYPES:
        return values
    if field.type == "many2one":
        return [value or None for value in values]
    if field.type == "json":
        return [_document(value) if value else None for value in values]
    # days, choices and words repeat: each is looked at once
    told = {
        value: field.convert_to_column_insert(value, model) for value in set(values)
    }
    return [told[value] for value in values]


def _document(value):
    return JSON.encode(value)


def _remember(records, names, rows):
    """Keep what was inserted in the cache: it is read again at once."""
    for name in names:
        field = records._fields[name]
        if field.type == "json" or field.translate or field.company_dependent:
            continue
        field._insert_cache(
            records,
            [
                field.convert_to_cache(row[name], records, validate=False)
                for row in rows
            ],
        )


def _forget_lists(model, names):
    """Lists of records that were read before do not have what was just written."""
    for name in names:
        for inverse in model.pool.field_inverses[model._fields[name]]:
            model.env[inverse.model_name].invalidate_model([inverse.name], flush=False)


def _compute_missing(records, given):
    """Stored computed fields that the statement did not give, then who depends."""
    model = records.browse()
    _forget_lists(model, given)
    computed = [
        field
        for field in model._fields.values()
        if field.store and field.compute and field.column_type
    ]
    for field in computed:
        if field.name not in given:
            model.env.add_to_compute(field, records)
    # as `create` does: what was given is not computed again
    told = [field for field in computed if field.name in given]
    with model.env.protecting(told, records):
        records.modified(list(model._fields), create=True)


def plain_values(records, names):
    """{id: values of ``names`` as they are kept}: of thousands no value is asked for by
    itself. A many2one is an id, what is empty is None, also where a record says False
    or nought; not for fields that are computed."""
    records.fetch(names)
    ids = records._ids
    caches = [records._fields[name]._get_cache(records.env) for name in names]
    columns = [map(cache.get, ids) for cache in caches]
    return dict(zip(ids, zip(*columns, strict=True), strict=True))
