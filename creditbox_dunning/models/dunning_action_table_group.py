from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from ..rules.table_group import ADDED, CHANGED, OFF, merge
from .dunning_action_rule import AMOUNTS


class DunningActionTable(models.Model):
    """The group's table, inherited by the members, with rows of their own.

    Three kinds of table keep it explainable: the *group's* (of the head company), a
    member's *own rows* on it, and the member's table, which is both put together and
    frozen. Cases follow the last one only, so that each keeps its own version.
    """

    _inherit = "dunning.action.table"

    inherited_rule_ids = fields.Many2many(
        "dunning.action.rule",
        compute="_compute_inherited_rule_ids",
        string="The group's rows in force",
        help="Rows of the group that this company has not changed.",
    )

    is_head = fields.Boolean(compute="_compute_is_head")

    def _compute_is_head(self):
        for table in self:
            group = self._group_of(table.company_id)
            table.is_head = bool(group) and group.head_company_id == table.company_id

    def _compute_inherited_rule_ids(self):
        for table in self:
            rules = self.env["dunning.action.rule"]
            if table.scope == "override":
                own = {_identity(rule) for rule in table.rule_ids}
                rules = self._published_for(table.company_id).rule_ids.filtered(
                    lambda rule, own=own: _identity(rule) not in own
                )
            table.inherited_rule_ids = rules.ids

    # actions

    def action_make_group_table(self):
        """A draft of the group's table with the rows of this version.

        For administrators of the group's head company, working in it.
        """
        self.ensure_one()
        group = self._group_of(self.company_id)
        if not group or group.head_company_id != self.company_id:
            raise UserError(
                self.env._("Only the head company of a group makes the group's table.")
            )
        self._check_is_head(group)
        draft = (
            self.sudo()
            ._guarded()
            .copy({"scope": "group", "group_id": group.id, "name": group.name})
        )
        return self.browse(draft.id)._open_form()

    def action_own_rows(self):
        """The draft of this company's own rows on the group's table, made if needed."""
        self.ensure_one()
        self._check_may_edit()
        group = self._group_of(self.company_id)
        if not self._group_table_for(self.company_id):
            raise UserError(
                self.env._(
                    "%(company)s follows no group.", company=self.company_id.name
                )
            )
        mine = [("company_id", "=", self.company_id.id), ("scope", "=", "override")]
        draft = self.search([*mine, ("state", "=", "draft")], limit=1)
        if not draft:
            current = self.search([*mine, ("state", "=", "published")], limit=1)
            vals = {"scope": "override", "group_id": group.id}
            own = self.sudo()._guarded()
            if current:
                draft = own.browse(current.id)._copy_own_rows(vals)
            else:
                name = self.env._("Own rows of %(name)s", name=self.company_id.name)
                draft = own.create(
                    {**vals, "name": name, "company_id": self.company_id.id}
                )
        return self.browse(draft.id)._open_form()

    def _copy_own_rows(self, vals):
        """A draft with these own rows, and what each of them does."""
        draft = self.copy(vals)
        origins = {_identity(rule): rule.origin for rule in self.rule_ids}
        for rule in draft.rule_ids:
            rule.origin = origins[_identity(rule)]
        return draft

    # business

    def _is_built(self):
        """Made by the program out of the group's table: its rows say where from."""
        self.ensure_one()
        return bool(self.source_table_id)

    def _group_of(self, company):
        """The group that ``company`` belongs to, read with sudo: it may be another's
        head that the user does not see."""
        return company.sudo().root_id.utility_group_id

    def _group_table_for(self, company):
        """The published table of ``company``'s group, or none."""
        group = self._group_of(company)
        if not group:
            return self.browse()
        return self.sudo().search(
            [
                ("group_id", "=", group.id),
                ("scope", "=", "group"),
                ("state", "=", "published"),
                ("company_id", "=", group.head_company_id.id),
            ],
            limit=1,
        )

    def _check_is_head(self, group):
        head = group.head_company_id
        if not self.env.su and head not in self.env.companies:
            raise AccessError(
                self.env._(
                    "Only an administrator of %(company)s, the head company, changes"
                    " the group's table.",
                    company=head.sudo().name,
                )
            )
        self._check_may_edit()

    def _check_scope(self):
        """Raise when this kind of table may not be published by this company."""
        if self.scope == "group":
            self._check_is_head(self.sudo().group_id)
        elif self.scope == "company" and self._group_table_for(self.company_id):
            raise UserError(
                self.env._(
                    "%(company)s follows the group's table. Change single rows with"
                    " its own rows instead.",
                    company=self.company_id.name,
                )
            )
        elif self.scope == "override" and not self._group_table_for(self.company_id):
            raise UserError(
                self.env._(
                    "%(company)s follows no group.", company=self.company_id.name
                )
            )

    def _hand_down(self, companies=None):
        """Make and publish the members' tables that follow from this version.

        ``companies``: only these; otherwise all the members for a group's table, the
        company itself for own rows. Returns the tables made.
        """
        made = self.browse()
        for table in self:
            if table.scope == "company":
                continue
            source = (
                table
                if table.scope == "group"
                else table._group_table_for(table.company_id)
            ).sudo()
            members = companies
            if members is None:
                is_group = table.scope == "group"
                members = source.group_id.member_ids if is_group else table.company_id
            for company in members.filtered(lambda c: not c.sudo().parent_id):
                made |= source._hand_down_to(company)
        return made

    def _hand_down_to(self, company):
        """The table of ``company``: this group's rows with the company's own ones."""
        self.ensure_one()
        own = self.sudo().search(
            [
                ("company_id", "=", company.id),
                ("scope", "=", "override"),
                ("state", "=", "published"),
                ("group_id", "=", self.group_id.id),
            ],
            limit=1,
        )
        rows, orphans = merge(self._rows_for(company), own.rule_ids._as_rows())
        table = (
            self.sudo()
            ._guarded()
            .create(
                {
                    "name": self.name,
                    "company_id": company.id,
                    "group_id": self.group_id.id,
                    "source_table_id": self.id,
                    "own_table_id": own.id,
                    "rule_ids": [
                        fields.Command.create(vals) for vals in self._vals_of(rows)
                    ],
                }
            )
        )
        table._publish()
        if orphans:
            table._message_log(
                body=self.env._(
                    "%(count)s own rows concern rows that the group's table no longer"
                    " has: they were left out.",
                    count=len(orphans),
                )
            )
        return table

    def _rows_for(self, company):
        """This table's rows with their amounts in the currency of ``company``, at the
        rate of the day: a table's amounts are in its company's currency."""
        rows = self.rule_ids._as_rows()
        mine, other = self.company_id.currency_id, company.sudo().currency_id
        if mine == other:
            return rows
        today = self.env["dunning.case"]._today(company)
        for row in rows:
            for name in AMOUNTS:
                row[name] = mine._convert(
                    float(row[name]), other, company.sudo(), today
                )
        return rows

    def _merged_rules(self):
        """What would be in force with these own rows, as plain rules for the check."""
        self.ensure_one()
        source = self._group_table_for(self.company_id)
        own = {_identity(rule): rule for rule in self.rule_ids}
        kept = source.rule_ids.filtered(lambda rule: _identity(rule) not in own)
        mine = self.rule_ids.filtered(lambda rule: rule.origin != OFF)
        return (*kept._as_rules(), *mine._as_rules())


def _identity(rule):
    return (
        rule.customer_type,
        rule.service,
        rule.supply_state,
        rule.suspendibility,
        rule.score_band,
        rule.seq,
    )


class DunningActionRule(models.Model):
    _inherit = "dunning.action.rule"

    def action_change_here(self):
        """Button on a row of the group: take it over, to be changed by this company."""
        return self._take_over(CHANGED)

    def action_switch_off_here(self):
        """Button on a row of the group: this company does without it."""
        return self._take_over(OFF)

    def _take_over(self, origin):
        self.ensure_one()
        self.check_access("read")
        opened = self.table_id.action_own_rows()
        draft = self.env["dunning.action.table"].browse(opened["res_id"])
        mine = draft.rule_ids.filtered(lambda rule: _identity(rule) == _identity(self))
        if mine:
            mine.origin = origin
        else:
            self.sudo().copy({"table_id": draft.id, "origin": origin})
        return opened

    def _default_origin(self):
        """Rows that a member writes by hand are additions, but those of the group."""
        for rule in self.filtered(
            lambda r: r.table_id.scope == "override" and not r.origin
        ):
            source = rule.table_id._group_table_for(rule.company_id)
            known = {_identity(other) for other in source.rule_ids}
            rule.origin = CHANGED if _identity(rule) in known else ADDED
