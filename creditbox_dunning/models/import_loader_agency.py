from odoo import api, fields, models
from odoo.tools.translate import LazyTranslate

from odoo.addons.utility_supply.models.import_message import LOADER_MESSAGES, issue

from ..rules import agency, work
from ..rules.facts import Reason
from .agency_dataset import NAME
from .amounts import exact
from .dunning_action import OPEN_STATES

_lt = LazyTranslate(__name__)
LABEL = "Results of collection agencies"

LOADER_MESSAGES.update(
    {
        "agency_no_amount": _lt("A payment needs its amount, more than zero."),
        "agency_no_promise": _lt("A promise needs the day on which the customer pays."),
    }
)
COLUMNS = {
    "work_no_day": "date",
    "work_future": "date",
    "work_before_order": "date",
    "agency_no_amount": "amount",
    "agency_no_promise": "promised",
}


class UtilityImportProfile(models.Model):
    _inherit = "utility.import.profile"

    dataset = fields.Selection(
        selection_add=[(NAME, LABEL)], ondelete={NAME: "cascade"}
    )

    @api.model
    def _datasets(self):
        # EXTENDS utility_supply
        return [*super()._datasets(), NAME]


class UtilityImportBatch(models.Model):
    _inherit = "utility.import.batch"

    dataset = fields.Selection(
        selection_add=[(NAME, LABEL)], ondelete={NAME: "set null"}
    )


class UtilityImportLoaderAgency(models.AbstractModel):
    """What agencies tell of their assignments, by the number of the assignment.

    The same row again changes nothing; what does not fit is set aside for a person.
    """

    _name = "utility.import.loader.agency_answers"
    _inherit = "utility.import.loader"
    _description = "Loader of the agencies' results"

    def _facts(self, batch, records):
        company = batch.company_id
        found = self.env["dunning.agency.assignment"]._with_ref(
            self._values_of(records, "assignment_ref"), company
        )
        return {
            "assignments": found,
            "today": self.env["dunning.case"]._today(company),
            # the answers about one assignment in one file build upon each other
            "seen": {name: one._as_facts() for name, one in found.items()},
        }

    def _judge(self, batch, record, facts, known):
        ref = record["assignment_ref"]
        assignment = facts["assignments"].get(ref)
        if not assignment:
            return [issue("work_unknown", "assignment_ref", ref)]
        answer = self._answer(record)
        verdict = agency.judge(facts["seen"][ref], answer, facts["today"])
        if verdict == agency.APPLY:
            facts["seen"][ref] = agency.after(facts["seen"][ref], answer)
            return "updated"
        if verdict == agency.UNCHANGED:
            return "unchanged"
        column = COLUMNS.get(verdict, "assignment_ref")
        labels = dict(assignment._fields["state"]._description_selection(self.env))
        return [
            issue(
                verdict,
                column,
                record.get(column),
                sent=fields.Date.to_string(assignment.sent_on) or "-",
                state=labels[assignment.state],
            )
        ]

    def _answer(self, record):
        return agency.Answer(
            record["answer"],
            record.get("date"),
            record.get("amount"),
            record.get("promised"),
            record.get("payment_ref") or "",
        )

    def _apply(self, batch, todo, facts):
        source = batch.filename or batch.name
        rows = [
            (facts["assignments"][record["assignment_ref"]], record)
            for _number, record, outcome in todo
            if outcome == "updated"
        ]
        results = self.env["dunning.agency.result"].sudo()._guarded()
        results.create(
            [
                one._prepare_result(self._answer(record), record.get("note"), source)
                for one, record in rows
            ]
        )
        for one, record in rows:
            one._apply_answer(self._answer(record), record.get("note") or "", source)


class DunningAgencyAssignment(models.Model):
    _inherit = "dunning.agency.assignment"

    def _as_facts(self):
        """This assignment as rules/agency.py judges it."""
        self.ensure_one()
        return agency.Assignment(
            self.state,
            exact(self.amount),
            self.mandate_from or None,
            self.mandate_to or None,
            self.outcome or "",
            self.done_date or None,
            frozenset(
                agency.Answer(
                    row.kind,
                    row.date,
                    exact(row.amount) if row.amount else None,
                    row.promised or None,
                    row.ref or "",
                ).key
                for row in self.result_ids
                if row.kind in agency.HISTORY
            ),
        )

    def _prepare_result(self, answer, note, source):
        return {
            "assignment_id": self.id,
            "company_id": self.company_id.id,
            "kind": answer.kind,
            "date": answer.day,
            "amount": float(answer.amount or 0),
            "promised": answer.promised,
            "ref": answer.ref or False,
            "note": note or False,
            "source": source,
        }

    def _apply_answer(self, answer, note, source):
        """Record an answer that was judged good.

        :param source: name of the file, for the history
        """
        self.ensure_one()
        if answer.kind in agency.HISTORY:
            return
        told = Reason.of("told_by_file", file=source, note=note)
        if answer.kind == agency.GIVEN_BACK:
            self._give_back(f"{source}: {note}" if note else source)
        elif self.action_id.state in OPEN_STATES and self.state in work.WANTED:
            self.action_id._record_outcome(
                answer.kind, answer.day, note=note, reason=told
            )
