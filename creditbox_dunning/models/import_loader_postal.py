from odoo import fields, models
from odoo.fields import Domain
from odoo.tools.translate import LazyTranslate

from odoo.addons.utility_supply.models.import_message import LOADER_MESSAGES, issue

_lt = LazyTranslate(__name__)

LOADER_MESSAGES.update(
    {
        "postal_no_letter": _lt(
            "Write the code of the letter or its registered number."
        ),
        "postal_unknown": _lt(
            "No letter has the code or the registered number %(value)s."
        ),
        "postal_ambiguous": _lt("Several letters have the number %(value)s."),
        "postal_number": _lt(
            "The letter has another registered number (%(old)s) than %(value)s."
        ),
        "postal_early": _lt("%(value)s is before the letter was made."),
        "postal_future": _lt("%(value)s has not come yet."),
        "package_damaged": _lt(
            "%(value)s is damaged or no archive that may be opened."
        ),
        "package_empty": _lt("%(value)s is empty."),
        "package_double": _lt("Two files in the archive are called %(value)s."),
        "package_too_large": _lt("%(value)s is larger than %(limit)s MB."),
    }
)


class UtilityImportBatch(models.Model):
    _inherit = "utility.import.batch"

    postal_event_ids = fields.One2many(
        "dunning.postal.event", "batch_id", string="Events of letters"
    )
    postal_note = fields.Text(string="Not understood in the archive", readonly=True)


class UtilityImportLoaderPostalEvents(models.AbstractModel):
    """Events of letters, by the letter's code or its registered number.

    An event that is known changes nothing; one whose code nobody knows is kept and
    shown. What the events of a letter mean together is rules/postal.py's.
    """

    _name = "utility.import.loader.postal_events"
    _inherit = "utility.import.loader"
    _description = "Loader of outcomes of the post"

    def _facts(self, batch, records):
        letters = self._letters(batch, records)
        events = self.env["dunning.postal.event"].sudo()
        known = events.search_fetch(
            [("communication_id", "in", letters.ids)],
            ["communication_id", "fingerprint"],
        )
        by_number = {}
        for letter in letters.filtered("protocol"):
            number = letter.protocol.strip()
            by_number[number] = by_number.get(number, letters.browse()) | letter
        return {
            "by_key": {letter.key: letter for letter in letters},
            "by_number": by_number,
            "known": {
                (event.communication_id.id, event.fingerprint) for event in known
            },
            "now": fields.Datetime.context_timestamp(
                self.with_context(tz="Europe/Rome"), fields.Datetime.now()
            ).replace(tzinfo=None),
        }

    def _letters(self, batch, records):
        numbers = self._values_of(records, "registered_no")
        return (
            self.env["dunning.communication"]
            .sudo()
            .search(
                Domain("company_id", "=", batch.company_id.id)
                & Domain("channel", "in", ("ar", "pp"))
                & (
                    Domain("key", "in", self._values_of(records, "letter_uuid"))
                    | Domain("protocol", "in", numbers)
                )
            )
        )

    def _classify(self, batch, records, facts, known):
        judged, numbers = {}, {}
        for number, record in records:
            letter, issues = self._letter(record, facts, numbers)
            found = issues or self._judge_event(record, letter, facts)
            judged[number] = found
            if isinstance(found, str) and record.get("registered_no"):
                # the next rows of the file may know the letter by it
                numbers.setdefault(record["registered_no"], letter)
        return judged

    def _letter(self, record, facts, told):
        """(letter, [Issue]) of a record."""
        code, number = record.get("letter_uuid"), record.get("registered_no")
        if not code and not number:
            return None, [issue("postal_no_letter", "letter_uuid")]
        if code:
            letter = facts["by_key"].get(code.lower())
        else:
            letter = facts["by_number"].get(number) or told.get(number)
        if not letter:
            name = "letter_uuid" if code else "registered_no"
            return None, [issue("postal_unknown", name, code or number)]
        if len(letter) > 1:
            return None, [issue("postal_ambiguous", "registered_no", number)]
        if number and letter.protocol and letter.protocol.strip() != number:
            old = letter.protocol
            return None, [issue("postal_number", "registered_no", number, old=old)]
        return letter, []

    def _judge_event(self, record, letter, facts):
        when = record["event_at"]
        if when.date() > facts["now"].date():
            return [issue("postal_future", "event_at", when)]
        if when.date() < letter.create_date.date():
            return [issue("postal_early", "event_at", when)]
        event = (letter.id, letter.postal_event_ids._fingerprint(record))
        return "unchanged" if event in facts["known"] else "created"

    def _apply(self, batch, todo, facts):
        events = self.env["dunning.postal.event"].sudo()
        codes, numbers, values, seen = {}, {}, [], set()
        for _number, record, outcome in todo:
            letter, _issues = self._letter(record, facts, numbers)
            if record.get("registered_no"):
                numbers.setdefault(record["registered_no"], letter)
            if outcome != "created":
                continue
            provider = letter.provider_id
            if provider not in codes:
                codes[provider] = provider._postal_codes()
            vals = events._prepare_vals(letter, record, codes[provider], batch)
            key = (letter.id, vals["fingerprint"])
            if key not in seen:
                seen.add(key)
                values.append(vals)
        made = events._guarded().create(values)
        made._find_cards()
        made.communication_id._apply_postal_events()
