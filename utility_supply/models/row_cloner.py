"""Rows that Odoo made once, cloned by the thousand.

What the writers of bills and of payments share: specimens kept in memory, one INSERT
per table, and the care for what the ORM would have done besides.
"""

import json
import logging
from collections import Counter, defaultdict
from functools import partial

from psycopg2 import OperationalError

from odoo import fields, models
from odoo.tools import SQL, ormcache
from odoo.tools.lru import LRU

_logger = logging.getLogger(__name__)

# specimens kept in memory; a company has some ten of them
MAX_SPECIMENS = 500
# modules whose override of `account.move._post` was read and does nothing for a bill
# without products, orders or fleet; another one means the careful way
KNOWN_POST_MODULES = frozenset(
    {
        "account",
        "account_fleet",
        "l10n_it_edi",
        "product_email_template",
        "purchase_stock",
        "sale",
        "stock_account",
        "utility_supply",
    }
)
# small tables that decide accounts, taxes and defaults
WHOLE_TABLES = (
    "account.fiscal.position",
    "account.fiscal.position.account",
    "account.payment.method.line",
    "decimal.precision",
    "ir.config_parameter",
    "ir.default",
    "l10n_it.document.type",
    "res.currency",
)
# modules whose stored computed fields the writers set, or that are the same in a kind
KNOWN_COMPUTE_MODULES = frozenset(
    {
        *(
            "account",
            "account_add_gln",
            "account_debit_note",
            "account_edi_proxy_client",
        ),
        *("account_edi_ubl_cii", "account_payment", "account_peppol", "analytic"),
        *("account_qr_code_sepa", "base", "l10n_it", "l10n_it_edi", "mail", "portal"),
        *("product", "sms", "snailmail_account", "utility_supply"),
    }
)
COUNT_KEY = "utility_supply.row_cloner.customer_rank"
RANK_KEY = "account.res.partner.increase_rank.customer_rank"
STAMPS = frozenset({"create_uid", "create_date", "write_uid", "write_date"})


class UtilityRowCloner(models.AbstractModel):
    _name = "utility.row.cloner"
    _description = "Clones of records made by Odoo"

    # columns where NULL is a value, not "as in the specimen"
    _nullable_columns = frozenset()

    def _quiet(self):
        """Without chatter, followers and mails: rows come by the hundred thousand."""
        return self.with_context(
            tracking_disable=True,
            mail_create_nolog=True,
            mail_create_nosubscribe=True,
            mail_notrack=True,
            skip_is_manually_modified=True,
        )

    def _modules_of(self, model_name, method):
        """Names of the modules that define ``method`` of a model."""
        return {
            klass.__module__.split(".")[2]
            for klass in type(self.env[model_name]).__mro__
            if method in vars(klass) and klass.__module__.startswith("odoo.addons.")
        }

    def _known_post_modules(self):
        """Modules whose override of ``account.move._post`` does nothing for a clone.

        A module of ours that extends posting adds its name here, and says why it may.
        """
        return KNOWN_POST_MODULES

    def _unread_post_modules(self):
        """Modules that extend posting and that nobody has read."""
        return self._modules_of("account.move", "_post") - self._known_post_modules()

    # --- specimens -----------------------------------------------------------

    def _kept_specimens(self, settings, examples, make):
        """({kind: specimen}, kinds made just now).

        ``examples``: {kind: what ``make`` needs of it}; ``make``: examples ->
        {kind: specimen}; ``settings``: hashable, all that specimens depend on. They
        stay in memory: making one costs as much as cloning a hundred rows.
        """
        kept = vars(self.pool).setdefault("utility_specimens", LRU(MAX_SPECIMENS))
        keys = {kind: (self._name, settings, kind) for kind in examples}
        missing = {kind: examples[kind] for kind in keys if keys[kind] not in kept}
        found = {kind: kept[keys[kind]] for kind in keys if kind not in missing}
        if missing:
            found |= make(missing)
        for kind, specimen in found.items():
            kept[keys[kind]] = specimen
        return found, set(missing)

    def _settings_digest(self, company, parts):
        """A digest of the settings that shape what is posted in ``company``.

        ``parts``: SQL of further rows as text. By content and not by time: two changes
        in one transaction have the same date.
        """
        partners = (company.partner_id | self.env.user.partner_id).ids
        parts = [
            *parts,
            SQL("SELECT c::text FROM res_company c WHERE id = %s", company.id),
            SQL("SELECT p::text FROM res_partner p WHERE id = ANY(%s)", partners),
            SQL(
                "SELECT b::text FROM res_partner_bank b WHERE partner_id = %s",
                company.partner_id.id,
            ),
            *(
                SQL("SELECT x::text FROM %s x", SQL.identifier(self.env[name]._table))
                for name in WHOLE_TABLES
            ),
        ]
        ((digest,),) = self.env.execute_query(
            SQL(
                "SELECT md5(string_agg(line, '|' ORDER BY line)) FROM (%s) AS x(line)",
                SQL(" UNION ALL ").join(SQL("(%s)", part) for part in parts),
            )
        )
        context = (self.env.uid, self.env.lang, self.env.context.get("tz"))
        groups = self.env.user._get_group_ids()
        return digest, context, groups, fields.Date.context_today(self)

    def _rows_as_json(self, records):
        """The table's rows of ``records``, in their order, as JSON texts."""
        rows = self.env.execute_query(
            SQL(
                "SELECT id, to_jsonb(r)::text FROM %s r WHERE id = ANY(%s)",
                SQL.identifier(records._table),
                records.ids,
            )
        )
        by_id = dict(rows)
        return [by_id[id_] for id_ in records.ids]

    def _keeps_residual(self, account):
        return account.reconcile or account.account_type in (
            "asset_cash",
            "liability_credit_card",
        )

    # --- SQL -----------------------------------------------------------------

    def _number(self, model_name, rows):
        """Give ``rows`` ids from the table's own sequence."""
        ids = self.env.execute_query(
            SQL(
                "SELECT nextval(%s::regclass) FROM generate_series(1, %s)",
                f"{self.env[model_name]._table}_id_seq",
                len(rows),
            )
        )
        for row, (id_,) in zip(rows, ids, strict=True):
            row["id"] = id_

    def _clone(self, model_name, specimens, rows, columns):
        """Insert ``rows`` (dicts by column, ``of`` = 1-based number of their specimen).

        ``specimens``: JSON texts; ``columns``: names of those that rows may give. What
        a row does not give is as in its specimen.
        """
        model = self.env[model_name]
        given = frozenset(columns)
        names = [
            name
            for name, field in model._fields.items()
            if field.store and field.column_type
        ]
        table = SQL.identifier(model._table)
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO %(table)s (%(targets)s)
                SELECT %(sources)s
                  FROM jsonb_to_recordset(%(rows)s::jsonb) AS v(%(types)s)
                  JOIN jsonb_populate_recordset(
                           NULL::%(table)s, %(specimens)s::jsonb
                       ) WITH ORDINALITY AS s
                    ON s.ordinality = v."of"
                """,
                table=table,
                targets=SQL(", ").join(map(SQL.identifier, names)),
                sources=SQL(", ").join(self._source(name, given) for name in names),
                rows=json_text(rows),
                types=self._column_types(model, sorted(given)),
                specimens=f"[{', '.join(specimens)}]",
            )
        )

    def _source(self, name, given):
        """Where the column ``name`` of a clone comes from."""
        column = SQL.identifier(name)
        if name in ("create_uid", "write_uid"):
            return SQL("%s", self.env.uid)
        if name in ("create_date", "write_date"):
            return SQL("now() AT TIME ZONE 'UTC'")
        if name not in given:
            return SQL("s.%s", column)
        if name in self._nullable_columns:
            return SQL("v.%s", column)
        return SQL("COALESCE(v.%s, s.%s)", column, column)

    def _column_types(self, model, names):
        """Column definition list of the values given for each row."""
        types = [SQL('"of" int4')]
        for name in names:
            kind = model._fields[name].column_type[0] if name != "id" else "int4"
            types.append(SQL("%s %s", SQL.identifier(name), SQL(kind)))
        return SQL(", ").join(types)

    def _clone_links(self, links, lines):
        """Taxes, tax tags and whatever else a specimen's lines are linked to.

        ``links``: [(many2many field, number of the specimen, id)].
        """
        by_name = defaultdict(list)
        for name, number, id_ in links:
            by_name[name].append({"of": number, "value": id_})
        pairs = json_text([{"of": line["of"], "id": line["id"]} for line in lines])
        for name, values in by_name.items():
            field = self.env["account.move.line"]._fields[name]
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO %(table)s (%(line)s, %(value)s)
                    SELECT v.id, r.value
                      FROM jsonb_to_recordset(%(pairs)s::jsonb) AS v("of" int4, id int4)
                      JOIN jsonb_to_recordset(%(values)s::jsonb)
                           AS r("of" int4, value int4)
                        ON r."of" = v."of"
                    """,
                    table=SQL.identifier(field.relation),
                    line=SQL.identifier(field.column1),
                    value=SQL.identifier(field.column2),
                    pairs=pairs,
                    values=json_text(values),
                )
            )

    # --- what the ORM does besides -------------------------------------------

    def _forget_caches(self, *model_names):
        """Drop what the cache may hold of tables just written to."""
        for name in model_names:
            model = self.env[name]
            model.invalidate_model(flush=False)
            for field in model._fields.values():
                for inverse in self.pool.field_inverses[field]:
                    self.env[inverse.model_name].invalidate_model(
                        [inverse.name], flush=False
                    )

    def _compute_foreign_fields(self, model_name, ids):
        """Stored computed fields of modules unknown here: the ORM computes them.

        Also those of other models that the new records ``ids`` of a model point to. Not
        written before the next flush.
        """
        tree = self._foreign_triggers(model_name)
        if not tree:
            return
        records = self.env[model_name].with_context(
            active_test=False, prefetch_fields=False
        )
        for field, found, _created in records.browse(ids)._modified_triggers(
            tree, create=True
        ):
            self.env.add_to_compute(field, found)

    @ormcache("model_name")
    def _foreign_triggers(self, model_name):
        """The trigger tree from the stored fields of a model to unknown modules."""
        fields = [f for f in self.env[model_name]._fields.values() if f.store]
        return self.pool.get_trigger_tree(
            fields,
            select=lambda field: bool(
                field.compute and field.store and not is_known(field)
            ),
        )

    def _count_customers(self, counts):
        """``customer_rank`` as posting counts it, but set-wise.

        ``counts``: Counter of partner ids. As Odoo does: new customers at once, the
        others after the commit, because many processes may touch the same customers.
        """
        counts = Counter(counts)
        partners = self.env["res.partner"].browse(list(counts))
        for partner in partners:
            if partner.commercial_partner_id != partner:
                counts[partner.commercial_partner_id.id] += counts[partner.id]
        self.env.cr.execute(
            SQL(
                """
                UPDATE res_partner SET customer_rank = (%s::jsonb ->> id::text)::int
                 WHERE id = ANY(%s) AND COALESCE(customer_rank, 0) = 0
             RETURNING id
                """,
                json_text(counts),
                list(counts),
            )
        )
        for (partner_id,) in self.env.cr.fetchall():
            del counts[partner_id]
        partners.invalidate_model(["customer_rank"], flush=False)
        noted = self.env.cr.postcommit.data.setdefault(COUNT_KEY, Counter())
        if not noted and counts:
            self.env.cr.postcommit.add(partial(count_customers, self.pool, noted))
        noted.update(counts)

    # --- reading again -------------------------------------------------------

    def _changed_when_computed(self, *sets):
        """Texts of the stored columns that change when Odoo computes them again.

        ``sets``: (records, names of editable computed fields to compute as well). Must
        run in a savepoint that is rolled back: the computed values are written.
        """
        self.env.flush_all()
        before = {}
        for records, _editable in sets:
            before |= self._rows_by_record(records)
        for records, editable in sets:
            for name, field in records._fields.items():
                may_compute = field.readonly or name in editable
                if field.compute and field.store and may_compute:
                    self.env.add_to_compute(field, records)
        self.env.flush_all()
        after = {}
        for records, _editable in sets:
            after |= self._rows_by_record(records)
        return [
            f"{record} {name}: {row[name]!r} instead of {after[record].get(name)!r}"
            for record, row in before.items()
            for name in row
            if name not in STAMPS and row[name] != after[record].get(name)
        ]

    def _rows_by_record(self, records):
        rows = self._rows_as_json(records)
        return {
            f"{records._name}({id_})": json.loads(row)
            for id_, row in zip(records.ids, rows, strict=True)
        }


class KeptRank:
    """Context manager: what ``_increase_rank`` has noted so far stays as it is.

    Posting counts the customer's documents after the commit: not the specimens.
    """

    def __init__(self, cr):
        self.callbacks = cr.postcommit

    def __enter__(self):
        self.kept = dict(self.callbacks.data.get(RANK_KEY, {}))
        self.functions = list(self.callbacks._funcs)
        return self

    def __exit__(self, *exc_info):
        noted = self.callbacks.data.get(RANK_KEY)
        if noted is not None:
            noted.clear()
            noted.update(self.kept)
        self.callbacks._funcs.clear()
        self.callbacks._funcs.extend(self.functions)
        return False


def is_known(field):
    """True when the field is defined by modules that the writers were written for."""
    return set(field._modules) <= KNOWN_COMPUTE_MODULES


def json_text(rows):
    """``rows`` for PostgreSQL: dates in ISO form, Decimal as text (exact)."""
    return json.dumps(rows, default=str)


def count_customers(registry, counts):
    """Add ``counts`` to the ranks of the customers, in a transaction of its own."""
    try:
        with registry.cursor() as cr:
            cr.execute(
                SQL(
                    """
                    UPDATE res_partner
                       SET customer_rank = customer_rank
                         + (%s::jsonb ->> id::text)::int
                     WHERE id IN (
                           SELECT id FROM res_partner WHERE id = ANY(%s)
                              FOR NO KEY UPDATE SKIP LOCKED
                     )
                    """,
                    json_text(counts),
                    list(counts),
                )
            )
    except OperationalError:
        _logger.debug("customer ranks not counted: the customers are being edited")
