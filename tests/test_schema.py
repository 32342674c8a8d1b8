"""What has to hold for every model of ours, seen from the registry."""

import ast
import inspect
import re

from odoo.tests import TransactionCase, tagged

from odoo.addons.cmor_utility.models import cmor_flow_record_apply

OURS = ("utility_supply", "creditbox_dunning", "cmor_utility", "cmor_dunning")


@tagged("standard", "post_install", "-at_install")
class TestSchema(TransactionCase):
    def _our_fields(self):
        """Fields that our modules define, on whatever model."""
        for name in self.env.registry:
            for field in self.env[name]._fields.values():
                if field._module in OURS:
                    yield self.env[name], field

    def test_inverse_of_one2many_is_indexed(self):
        """Opening a record with lines must not read the whole table of lines."""
        bad = set()
        for _model, field in self._our_fields():
            if field.type != "one2many" or not field.inverse_name:
                continue
            lines = self.env[field.comodel_name]
            inverse = lines._fields[field.inverse_name].base_field
            stored = inverse.store and inverse.column_type and lines._auto
            if stored and not lines.is_transient() and not inverse.index:
                bad.add(str(inverse))
        self.assertFalse(bad)

    def test_every_constraint_and_index_is_in_the_database(self):
        """A declared constraint that PostgreSQL refused would only be a log line."""
        self.env.cr.execute(
            "SELECT conname FROM pg_constraint"
            " UNION SELECT indexname FROM pg_indexes WHERE schemaname = 'public'"
        )
        there = {row[0] for row in self.env.cr.fetchall()}
        bad = set()
        for name in self.env.registry:
            model = self.env[name]
            if not model._auto or model._abstract or model._original_module not in OURS:
                continue
            bad |= {
                key
                for key, table_object in model._table_objects.items()
                if key not in there and table_object.get_definition(self.env.registry)
            }
        self.assertFalse(bad)

    def test_columns_that_are_read_by_sql_are_there(self):
        """What a received file is about is found by SQL: a column that is renamed or
        no longer stored would show only when the next file comes."""
        found = cmor_flow_record_apply._Found
        # in the texts of the class: of f"..." too only what stands there is SQL
        queries = " ".join(
            text.value
            for text in ast.walk(ast.parse(inspect.getsource(found)))
            if isinstance(text, ast.Constant) and isinstance(text.value, str)
        )
        missing, seen = [], set()
        for query in re.findall(r"SELECT .*?ORDER BY [a-z_.]+", queries):
            tables = dict.fromkeys(re.findall(r"(?:FROM|JOIN) (cmor_[a-z_]+)", query))
            words = set(re.findall(r"\b[a-z_]+\b", re.sub(r"'[^']*'|%s", "", query)))
            seen.add(tuple(tables))
            columns = {"id"}
            for table in tables:
                columns |= self._stored_columns(table)
            words -= {*tables, "c", "p"}
            missing += [(query, word) for word in sorted(words - columns)]
        self.assertFalse(missing)
        self.assertEqual(
            seen,
            {
                ("cmor_practice_code", "cmor_practice"),
                ("cmor_practice",),
                ("cmor_flow_record",),
                ("cmor_practice_request",),
            },
        )

    def _stored_columns(self, table):
        """Columns of the model of ``table`` that the database has as well."""
        model = next(m for m in self.env.registry.values() if m._table == table)
        fields = {n for n, f in model._fields.items() if f.store and f.column_type}
        self.env.cr.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s",
            [table],
        )
        return fields & {row[0] for row in self.env.cr.fetchall()}

    def test_every_field_has_a_label_of_its_own(self):
        """Two fields of a model with one label are a riddle in every filter."""
        bad = []
        seen = {}
        for model, field in self._our_fields():
            key = (model._name, field.string)
            other = seen.setdefault(key, field.name)
            if other != field.name:
                bad.append(f"{model._name}: {other}, {field.name}: {field.string}")
        self.assertFalse(bad)
