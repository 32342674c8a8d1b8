"""What an information provider answers, as a dataset of the acquisition.

Headings and helps are Italian by nature, as in utility_supply's own datasets.
"""

from odoo.addons.utility_supply.formats import datasets
from odoo.addons.utility_supply.formats.datasets import DatasetSpec, FieldDef

NAME = "info_answers"
CODES = {
    "info_result": {
        "found": ("trovato", "evaso", "ok", "si", "sì"),
        "not_found": ("non trovato", "inevaso", "nessun esito", "ko", "no"),
    }
}


def _text(name, heading, help_text, length=200, required=False):
    return FieldDef(name, heading, "text", required, "", length, help_text)


SPEC = DatasetSpec(
    name=NAME,
    sheet="Risposte infoprovider",
    key=("request_ref",),
    fields=(
        _text(
            "request_ref",
            "Richiesta",
            "Numero della richiesta, come nel file inviato (IP/000123).",
            32,
            True,
        ),
        FieldDef(
            "result",
            "Esito",
            "code",
            True,
            "info_result",
            0,
            "Se qualcosa è stato trovato.",
            2,
            ("Trovato", "Non trovato"),
        ),
        FieldDef(
            "date", "Data", "date", True, "", 0, "Data dell'informazione, gg/mm/aaaa."
        ),
        FieldDef("score", "Punteggio", "int", False, "", 0, "Punteggio del fornitore."),
        _text("score_class", "Classe", "Classe di rischio del fornitore.", 32),
        _text("street", "Indirizzo", "Via e numero civico del nuovo indirizzo."),
        _text("zip", "CAP", "CAP del nuovo indirizzo.", 10),
        _text("city", "Comune", "Comune del nuovo indirizzo.", 100),
        _text("province", "Provincia", "Sigla della provincia.", 2),
        _text("phone", "Telefono", "Telefono trovato.", 40),
        _text("pec", "PEC", "Indirizzo PEC trovato.", 200),
        _text("note", "Nota", "Testo libero."),
    ),
)
datasets.register(SPEC, CODES)
