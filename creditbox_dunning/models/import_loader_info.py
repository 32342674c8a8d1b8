from odoo import models
from odoo.tools.translate import LazyTranslate

from odoo.addons.utility_supply.models.import_message import LOADER_MESSAGES

from ..rules import info, work
from .import_loader_work import UtilityImportLoaderWork

_lt = LazyTranslate(__name__)

LOADER_MESSAGES.update(
    {
        "info_nothing_told": _lt(
            "The answer says that something was found and tells nothing."
        ),
        "info_half_address": _lt("An address needs street and city."),
    }
)


class UtilityImportLoaderInfo(models.AbstractModel):
    """Answers about customers, by the number of the question.

    An answer comes once: another one is set aside.
    """

    _name = "utility.import.loader.info_answers"
    _inherit = "utility.import.loader.work"
    _description = "Loader of the information providers' answers"

    _asked = "dunning.info.request"
    _ref = "request_ref"
    _rules = info
    _shown_in = {
        **UtilityImportLoaderWork._shown_in,
        "info_nothing_told": "result",
        "info_half_address": "street",
    }

    def _answer(self, record):
        told = tuple((name, record[name]) for name in info.TOLD if record.get(name))
        return info.Answer(record["result"], record.get("date"), told)


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
