from odoo import models
from odoo.tools.translate import LazyTranslate

from odoo.addons.utility_supply.models.import_message import LOADER_MESSAGES

from ..rules import agency, work
from ..rules.facts import Reason
from .amounts import exact
from .dunning_action import OPEN_STATES
from .import_loader_work import UtilityImportLoaderWork

_lt = LazyTranslate(__name__)

LOADER_MESSAGES.update(
    {
        "agency_no_amount": _lt("A payment needs its amount, more than zero."),
        "agency_no_promise": _lt("A promise needs the day on which the customer pays."),
    }
)


class UtilityImportLoaderAgency(models.AbstractModel):
    """What agencies tell of their assignments, by the number of the assignment."""

    _name = "utility.import.loader.agency_answers"
    _inherit = "utility.import.loader.work"
    _description = "Loader of the agencies' results"

    _asked = "dunning.agency.assignment"
    _ref = "assignment_ref"
    _rules = agency
    _shown_in = {
        **UtilityImportLoaderWork._shown_in,
        "agency_no_amount": "amount",
        "agency_no_promise": "promised",
    }

    def _answer(self, record):
        return agency.Answer(
            record["answer"],
            record.get("date"),
            record.get("amount"),
            record.get("promised"),
            record.get("payment_ref") or "",
        )

    def _apply_rows(self, rows, source):
        results = self.env["dunning.agency.result"].sudo()._guarded()
        told = results.create(
            [
                one._prepare_result(answer, record.get("note"), source)
                for one, answer, record in rows
            ]
        )
        asked = self.env[self._asked].browse({one.id for one, _a, _r in rows})
        asked._money_told()
        result = super()._apply_rows(rows, source)
        # once the assignment is over: a promise stops what comes next
        told.filtered(lambda one: one.kind == "promise")._take_promises()
        return result


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
                row._as_answer().key
                for row in self.result_ids
                if row.kind in agency.HISTORY
            ),
            self.promised or None,
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
