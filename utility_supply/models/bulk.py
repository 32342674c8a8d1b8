"""Many rows in one statement, where the ORM would write a hundred at a time.

For the program's own tables, on behalf of code that runs as superuser: no access check,
no `create` or `write` is called. Defaults, stored computed fields and the cache are
taken care of, so that another module may add a field without telling.
"""

import json
from collections import namedtuple
from functools import lru_cache
from itertools import repeat

from psycopg2.extras import Json

from odoo.tools import SQL
from odoo.tools.json import json_default

# types whose Python value is the column's value
PLAIN_TYPES = frozenset({"integer", "float", "monetary", "boolean"})
#: types with one column and one value in the cache, converted by nothing but the field
COLUMN_TYPES = PLAIN_TYPES | {
    *("char", "text", "date", "datetime", "selection", "many2one", "json")
}
#: documents have no hash
CONVERTED_TYPES = frozenset({"json"})
UNKNOWN = object()
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
    query = SQL(
        """
        INSERT INTO %(table)s (%(names)s, %(others)s)
        SELECT %(told)s, %(constant)s
          FROM %(rows)s WITH ORDINALITY AS told(%(names)s, place)
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
        rows=_rows(model, given, rows),
    )
    if flush:
        model.env.flush_all()
    records = model.browse(id_ for (id_,) in model.env.execute_query(query))
    _remember(records, given, rows)
    _remember_rest(records, given, defaults)
    _compute_missing(records, {*given, *constant})
    return records


def update_rows(model, rows):
    """Write ``rows`` ({id: {field: value}}, all with the same fields)."""
    if not rows:
        return
    names = list(next(iter(rows.values())))
    _update(model.browse(rows), names, _update_query(model, names, rows))


def _update_query(model, names, rows):
    stamps = {"write_uid": model.env.uid, "write_date": model.env.cr.now()}
    sets = [SQL("%s = %s", SQL.identifier(name), _told(model, name)) for name in names]
    sets += [
        SQL("%s = %s", SQL.identifier(name), value)
        for name, value in stamps.items()
        if name not in names
    ]
    return SQL(
        """
        UPDATE %(table)s
           SET %(sets)s
          FROM %(rows)s AS told(id, %(names)s)
         WHERE %(table)s.id = told.id
        """,
        table=SQL.identifier(model._table),
        sets=_listed(sets),
        rows=_rows(model, ["id", *names], [{"id": i, **rows[i]} for i in rows]),
        names=_listed(map(SQL.identifier, names)),
    )


def update_changed(model, rows):
    """Write those of ``rows`` that differ from what their records say.

    ``rows``: {record: {field: value}}; values as for ``write``, no x2many. They wait in
    the cache, as those of ``write`` do: what several steps write on a record goes to
    the database in one statement. Returns the records that differed.
    """
    changed, told, caches, rounded = {}, {}, {}, _Rounded()
    for record, vals in rows.items():
        (id_,), env = record._ids, record.env
        # the cache of each field, looked up once and not for each of thousands
        mine = caches.setdefault(env, {})
        for name, value in vals.items():
            cache = mine.get(name)
            if cache is None:
                cache = mine[name] = record._fields[name]._get_cache(env)
            old = cache.get(id_, UNKNOWN)
            # what is empty comes back as False, whatever was written
            if old == value or not (old or value):
                continue
            field = record._fields[name]
            if value and field.type == "monetary":
                value = rounded.of(record, id_, field, float(value))
                if old == value or not (old or value):
                    continue
            if old is UNKNOWN and not differs(record, name, value):
                continue
            changed.setdefault((env, name), []).append((id_, value))
            told[id_] = True
    records, known = model.browse(told), model._fields
    # what is computed from a field is computed again for those that changed it only
    alike = {}
    for (_env, name), pairs in changed.items():
        alike.setdefault(tuple(id_ for id_, _value in pairs), []).append(name)
    for ids, names in alike.items():
        relations = [n for n in names if model.pool.is_modifying_relations(known[n])]
        model.browse(ids).modified(relations, before=True)
    for (env, name), pairs in changed.items():
        _write_cache(model.with_env(env), known[name], pairs)
    for ids, names in alike.items():
        model.browse(ids).modified(names)
    return records


class _Rounded:
    """Amounts as the currency of their record has them: each is looked at once, where
    the field asks for the currency anew in an environment of its own."""

    def __init__(self):
        self.names, self.currencies, self.told = {}, {}, {}

    def of(self, record, id_, field, value):
        name = self.names.get(field)
        if name is None:
            name = self.names[field] = field.get_currency_field(record)
        currency = self.currencies.get((name, id_))
        if currency is None:
            currency = self.currencies[name, id_] = record[name]
        told = self.told.get((currency._ids, value))
        if told is None:
            told = currency.round(value) if currency else value
            self.told[currency._ids, value] = told
        return told


def flush_changed(model):
    """Write what waits in the cache of ``model``, as ``flush_model`` does a hundred
    rows at a time: one statement for all that have the same columns changed."""
    model._recompute_model()
    env = model.env
    waiting = {
        field: ids
        for field in model._fields.values()
        if (ids := env._field_dirty.get(field))
    }
    if any(not _is_plain(env, field) for field in waiting):
        model.flush_model()
        return
    sets = {}
    for number, ids in enumerate(waiting.values()):
        for id_ in ids:
            sets[id_] = sets.get(id_, 0) | 1 << number
    groups = {}
    for id_, changed in sets.items():
        groups.setdefault(changed, []).append(id_)
    for field in waiting:
        env._field_dirty.pop(field)
    for changed, ids in groups.items():
        fields = [f for number, f in enumerate(waiting) if changed >> number & 1]
        caches = {field.name: field._get_cache(env) for field in fields}
        rows = {id_: {n: cache[id_] for n, cache in caches.items()} for id_ in ids}
        env.execute_query(_update_query(model, list(caches), rows))


def _is_plain(env, field):
    return (
        field.type in COLUMN_TYPES
        and not (field.translate or field.company_dependent)
        and field not in env._field_depends_context
    )


def _write_cache(model, field, pairs):
    """What ``field.write`` does for one of ``pairs`` [(id, value)], for all of them."""
    if not _is_plain(model.env, field):
        for id_, value in pairs:
            field.write(model.browse(id_), value)
        return
    env, ids = model.env, [id_ for id_, _value in pairs]
    cache = field._get_cache(env)
    if field.type in CONVERTED_TYPES:
        values = [field.convert_to_cache(v, model.browse(id_)) for id_, v in pairs]
    elif field.type == "monetary":
        # rounded by now
        values = [float(value or 0.0) for _id, value in pairs]
    else:
        # days, choices and words repeat: each is looked at once
        told = {v: field.convert_to_cache(v, model) for v in {v for _id, v in pairs}}
        values = [told[value] for _id, value in pairs]
    env.remove_to_compute(field, model.browse(ids))
    if field.type == "many2one":
        others = {cache.get(id_) for id_ in ids}.union(values)
        for inverse in model.pool.field_inverses[field]:
            # read again when it is asked for: nobody sums up thousands of lists
            inverse._invalidate_cache(env, others)
    cache.update(zip(ids, values, strict=True))
    env._field_dirty[field].update(ids)


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
    records.flush_model()
    records.modified(names, before=True)
    records.env.cr.execute(query)
    records.invalidate_recordset(names, flush=False)
    _forget_lists(records, names)
    records.modified(names)


def _listed(parts):
    return SQL(", ").join(parts)


def _told(model, name):
    """The value of the alias ``told`` as the column's type."""
    field, told = model._fields[name], SQL("told.%s", SQL.identifier(name))
    if field.type == "json":
        return SQL("NULLIF(%s, 'null')", told)
    return SQL("%s::%s", told, SQL(field.column_type[1]))


def _rows(model, names, rows):
    """``rows`` as an item of FROM, a column at a time.

    Each column is one text: of a list psycopg2 makes an ARRAY[...], whose thousands of
    items are read as expressions, and thousands of tuples cost more than their rows.
    """
    parts = []
    for name in names:
        field, values = model._fields[name], [row[name] for row in rows]
        if field.type == "json":
            told = JSON.encode([value or None for value in values])
            parts.append(SQL("jsonb_array_elements(%s::jsonb)", told))
        else:
            told = _array(field, _columns(model, name, values))
            parts.append(SQL("unnest(%s::%s[])", told, SQL(field.column_type[0])))
    return SQL("ROWS FROM (%s)", _listed(parts))


def _array(field, values):
    """Values of a column as PostgreSQL reads an array."""
    if field.type == "boolean":
        texts = ["t" if value else "f" for value in values]
    elif field.type == "integer" or field.name == "id":
        texts = [str(int(value or 0)) for value in values]
    elif field.type in PLAIN_TYPES:
        texts = [str(value or 0) for value in values]
    else:
        # days, choices and words repeat, and are quoted: each is looked at once
        told = {value: _quoted(value) for value in set(values)}
        texts = [told[value] for value in values]
    if None in values:
        texts = [
            "NULL" if value is None else text
            for value, text in zip(values, texts, strict=True)
        ]
    return f"{{{','.join(texts)}}}"


def _quoted(value):
    # what has a text for each language or company is a document
    text = _document(value.adapted) if isinstance(value, Json) else str(value)
    if text.isalnum() and text.upper() != "NULL":
        return text
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _columns(model, name, values):
    """``values`` of a field as its column takes them."""
    field = model._fields[name]
    if field.type in PLAIN_TYPES:
        return values
    if field.type == "many2one":
        return [value or None for value in values]
    if field.type == "json":
        return [_document(value) if value else None for value in values]
    if name == "id":
        return values
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
        values = [row[name] for row in rows]
        told = {
            value: field.convert_to_cache(value, records, validate=False)
            for value in set(values)
        }
        field._insert_cache(records, [told[value] for value in values])


def _remember_rest(records, given, defaults):
    """Keep the other columns as well, by their default or empty: to read one of them
    takes a query of all that is not known. What is computed is left to its method."""
    for name, field in records._fields.items():
        if (
            name in given
            or name in STAMPS
            or name == "id"
            or not (field.store and field.column_type)
            or field.compute
            or field.translate
            or field.company_dependent
        ):
            continue
        value = defaults.get(name)
        if value is not None:
            value = field.convert_to_cache(value, records, validate=False)
        field._insert_cache(records, repeat(value))


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
    """{id: values of ``names`` as they are kept, a namedtuple}: of thousands no value
    is asked for by itself. A many2one is an id, what is empty is None, also where a
    record says False or nought; documents are only to be looked at; not for fields that
    are computed."""
    records.fetch(names)
    ids, row = records._ids, _row_of(tuple(names))
    caches = [records._fields[name]._get_cache(records.env) for name in names]
    columns = [map(cache.get, ids) for cache in caches]
    return dict(zip(ids, map(row._make, zip(*columns, strict=True)), strict=True))


@lru_cache(maxsize=128)
def _row_of(names):
    return namedtuple("Row", names)
