import base64

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import file_open

from odoo.addons.utility_supply.formats import messages
from odoo.addons.utility_supply.formats.cells import Limits
from odoo.addons.utility_supply.formats.issues import FileRefused
from odoo.addons.utility_supply.formats.tabular import open_table

from ..formats import action_table_xlsx
from ..formats.action_table import read_action_table
from ..rules import table_diff
from .dunning_action_rule import told_keys
from .dunning_action_table import STANDARD_TABLE
from .table_texts import cell_sentence

# a table of actions has some hundred rows: whatever is larger is something else
LIMITS = Limits(
    max_bytes=8 * 2**20,
    max_uncompressed=64 * 2**20,
    max_rows=20_000,
    max_columns=100,
    max_cell_chars=5000,
)


class DunningActionTable(models.Model):
    """The table as a workbook, out and in, and back to the standard."""

    _inherit = "dunning.action.table"

    # actions

    def action_export_xlsx(self):
        """Download this version as a workbook that can be changed and read again."""
        self.ensure_one()
        self.check_access("read")
        # a file of its own, not of the table: reading it is no writing on the table
        attachment = self.env["ir.attachment"].create(
            {
                "name": self._file_name(),
                "raw": action_table_xlsx.write(self.rule_ids._as_rows()),
            }
        )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "download",
        }

    def action_import_xlsx(self):
        """The wizard that reads a workbook and shows what would change."""
        self.ensure_one()
        self._check_may_edit()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "creditbox_dunning.dunning_table_import_wizard_action"
        )
        return {**action, "context": {"default_table_id": self.id}}

    def action_restore_standard(self):
        """What restoring the shipped table would change, to be applied to a draft."""
        self.ensure_one()
        self._check_may_edit()
        wizard = self.env["dunning.table.import.wizard"].create(
            {
                "table_id": self.id,
                "filename": self.env._("Standard table.xlsx"),
                "file": base64.b64encode(
                    action_table_xlsx.write(self._standard_rows())
                ),
            }
        )
        return wizard.action_read()

    def action_compare(self):
        """What this draft changes in the version in force."""
        self.ensure_one()
        self.check_access("read")
        current = self._in_force()
        wizard = self.env["dunning.table.import.wizard"].create(
            {"table_id": current.id or self.id, "is_only_shown": True}
        )
        wizard._show(current.rule_ids._as_rows(), self.rule_ids._as_rows())
        return wizard._open()

    # business

    def _in_force(self):
        """The published table of the same kind and company."""
        return self.search(
            [
                ("company_id", "=", self.company_id.id),
                ("scope", "=", self.scope),
                ("state", "=", "published"),
            ],
            limit=1,
        )

    def _file_name(self):
        name = "".join(c if c.isalnum() else "_" for c in self.name)[:60]
        return f"{name}_v{self.version or 0}.xlsx"

    def _standard_rows(self):
        """The shipped table as rows of ``rules.table_diff``."""
        with file_open(STANDARD_TABLE, "r") as file:
            rows = read_action_table(file.read())
        types = self.env["dunning.action.type"]._by_code()
        codes = {record.id: code for code, record in types.items()}
        values = self._prepare_rule_vals(rows)
        return [
            {
                **{name: value or "" for name, value in vals.items()},
                "action": codes[vals["action_type_id"]],
                "next_ok": vals["next_ok"],
                "next_ko": vals["next_ko"],
                "wait_before": vals["wait_before"],
                "wait_after": vals["wait_after"],
                **{
                    name: vals[name]
                    for name in ("amount_from", "amount_to", "min_threshold")
                },
            }
            for vals in values
        ]

    def _read_xlsx(self, data, filename):
        """(rows, sentences of what is wrong with the file ``data``)."""
        try:
            table = open_table(data, filename or "", limits=LIMITS)
            missing = action_table_xlsx.missing_columns(table.headings)
            if missing:
                return [], [
                    self.env._("The column %(name)s is missing.", name=name)
                    for name in missing
                ]
            rows, issues = action_table_xlsx.read(
                (row.number, row.cells) for row in table.rows()
            )
        except FileRefused as refusal:
            return [], [messages.describe(i, self.env._) for i in refusal.issues]
        wrong = [cell_sentence(self.env, issue) for issue in issues]
        if not rows and not wrong:
            wrong = [self.env._("The file has no rows.")]
        return rows, wrong

    def _vals_of(self, rows):
        """Values of dunning.action.rule for rows of ``rules.table_diff``."""
        types = self.env["dunning.action.type"]._by_code()
        names = [n for n in table_diff.COLUMNS if n != "action"]
        values = []
        for row in rows:
            vals = {name: row.get(name) for name in names}
            for name in table_diff.IDENTITY[:-1]:
                vals[name] = vals[name] or False
            for name in ("amount_from", "amount_to", "min_threshold"):
                vals[name] = float(vals[name] or 0)
            vals["action_type_id"] = types[row["action"]].id
            if row.get("origin"):
                vals["origin"] = row["origin"]
            values.append(vals)
        return values

    def _apply_rows(self, rows):
        """Make the rows of this draft into ``rows``; returns the changes applied.

        Rows keep what a workbook does not hold (the e-mail's template).
        """
        self.ensure_one()
        self._check_may_edit()
        if self.state != "draft":
            raise UserError(self.env._("Rows are changed in drafts only."))
        old = {
            table_diff.identity(row): rule
            for rule, row in zip(self.rule_ids, self.rule_ids._as_rows(), strict=True)
        }
        changes = table_diff.diff(self.rule_ids._as_rows(), rows)
        with self.env["dunning.table.change"]._logging() as log:
            rules = self.rule_ids.browse().with_context(dunning_change_log=log)
            gone = [old[c.identity].id for c in changes if c.kind == "removed"]
            rules.browse(gone).unlink()
            rules._apply_changes(
                {
                    old[change.identity].id: self._changed_vals(change)
                    for change in changes
                    if change.kind == "changed"
                }
            )
            new = self._vals_of([c.new for c in changes if c.kind == "added"])
            rules.create([{**vals, "table_id": self.id} for vals in new])
        return changes

    def _changed_vals(self, change):
        [vals] = self._vals_of([change.new])
        names = {name for name, _old, _new in change.columns}
        if "action" in names:
            names.add("action_type_id")
        return {name: value for name, value in vals.items() if name in names}

    def _draft_for_import(self):
        """This version if it is a draft, else a draft with the same rows."""
        self.ensure_one()
        if self.state == "draft":
            return self
        return self.browse(self.action_new_version()["res_id"])

    def _attach(self, data, filename, body):
        """Keep the bytes that were read, with the history of the table."""
        self.sudo().message_post(
            body=body,
            attachments=[(filename or "tabella.xlsx", data)],
            message_type="notification",
            author_id=self.env.user.partner_id.id,
        )


class DunningTableRowWords(models.AbstractModel):
    """Rows and their columns in words, for the screens that compare tables."""

    _name = "dunning.table.row.words"
    _description = "Rows of an action table in words"

    def _column_label(self, name):
        fields_of = self.env["dunning.action.rule"]._fields
        name = "action_type_id" if name == "action" else name
        return fields_of[name]._description_string(self.env)

    def _value(self, name, value):
        field = self.env["dunning.action.rule"]._fields.get(name)
        if field is not None and field.type == "selection":
            words = dict(field._description_selection(self.env))
            return words.get(value) or self.env._("Any")
        if name == "action":
            types = self.env["dunning.action.type"]._by_code()
            return types[value].display_name if value in types else str(value)
        return action_table_xlsx.shown(name, value)

    def _row_words(self, row):
        names = [n for n in table_diff.VALUES if row.get(n)]
        return ", ".join(
            f"{self._column_label(name)}: {self._value(name, row[name])}"
            for name in names
        )

    def _set_words(self, identity):
        told = dict(zip(table_diff.IDENTITY, identity, strict=False))
        return " / ".join(self._value(name, told[name]) for name in told_keys(told))
