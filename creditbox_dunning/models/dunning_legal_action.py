from odoo import fields, models

from ..rules import legal
from .dunning_legal_file import OVER

COURT_ACTION = 10
OPERATOR = "creditbox_dunning.group_dunning_operator"


class DunningAction(models.Model):
    """The step "legal action" of the table: it opens a file, and the file follows."""

    _inherit = "dunning.action"

    def _record_outcome(
        self, outcome, day, state=None, note="", reason=None, breach=None, **vals
    ):
        # EXTENDS: told by the form of the outcome, it is a step of the file as well
        number = vals.pop("court_number", "")
        result = super()._record_outcome(
            outcome, day, state, note, reason, breach, **vals
        )
        if outcome in legal.OUTCOMES:
            files = self.env["dunning.legal.file"].sudo()
            files = files.search([("action_id", "in", self.ids)])
            files._add_told(outcome, day, note, number)
        return result

    def _set_state(self, state, *reasons, **vals):
        # EXTENDS: approved, it opens its file; over, the file is over
        result = super()._set_state(state, *reasons, **vals)
        mine = self.filtered(lambda a: a.action_type_id.code == COURT_ACTION)
        files = self.env["dunning.legal.file"]
        if mine and state == "executing":
            files = files._open_for(mine)
        elif mine and state in ("done", "failed", "superseded"):
            files = files.sudo().search([("action_id", "in", mine.ids)])
        for file in files:
            told = file.action_id.outcome
            if state == "executing":
                # taken up again, a file that was called off goes on
                told = told or "preparing"
                known = legal.ENDS
            else:
                told = told if told in OVER else "cancelled"
                known = OVER
            if file.state not in known and file.state != told:
                file._become(told)
        return result


class DunningLegalFile(models.Model):
    _inherit = "dunning.legal.file"

    def _become(self, state):
        """The file as its action says; once it is over nothing has to be watched."""
        self.ensure_one()
        was_over = self.state in OVER
        vals = {"state": state, "ended_on": False}
        if state in legal.ENDS:
            vals["ended_on"] = self.action_id.executed_date
        elif state in OVER:
            vals["ended_on"] = self.env["dunning.case"]._today(self.company_id)
        self.sudo()._guarded().write(vals)
        if was_over or state in OVER:
            self._sync_reminders(again=was_over)


class DunningCase(models.Model):
    _inherit = "dunning.case"

    legal_file_count = fields.Integer(
        compute="_compute_legal_file_count", groups=OPERATOR
    )

    def _compute_legal_file_count(self):
        groups = self.env["dunning.legal.file"]._read_group(
            [("case_id", "in", self.ids)], ["case_id"], ["__count"]
        )
        counts = {case.id: count for case, count in groups}
        for case in self:
            case.legal_file_count = counts.get(case.id, 0)

    def action_open_legal_files(self):
        """Smart button: the legal files of the case."""
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Legal files"),
            "res_model": "dunning.legal.file",
            "view_mode": "list,form",
            "domain": [("case_id", "in", self.ids)],
        }
