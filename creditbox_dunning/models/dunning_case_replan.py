from odoo import models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from ..rules.facts import Reason
from .dunning_action import OPEN_STATES
from .reason_texts import pack, unpack

# a preview decides each case twice: more than this many at a time is a nightly job
MAX_REPLANNED = 2000
TECHNICAL = 7


class RollbackPreviewError(Exception):
    """Undoes what a preview had to write."""


class DunningCase(models.Model):
    """Moving open cases to another version of the action table."""

    _inherit = "dunning.case"

    def action_replan(self):
        """The wizard that moves these cases to a newer table."""
        self._check_is_manager()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "creditbox_dunning.dunning_replan_wizard_action"
        )
        return {**action, "context": {"default_case_ids": self.ids}}

    # business

    def _check_table(self, table):
        """Raise unless ``table`` may be followed by all of these cases."""
        self._check_is_manager()
        self.check_access("read")
        table.check_access("read")
        if len(self) > MAX_REPLANNED:
            raise UserError(
                self.env._(
                    "Move %(count)s cases at most at a time.", count=MAX_REPLANNED
                )
            )
        for company in self.company_id:
            if table.company_id not in (company, company.root_id):
                raise UserError(
                    self.env._("The table belongs to another company than the cases.")
                )
        if table.state != "published" or table.scope != "company":
            raise UserError(
                self.env._("Cases are moved to the version in force only: publish it.")
            )

    def _stays(self):
        """Why this case cannot be moved now, or an empty text."""
        self.ensure_one()
        if self.state == "closed":
            return self.env._("The case is closed.")
        busy = self.action_ids.filtered(
            lambda action: (
                action.state == "executing" and action.action_type_id.code == TECHNICAL
            )
        )
        if busy:
            return self.env._(
                "The technical office is at work: record what came of it first."
            )
        return ""

    def _preview_table(self, table, today=None):
        """{case: (decision by its table, decision by ``table``)}; nothing is written.

        Both are the engine's own decisions; the table is put in place and taken away
        again inside a savepoint.
        """
        self._check_table(table)
        result = {}
        for company, cases in self.grouped("company_id").items():
            engine = self.env["dunning.engine"].sudo().with_company(company)
            live = cases.filtered(lambda case: case.state != "closed").sudo()
            if not live:
                continue
            day = today or self._today(company)
            before = engine._decide(live, day)[0]
            after = {}
            try:
                with self.env.cr.savepoint():
                    live.filtered(lambda c: not c._stays())._put_table(table)
                    after = engine._decide(live, day)[0]
                    raise RollbackPreviewError
            except RollbackPreviewError:
                live.invalidate_recordset()
            for case in live:
                result[case.with_env(self.env)] = (before[case], after[case])
        return result

    def _move_to_table(self, table, today=None):
        """Let these cases follow ``table`` from now on; returns those that moved.

        For credit managers. What was done stays done, by the rows that it was done
        with; steps that wait for a decision are taken back and proposed again by the
        new rows. Cases that cannot move (closed, or the technical office at work) stay.
        """
        self._check_table(table)
        moving = self.filtered(lambda c: c.table_id != table and not c._stays()).sudo()
        texts = {
            case.id: self.env._(
                "Moved from %(old)s to %(new)s.",
                old=case.table_id.display_name or "-",
                new=table.display_name,
            )
            for case in moving
        }
        moving._put_table(table)
        for company, cases in moving.grouped("company_id").items():
            engine = self.env["dunning.engine"].sudo().with_company(company)
            day = today or self._today(company)
            decisions, facts, *_rest = engine._decide(cases, day)
            engine._update_cases(
                [
                    engine._prepare_case_values(case, decision, facts[case.id], day)
                    for case, decision in decisions.items()
                    if decision.kind != "close"
                ]
            )
        moving._message_log_batch(texts, author_id=self.env.user.partner_id.id)
        return moving.with_env(self.env)

    def _put_table(self, table):
        """Write the table; take back the steps of the old one that wait."""
        waiting = self.action_ids.filtered(
            lambda action: action.state in OPEN_STATES and action.state != "executing"
        )
        waiting._withdraw(Reason.of("table_changed"))
        self._guarded().with_context(tracking_disable=True).write(
            {"table_id": table.id}
        )

    def _decision_words(self, decision):
        """A decision as a sentence: what, when and why."""
        kinds = dict(self._fields["next_kind"]._description_selection(self.env))
        what = kinds.get(decision.kind, decision.kind)
        if decision.rule:
            rule = self.env["dunning.action.rule"].sudo().browse(decision.rule.id)
            what = f"{what}: {rule.display_name}"
        why = unpack(self.env, pack(decision.reasons), self.currency_id[:1])
        when = format_date(self.env, decision.date) if decision.date else ""
        return what, when, why
