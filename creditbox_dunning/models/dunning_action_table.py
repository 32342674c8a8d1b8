from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import file_open
from odoo.tools.translate import LazyTranslate

from odoo.addons.utility_supply.rules import codes

from ..formats.action_table import read_action_table
from .dunning_table_change import ChangeLog

_lt = LazyTranslate(__name__)

STANDARD_TABLE = "creditbox_dunning/tables/default_action_table.csv"


class DunningActionTable(models.Model):
    """One version of a company's action table.

    Drafts are edited; a published version is frozen, because the cases opened with it
    follow it to their end. Publishing supersedes the version before it for new cases.
    """

    _name = "dunning.action.table"
    _description = "Action table"
    _inherit = ("mail.thread", "utility.versioned.mixin")
    _order = "company_id, version desc, id desc"
    _check_company_auto = True
    # a branch follows the table of the company that it belongs to
    _check_company_domain = models.check_company_domain_parent_of

    _guarded_fields = frozenset(
        {
            "date_published",
            "scope",
            "group_id",
            "source_table_id",
            "own_table_id",
            "is_standard",
        }
    )
    # besides what only the program writes
    _version_content = frozenset({"company_id", "rule_ids"})

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    date_published = fields.Date(readonly=True, copy=False)
    scope = fields.Selection(
        [
            ("company", "Company's table"),
            ("group", "Group's table"),
            ("override", "Own rows on the group's table"),
        ],
        string="Kind",
        required=True,
        default="company",
        readonly=True,
        copy=False,
    )
    group_id = fields.Many2one("utility.group", readonly=True, copy=False, index=True)
    source_table_id = fields.Many2one(
        "dunning.action.table",
        string="Group's version",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The version of the group's table that this one was made from.",
    )
    own_table_id = fields.Many2one(
        "dunning.action.table",
        string="Own rows' version",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    is_standard = fields.Boolean(
        readonly=True,
        copy=False,
        help="Published by the program for a new company: nobody chose it.",
    )
    rule_ids = fields.One2many("dunning.action.rule", "table_id", copy=True)
    rule_count = fields.Integer(compute="_compute_rule_count")
    set_count = fields.Integer(compute="_compute_rule_count")
    case_count = fields.Integer(compute="_compute_case_count")

    _version_uniq = models.UniqueIndex(
        "(company_id, scope, version) WHERE version > 0",
        "This version exists already.",
    )
    _one_published = models.UniqueIndex(
        "(company_id, scope) WHERE state = 'published'",
        "A company follows one published action table.",
    )

    def _compute_rule_count(self):
        counts = dict(
            self.env["dunning.action.rule"]._read_group(
                [("table_id", "in", self.ids)], ["table_id"], ["__count"]
            )
        )
        sets = dict(
            self.env["dunning.action.set"]._read_group(
                [("table_id", "in", self.ids)], ["table_id"], ["__count"]
            )
        )
        for table in self:
            table.rule_count = counts.get(table, 0)
            table.set_count = sets.get(table, 0)

    def _compute_case_count(self):
        counts = dict(
            self.env["dunning.case"]._read_group(
                [("table_id", "in", self.ids), ("state", "!=", "closed")],
                ["table_id"],
                ["__count"],
            )
        )
        for table in self:
            table.case_count = counts.get(table, 0)

    @api.model_create_multi
    def create(self, vals_list):
        """A table is made whole: the log says so once, with how many rows it has."""
        changes = self.env["dunning.table.change"]
        with changes._logging() as log:
            quiet = self.with_context(dunning_change_log=ChangeLog(silent=True))
            made = super(DunningActionTable, quiet).create(vals_list)
            tables = self.browse(made.ids)
            for table in tables:
                rows = self.env._("%(count)s rows", count=len(table.rule_ids))
                log.add(table, "table", column=self.env._("Created"), new=rows)
        return tables

    def write(self, vals):
        with self.env["dunning.table.change"]._logging() as log:
            names = {table: table.name for table in self} if "name" in vals else {}
            # the rows that a form sends along belong to the same change
            logged = self.with_context(dunning_change_log=log)
            result = super(DunningActionTable, logged).write(vals)
            for table, old in names.items():
                if old != table.name:
                    log.add(table, "table", "", self.env._("Name"), old, table.name)
        return result

    def _check_draft(self):
        # EXTENDS utility.versioned.mixin: in the words of the rows where it has some
        self.rule_ids._check_draft()
        return super()._check_draft()

    def unlink(self):
        with self.env["dunning.table.change"]._logging() as log:
            for table in self:
                rows = self.env._("%(count)s rows", count=len(table.rule_ids))
                log.add(table, "table", column=self.env._("Deleted"), old=rows)
            self.env["dunning.table.change"]._write_log(log)
            log.entries.clear()
            quiet = self.with_context(dunning_change_log=ChangeLog(silent=True))
            return super(DunningActionTable, quiet).unlink()

    # actions

    def action_publish(self):
        """Freeze the draft and make it the version that new cases follow.

        What the check finds wrong (its errors, not its warnings) is raised as
        UserError. A group's table, or own rows on it, is handed down at once.
        """
        self.ensure_one()
        self._check_may_edit()
        self._check_to_publish()
        self._check_publishable()
        self._publish()
        self._hand_down()

    def action_new_version(self):
        """A draft with the same rows, opened for editing."""
        self.ensure_one()
        self._check_may_edit()
        source, kept = self.sudo()._guarded(), {"scope": self.scope}
        if self.scope != "company":
            kept["group_id"] = source.group_id.id
        if self.scope == "override":
            draft = source._copy_own_rows(kept)
        else:
            draft = source.copy(kept)
        return self.browse(draft.id)._open_form()

    def action_open_rules(self):
        """The rows of this version in a list of their own."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "creditbox_dunning.dunning_action_rule_action"
        )
        return {
            **action,
            "domain": [("table_id", "=", self.id)],
            "context": {"default_table_id": self.id},
        }

    def action_open_sets(self):
        """The sets of this version: the way to the grid of one of them."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Sets of rows"),
            "res_model": "dunning.action.set",
            "view_mode": "list",
            "domain": [("table_id", "=", self.id)],
            "context": {"default_table_id": self.id},
        }

    def action_open_changes(self):
        """Who changed this version, when, from what to what."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Changes"),
            "res_model": "dunning.table.change",
            "view_mode": "list",
            "domain": [("table_id", "=", self.id)],
        }

    def action_load_standard(self):
        """A draft with the rows of the standard table, for the current company."""
        self._check_may_edit()
        return self._load_standard(self.env.company)._open_form()

    # business

    def _check_may_edit(self):
        if not self.env.su and not self.env.user.has_group(
            "creditbox_dunning.group_dunning_admin"
        ):
            raise AccessError(
                self.env._("Only a CreditBox administrator changes the action table.")
            )
        self.check_access("write")

    def _versions_domain(self):
        # OVERRIDE utility.versioned.mixin
        return [("company_id", "=", self.company_id.id), ("scope", "=", self.scope)]

    def _published_values(self):
        # EXTENDS utility.versioned.mixin
        return {
            **super()._published_values(),
            "date_published": fields.Date.context_today(self),
        }

    def _publish(self, **more):
        # EXTENDS utility.versioned.mixin: the log of changes says so
        self.ensure_one()
        result = super()._publish(**more)
        with self.env["dunning.table.change"]._logging() as log:
            words = self.env._("Version %(version)s", version=self.version)
            log.add(self, "table", column=self.env._("Published"), new=words)
        return result

    @api.model
    def _published_for(self, company):
        """The version that new cases of ``company`` follow (may be empty).

        A branch without a table follows that of the company it belongs to; a company
        of a group without one gets the group's.
        """
        company.ensure_one()
        tables = self.sudo()
        for owner in dict.fromkeys((company, company.root_id)):
            found = tables.search(
                [
                    ("company_id", "=", owner.id),
                    ("scope", "=", "company"),
                    ("state", "=", "published"),
                ],
                limit=1,
            )
            if found:
                return found
        return tables._group_table_for(company.root_id)._hand_down(company.root_id)

    @api.model
    def _load_standard(self, companies):
        """A draft of the standard table for each of ``companies``."""
        with file_open(STANDARD_TABLE, "r") as file:
            rows = read_action_table(file.read())
        values = self._prepare_rule_vals(rows)
        # the name is stored once for all users: in the language of the trade, which
        # the database need not have
        name = _lt("Standard table")._translate("it_IT")
        return self.sudo().create(
            [
                {
                    "name": name,
                    "company_id": company.id,
                    "rule_ids": [fields.Command.create(vals) for vals in values],
                }
                for company in companies
            ]
        )

    @api.model
    def _prepare_rule_vals(self, rows):
        """Values of dunning.action.rule for rows read from the seed's CSV."""
        types = self.env["dunning.action.type"]._by_code()
        maps = (
            ("customer_type", codes.CUSTOMER_TYPE_BY_CODE),
            ("service", codes.SERVICE_BY_CODE),
            ("supply_state", codes.SUPPLY_STATE_BY_CODE),
            ("suspendibility", codes.SUSPENDIBILITY_BY_CODE),
        )
        values = []
        for row in rows:
            vals = {k: v for k, v in row.items() if k not in ("keys", "action")}
            for (name, code_map), digit in zip(maps, row["keys"], strict=True):
                vals[name] = code_map.get(digit, False)
            vals["action_type_id"] = types[row["action"]].id
            values.append(vals)
        return values
