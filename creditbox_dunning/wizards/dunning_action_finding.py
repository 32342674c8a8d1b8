from decimal import Decimal

from odoo import fields, models
from odoo.tools.misc import format_amount

from ..models.day_words import day_count
from ..models.dunning_action_rule import told_keys
from ..models.reason_texts import pack, unpack
from ..models.table_texts import FINDINGS

# combinations named in a sentence; the rest is counted
SHOWN_KEYS = 12


class DunningActionFinding(models.TransientModel):
    """One line of the check of an action table, as it was when it was asked for."""

    _name = "dunning.action.finding"
    _description = "Finding on an action table"
    _order = "id"

    table_id = fields.Many2one("dunning.action.table", required=True, readonly=True)
    rule_id = fields.Many2one("dunning.action.rule", string="Row", readonly=True)
    severity = fields.Selection(
        [("error", "Error"), ("warning", "Warning")], required=True, readonly=True
    )
    code = fields.Char(readonly=True)
    set_name = fields.Char(string="Set", readonly=True)
    sentence = fields.Char(string="What was found", readonly=True)

    def action_open_set(self):
        """The grid of the set that the finding is about."""
        self.ensure_one()
        if not self.rule_id:
            return self.table_id.action_open_sets()
        return self.rule_id._open_set()

    def _show(self, table, findings):
        """Records for ``findings``, in their order."""
        known = set(table.sudo().rule_ids.ids)
        return self.create(
            [
                {
                    "table_id": table.id,
                    "rule_id": next((r for r in f.rules if r in known), False),
                    "severity": f.severity,
                    "code": f.code,
                    "set_name": self._key_name(f.key) if f.key else "",
                    "sentence": self._sentence(table, f, place=False),
                }
                for f in findings
            ]
        )

    def _sentence(self, table, finding, place=True):
        """``finding`` in words, led by its set and row."""
        params = {
            name: self._shown(table, name, value) for name, value in finding.params
        }
        code = finding.code
        if code == "overlap" and "high" not in params:
            code = "overlap_open"
        text = self.env._(FINDINGS[code])
        text = text % params
        if not place or not finding.key:
            return text
        seq = self.env["dunning.action.rule"].sudo().browse(finding.rules[:1]).seq
        return self.env._(
            "%(set)s, row %(row)s: %(text)s",
            set=self._key_name(finding.key),
            row=seq,
            text=text,
        )

    def _shown(self, table, name, value):
        if isinstance(value, Decimal):
            return format_amount(
                self.env, float(value), table.sudo().company_id.currency_id
            )
        if name == "days":
            return day_count(self.env, value)
        if name == "reasons":
            return unpack(self.env, pack(value), table.sudo().company_id.currency_id)
        if name == "keys":
            names = [self._key_name(key) for key in value[:SHOWN_KEYS]]
            dots = ["\N{HORIZONTAL ELLIPSIS}"] if len(value) > SHOWN_KEYS else []
            return "; ".join(names + dots)
        return value

    def _key_name(self, key):
        """A set as people call it: Domestic / Gas / Active / Suspendible."""
        rule_fields = self.env["dunning.action.rule"]._fields
        words = []
        for name in told_keys(vars(key)):
            labels = dict(rule_fields[name]._description_selection(self.env))
            words.append(labels.get(getattr(key, name)) or self.env._("Any"))
        return " / ".join(words)
