from odoo import models
from odoo.exceptions import UserError
from odoo.tools.translate import LazyTranslate

from odoo.addons.utility_supply.models.import_message import LOADER_MESSAGES

from ..rules import technical, work
from ..rules.facts import Reason
from .dunning_action import OPEN_STATES
from .import_loader_work import UtilityImportLoaderWork

_lt = LazyTranslate(__name__)

LOADER_MESSAGES.update(
    {
        "work_unknown": _lt(
            "There is no %(value)s in this company. Correct the number, then retry."
        ),
        "work_other_point": _lt(
            "%(value)s is not the point of this order (%(point)s): ask the office"
            " which of the two is right."
        ),
        "work_no_day": _lt("This answer needs its day."),
        "work_future": _lt("%(value)s lies in the future: what was done has its day."),
        "work_before_order": _lt(
            "%(value)s comes before the day on which it was sent (%(sent)s)."
        ),
        "work_list_is_planned": _lt(
            "A list is answered with the day planned, not as carried out."
        ),
        "work_not_sent": _lt(
            "%(value)s was never sent: if it was told by telephone, record it on the"
            " step."
        ),
        "work_over": _lt(
            "%(value)s is over already with another result (%(state)s): what is"
            " recorded is never rewritten by a file."
        ),
        "work_called_back": _lt(
            "%(value)s was called back: tell who has it to stop, and wait for the"
            " confirmation."
        ),
        "work_not_called_back": _lt(
            "%(value)s was not called back: as it stands it is still wanted."
        ),
        "work_all_the_same": _lt(
            "%(value)s was called back and carried out all the same: record it on the"
            " step with the button Carried out all the same, then discard this row."
        ),
    }
)


class UtilityImportLoaderTechnical(models.AbstractModel):
    """Plans and outcomes of the technical office, by the number of the order.

    A row about an order that was called back, is over, or is of another point is set
    aside.
    """

    _name = "utility.import.loader.technical_answers"
    _inherit = "utility.import.loader.work"
    _description = "Loader of the technical office's answers"

    _asked = "dunning.technical.order"
    _ref = "order_ref"
    _rules = technical
    _shown_in = {
        **UtilityImportLoaderWork._shown_in,
        "work_other_point": "point_code",
    }

    def _answer(self, record):
        return technical.Answer(
            record["answer"],
            record.get("date"),
            record.get("reason") or "",
            record.get("point_code") or "",
        )

    def _problem_words(self, asked):
        return {"point": asked.point_code or "-"}


class DunningTechnicalOrder(models.Model):
    _inherit = "dunning.technical.order"

    def _as_facts(self):
        """This order as rules/technical.py judges it."""
        self.ensure_one()
        return technical.Order(
            self.op,
            self.state,
            self.point_code or "",
            self.sent_on or None,
            self.planned_date or None,
            self.done_date or None,
            self.outcome or "",
        )

    def _apply_answer(self, answer, note, source):
        """Record an answer that was judged good; UserError when the law forbids it.

        :param source: name of the file, for the history
        """
        self.ensure_one()
        told = Reason.of("told_by_file", file=source, note=note or "")
        action, text = self.action_id, f"{source}: {note}" if note else source
        is_open = action.state in OPEN_STATES
        if answer.kind == technical.ACCEPTED:
            self._move(work.TAKEN, text)
        elif answer.kind == technical.GIVEN_BACK:
            self._give_back(text)
        elif answer.kind == technical.PLANNED:
            self._apply_plan(answer.day, note, told, text)
        elif answer.kind == technical.EXECUTED:
            action._record_outcome("executed", answer.day, note=note, reason=told)
        elif is_open and self.state in work.WANTED:
            day = answer.day or self.env["dunning.case"]._today(self.company_id)
            outcome = technical.outcome_of(answer)
            action._record_outcome(outcome, day, note=note, reason=told)
        else:
            # called back: nothing was done, which is what was asked
            self._give_back(text)

    def _apply_plan(self, day, note, told, text):
        action = self.action_id
        if self.op != technical.LIST:
            action._check_open_day(day)
            self._move(work.PLANNED, text, planned_date=day)
            return
        sent = action.executed_date or self.sent_on
        if day < sent:
            raise UserError(
                self.env._("The work cannot be planned before the list was sent.")
            )
        action._record_outcome(
            "executed", sent, note=note, reason=told, planned_work_date=day
        )
