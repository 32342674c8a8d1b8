from odoo import api, fields, models
from odoo.tools.translate import LazyTranslate

from odoo.addons.utility_supply.models.import_message import LOADER_MESSAGES, issue

from ..rules import info, work
from .info_dataset import NAME

_lt = LazyTranslate(__name__)
LABEL = "Answers of information providers"

LOADER_MESSAGES.update(
    {
        "info_nothing_told": _lt(
            "The answer says that something was found and tells nothing."
        ),
        "info_half_address": _lt("An address needs street and city."),
    }
)
COLUMNS = {
    "work_no_day": "date",
    "work_future": "date",
    "work_before_order": "date",
    "info_nothing_told": "result",
    "info_half_address": "street",
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


class UtilityImportLoaderInfo(models.AbstractModel):
    """Answers about customers, by the number of the question.

    An answer comes once: the same again changes nothing, another one is set aside.
    """

    _name = "utility.import.loader.info_answers"
    _inherit = "utility.import.loader"
    _description = "Loader of the information providers' answers"

    def _facts(self, batch, records):
        company = batch.company_id
        found = self.env["dunning.info.request"]._with_ref(
            self._values_of(records, "request_ref"), company
        )
        return {
            "requests": found,
            "today": self.env["dunning.case"]._today(company),
            "seen": {name: one._as_facts() for name, one in found.items()},
        }

    def _judge(self, batch, record, facts, known):
        ref = record["request_ref"]
        request = facts["requests"].get(ref)
        if not request:
            return [issue("work_unknown", "request_ref", ref)]
        answer = self._answer(record)
        verdict = info.judge(facts["seen"][ref], answer, facts["today"])
        if verdict == info.APPLY:
            facts["seen"][ref] = info.after(facts["seen"][ref], answer)
            return "updated"
        if verdict == info.UNCHANGED:
            return "unchanged"
        column = COLUMNS.get(verdict, "request_ref")
        labels = dict(request._fields["state"]._description_selection(self.env))
        return [
            issue(
                verdict,
                column,
                record.get(column),
                sent=fields.Date.to_string(request.sent_on) or "-",
                state=labels[request.state],
            )
        ]

    def _answer(self, record):
        told = tuple((name, record[name]) for name in info.TOLD if record.get(name))
        return info.Answer(record["result"], record.get("date"), told)

    def _apply(self, batch, todo, facts):
        source = batch.filename or batch.name
        for _number, record, outcome in todo:
            if outcome == "updated":
                request = facts["requests"][record["request_ref"]]
                note = record.get("note") or ""
                request._apply_answer(self._answer(record), note, source)


class DunningInfoRequest(models.Model):
    _inherit = "dunning.info.request"

    def _as_facts(self):
        """This question as rules/info.py judges it."""
        self.ensure_one()
        return info.Question(
            self.wanted,
            self.state,
            self.sent_on or None,
            self.done_date or None,
            frozenset((name, self[name]) for name in info.TOLD if self[name]),
        )

    def _apply_answer(self, answer, note, source):
        """Keep an answer that was judged good; a trusted address is used at once."""
        self.ensure_one()
        state = work.DONE if answer.result == info.FOUND else work.FAILED
        self._move(
            state,
            f"{source}: {note}" if note else source,
            done_date=answer.day,
            **dict(answer.told),
        )
        if self.street and self.provider_id.sudo().is_address_trusted:
            self.sudo()._use_address()
