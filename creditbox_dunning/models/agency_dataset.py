"""What a collection agency answers, as a dataset of the acquisition.

Headings and helps are Italian by nature, as in utility_supply's own datasets.
"""

from odoo.addons.utility_supply.formats import datasets
from odoo.addons.utility_supply.formats.datasets import DatasetSpec, FieldDef

NAME = "agency_answers"

WORDS = {
    "taken": ("preso in carico", "presa in carico", "accettato", "acc"),
    "rejected": ("rifiutato", "rifiutata", "respinto", "rif"),
    "contact": ("contatto", "contattato", "tel"),
    "payment": ("incasso", "acconto", "pagamento", "inc"),
    "collected": ("incassato tutto", "recuperato", "saldato", "chiuso pagato"),
    "partial": ("incassato in parte", "recupero parziale", "parziale"),
    "promise": ("promessa di pagamento", "promessa", "pdp"),
    "insolvent": ("insolvente", "nullatenente", "ins"),
    "debtor_untraceable": ("irreperibile", "irr"),
    "disputed": ("contestato", "contestazione", "con"),
    "negative": ("non incassato", "negativo", "neg"),
    "given_back": ("restituito", "restituita", "revocato", "annullato"),
}
CODES = {"agency_answer": WORDS}
ACCEPTED = tuple(words[0].capitalize() for words in WORDS.values())
_DAY = "formato gg/mm/aaaa."

SPEC = DatasetSpec(
    name=NAME,
    sheet="Esiti agenzia",
    key=("assignment_ref",),
    row_key=("assignment_ref", "answer", "date", "payment_ref"),
    fields=(
        FieldDef(
            "assignment_ref",
            "Affidamento",
            "text",
            True,
            "",
            32,
            "Numero dell'affidamento, come nel file inviato (AF/000123).",
        ),
        FieldDef(
            "answer",
            "Esito",
            "code",
            True,
            "agency_answer",
            0,
            "Che cosa è successo. Contatti e incassi non chiudono l'affidamento.",
            2,
            ACCEPTED,
        ),
        FieldDef("date", "Data", "date", True, "", 0, f"Giorno dell'esito, {_DAY}"),
        FieldDef(
            "amount",
            "Importo",
            "decimal",
            False,
            "",
            0,
            "Importo incassato o promesso, con la virgola per i decimali.",
        ),
        FieldDef(
            "promised",
            "Data promessa",
            "date",
            False,
            "",
            0,
            f"Per le promesse: quando paga, {_DAY}",
        ),
        FieldDef(
            "payment_ref",
            "Riferimento",
            "text",
            False,
            "",
            64,
            "Numero dell'incasso o del contatto presso l'agenzia.",
        ),
        FieldDef("note", "Nota", "text", False, "", 200, "Testo libero."),
    ),
)
datasets.register(SPEC, CODES)
