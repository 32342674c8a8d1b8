"""Who may do what: every model of ours, every group, every operation.

``access_matrix.csv`` is the decision, written by people: one row a model, one column a
group, letters for read, write, create and delete. Here the database is asked the same
questions as a user who has that group and nothing else. A model or a group that the
file does not know fails, so that nobody adds one without deciding.

``scope`` says what keeps the records of two companies apart:

* ``company``: a company rule on ``company_id``;
* ``parent``: no company of its own, the rule goes through the record it belongs to;
* ``group``: companies of a ``utility.group`` see it together;
* ``shared``: the same for everybody, holds nothing of a customer;
* ``own``: a wizard, seen by the user who opened it.
"""

import csv
import pathlib

from odoo import Command
from odoo.tests import TransactionCase, new_test_user, tagged

MATRIX = pathlib.Path(__file__).with_name("access_matrix.csv")
MODULES = ("utility_supply", "creditbox_dunning", "cmor_utility", "cmor_dunning")
OPERATIONS = {"r": "read", "w": "write", "c": "create", "d": "unlink"}
SCOPES = {"company", "parent", "group", "shared", "own"}


def read_matrix():
    """({model: (scope, {group: letters})}, [groups in the header])."""
    with MATRIX.open(newline="") as lines:
        rows = csv.DictReader(lines, delimiter=";")
        groups = [name for name in rows.fieldnames if name not in ("model", "scope")]
        matrix = {
            row["model"]: (row["scope"], {name: row[name] for name in groups})
            for row in rows
        }
    return matrix, groups


@tagged("standard", "post_install", "-at_install")
class TestAccess(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.matrix, cls.groups = read_matrix()
        cls.company = cls.env["res.company"].create({"name": "Own"})
        cls.other = cls.env["res.company"].create({"name": "Other"})

    def _our_models(self):
        """Models first defined by our modules (abstract ones hold no records)."""
        data = self.env["ir.model.data"].search(
            [("model", "=", "ir.model"), ("module", "in", MODULES)]
        )
        models = self.env["ir.model"].browse(data.mapped("res_id")).exists()
        ours = set()
        for model in models:
            # an extended model carries a mark of each module that extends it
            first = model.modules.split(", ")
            if all(name in MODULES for name in first):
                ours.add(model.model)
        return sorted(
            name for name in ours if name in self.env and not self.env[name]._abstract
        )

    def _our_groups(self):
        data = self.env["ir.model.data"].search(
            [("model", "=", "res.groups"), ("module", "in", MODULES)]
        )
        return {f"{item.module}.{item.name}" for item in data}

    def _user_of(self, group):
        """A user of one group and of one company."""
        return self.env["res.users"].create(
            {
                "name": group,
                "login": group,
                "group_ids": [Command.set(self.env.ref(group).ids)],
                "company_id": self.company.id,
                "company_ids": [Command.set(self.company.ids)],
            }
        )

    def test_modules_are_installed(self):
        """Else this test would find no model and pass."""
        states = self.env["ir.module.module"].search([("name", "in", MODULES)])
        self.assertEqual(
            {module.name: module.state for module in states},
            dict.fromkeys(MODULES, "installed"),
        )

    def test_matrix_knows_every_model_and_group(self):
        self.assertEqual(sorted(self.matrix), self._our_models())
        self.assertFalse(self._our_groups() - set(self.groups))
        for model, (scope, _cells) in self.matrix.items():
            self.assertIn(scope, SCOPES, model)

    def test_rights_are_those_of_the_matrix(self):
        found, wanted = {}, {}
        for group in self.groups:
            user = self._user_of(group)
            for model, (_scope, cells) in self.matrix.items():
                if model not in self.env:
                    continue
                asked = self.env[model].with_user(user)
                found[model, group] = "".join(
                    letter
                    for letter, operation in OPERATIONS.items()
                    if asked.has_access(operation)
                )
                wanted[model, group] = cells[group]
        different = [
            f"{model} {group}: matrix {wanted[model, group] or '-'}, "
            f"database {rights or '-'}"
            for (model, group), rights in found.items()
            if rights != wanted[model, group]
        ]
        self.assertFalse(different, "\n".join(["", *different]))

    def test_scope_fits_the_model(self):
        for name, (scope, _cells) in self.matrix.items():
            model = self.env[name]
            with self.subTest(model=name):
                self.assertEqual(scope == "own", model._transient)
                if scope == "company":
                    self.assertTrue(
                        model._fields["company_id"].store or not model._auto
                    )
                elif scope != "own":
                    self.assertNotIn("company_id", model._fields)

    def test_other_company_is_out_of_sight(self):
        """The rules that hold for a user of one company shut out another's record."""
        user = new_test_user(self.env, "isolated", company_id=self.company.id)
        for name, (scope, _cells) in self.matrix.items():
            if scope != "company":
                continue
            with self.subTest(model=name):
                rules = self.env["ir.rule"].with_user(user)
                rules = rules.with_context(allowed_company_ids=self.company.ids)
                for mode in OPERATIONS.values():
                    domain = rules._compute_domain(name, mode)
                    ours = self.env[name].new({"company_id": self.company.id})
                    theirs = self.env[name].new({"company_id": self.other.id})
                    self.assertTrue(ours.filtered_domain(domain), mode)
                    self.assertFalse(theirs.filtered_domain(domain), mode)

    def test_company_rules_hold_for_everybody(self):
        """A rule given to a group widens it: ours on companies are for all."""
        scoped = [
            name for name, (scope, _c) in self.matrix.items() if scope == "company"
        ]
        for name in scoped:
            rules = self.env["ir.rule"].search([("model_id.model", "=", name)])
            general = rules.filtered(lambda rule: not rule.groups)
            with self.subTest(model=name):
                self.assertTrue(
                    any("company_id" in (rule.domain_force or "") for rule in general)
                )

    def test_parents_and_groups_are_guarded_too(self):
        for name, (scope, _cells) in self.matrix.items():
            if scope not in ("parent", "group"):
                continue
            with self.subTest(model=name):
                rules = self.env["ir.rule"].search(
                    [("model_id.model", "=", name), ("groups", "=", False)]
                )
                self.assertTrue(
                    any("company" in (rule.domain_force or "") for rule in rules)
                )
