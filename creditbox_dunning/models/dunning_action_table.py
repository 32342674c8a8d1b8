from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import file_open

from odoo.addons.utility_supply.rules import codes

from ..formats.action_table import read_action_table

STANDARD_TABLE = "creditbox_dunning/tables/default_action_table.csv"


class DunningActionTable(models.Model):
    """One version of a company's action table.

    Drafts are edited; a published version is frozen, because the cases opened with it
    follow it to their end. Publishing supersedes the version before it for new cases.
    """

    _name = "dunning.action.table"
    _description = "Action table"
    _inherit = "utility.guarded.mixin"
    _order = "company_id, version desc, id desc"
    _check_company_auto = True

    _guarded_fields = frozenset({"state", "date_published", "version", "published_by"})

    name = fields.Char(required=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    version = fields.Integer(readonly=True, copy=False)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("published", "Published"),
            ("superseded", "Superseded"),
        ],
        string="Status",
        required=True,
        default="draft",
        readonly=True,
        copy=False,
    )
    date_published = fields.Date(readonly=True, copy=False)
    published_by = fields.Many2one("res.users", readonly=True, copy=False)
    rule_ids = fields.One2many("dunning.action.rule", "table_id", copy=True)
    rule_count = fields.Integer(compute="_compute_rule_count")
    case_count = fields.Integer(compute="_compute_case_count")

    _version_uniq = models.UniqueIndex(
        "(company_id, version) WHERE version > 0",
        "This version exists already.",
    )
    _one_published = models.UniqueIndex(
        "(company_id) WHERE state = 'published'",
        "A company follows one published action table.",
    )

    @api.depends("name", "version")
    def _compute_display_name(self):
        for table in self:
            table.display_name = self.env._(
                "%(name)s, version %(version)s",
                name=table.name or "",
                version=table.version or "-",
            )

    def _compute_rule_count(self):
        counts = dict(
            self.env["dunning.action.rule"]._read_group(
                [("table_id", "in", self.ids)], ["table_id"], ["__count"]
            )
        )
        for table in self:
            table.rule_count = counts.get(table, 0)

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

    def write(self, vals):
        self._check_guarded(vals)
        frozen = self.filtered(lambda table: table.state != "draft")
        if frozen and not self._is_guard_open() and set(vals) - {"name"}:
            frozen.rule_ids._check_draft()
            raise UserError(self.env._("A published version stays as it is."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_if_draft(self):
        if any(table.state != "draft" for table in self):
            raise UserError(self.env._("A published version stays as it is."))

    # actions

    def action_publish(self):
        """Freeze the draft and make it the version that new cases follow."""
        self.ensure_one()
        self._check_may_edit()
        if self.state != "draft":
            raise UserError(self.env._("Only a draft can be published."))
        if not self.rule_ids:
            raise UserError(self.env._("A table without rows would follow no case."))
        self._publish()

    def action_new_version(self):
        """A draft with the same rows, opened for editing."""
        self.ensure_one()
        self._check_may_edit()
        draft = self.copy()
        return draft._open_form()

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

    @api.model
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

    def _open_form(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    def _publish(self):
        """Supersede the present version and publish this one, with its number."""
        self.ensure_one()
        tables = self.sudo().search([("company_id", "=", self.company_id.id)])
        current = tables.filtered(lambda table: table.state == "published")
        current._guarded().write({"state": "superseded"})
        current.flush_recordset(["state"])
        self.sudo()._guarded().write(
            {
                "state": "published",
                "version": max(tables.mapped("version"), default=0) + 1,
                "date_published": fields.Date.context_today(self),
                "published_by": self.env.uid,
            }
        )

    @api.model
    def _published_for(self, company):
        """The version that new cases of ``company`` follow (may be empty)."""
        return self.sudo().search(
            [("company_id", "=", company.id), ("state", "=", "published")], limit=1
        )

    @api.model
    def _load_standard(self, companies):
        """A draft of the standard table for each of ``companies``."""
        with file_open(STANDARD_TABLE, "r") as file:
            rows = read_action_table(file.read())
        values = self._prepare_rule_vals(rows)
        # the name is stored once for all users: in the language of the trade
        name = self.with_context(lang="it_IT").env._("Standard table")
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
        collect = self.env.ref(
            "creditbox_dunning.mail_template_collect", raise_if_not_found=False
        )
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
            if row["op"] == "collect" and collect:
                vals["mail_template_id"] = collect.id
            values.append(vals)
        return values
