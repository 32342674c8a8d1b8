"""What the technical office answers, as a dataset of the acquisition.

Headings and helps are Italian by nature, as in utility_supply's own datasets.
"""

from odoo.addons.utility_supply.formats import datasets
from odoo.addons.utility_supply.formats.datasets import DatasetSpec, FieldDef

NAME = "technical_answers"

CODES = {
    "technical_answer": {
        "accepted": ("accettato", "accettata", "preso in carico", "acc"),
        "planned": ("pianificato", "pianificata", "piano", "programmato", "pia"),
        "executed": ("eseguito", "eseguita", "fatto", "ok", "ese"),
        "not_done": ("non eseguito", "non eseguita", "non fatto", "ko", "neg"),
        "refused": ("rifiutato", "rifiutata", "respinto", "rif"),
        "given_back": ("annullato", "annullata", "revocato", "restituito", "ann"),
    },
    "technical_reason": {
        "meter_unreachable": (
            "contatore non raggiungibile",
            "contatore inaccessibile",
            "assente",
        ),
        "wrong_meter": ("contatore errato", "contatore sbagliato", "matricola errata"),
        "danger": ("pericolo", "condizioni di pericolo"),
        "opposition": ("opposizione", "opposizione del cliente", "rifiuto accesso"),
        "impossible": (
            "tecnicamente impossibile",
            "impossibile",
            "impedimento tecnico",
        ),
        "not_done": ("altro", "altro motivo"),
    },
}


def _words(kind):
    return tuple(words[0].capitalize() for words in CODES[kind].values())


SPEC = DatasetSpec(
    name=NAME,
    sheet="Risposte ufficio tecnico",
    key=("order_ref",),
    row_key=("order_ref", "answer", "date"),
    fields=(
        FieldDef(
            "order_ref",
            "Ordine",
            "text",
            True,
            "",
            32,
            "Numero dell'ordine, come nell'elenco inviato (OT/000123).",
        ),
        FieldDef(
            "point_code",
            "POD/PDR/Punto",
            "text",
            False,
            "",
            64,
            "Se scritto, deve essere il punto dell'ordine.",
        ),
        FieldDef(
            "answer",
            "Risposta",
            "code",
            True,
            "technical_answer",
            0,
            "Che cosa è stato deciso o fatto.",
            2,
            _words("technical_answer"),
        ),
        FieldDef(
            "date",
            "Data",
            "date",
            False,
            "",
            0,
            "Giorno pianificato, o giorno dell'intervento; formato gg/mm/aaaa.",
        ),
        FieldDef(
            "reason",
            "Motivo",
            "code",
            False,
            "technical_reason",
            0,
            "Perché non è stato eseguito.",
            2,
            _words("technical_reason"),
        ),
        FieldDef("note", "Nota", "text", False, "", 200, "Testo libero."),
    ),
)
datasets.register(SPEC, CODES)
