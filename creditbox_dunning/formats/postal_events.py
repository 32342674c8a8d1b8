"""Events of the post as a dataset of the acquisition: what a provider's file may say.

The columns of each provider's file are a profile of the acquisition; its codes are a
table of the provider. Headings and helps are Italian by nature, as in
utility_supply's own datasets.
"""

from ...utility_supply.formats.datasets import DatasetSpec, FieldDef, register

NAME = "postal_events"


def _text(name, heading, help_text, length, required=False):
    return FieldDef(name, heading, "text", required, "", length, help_text)


SPEC = DatasetSpec(
    name=NAME,
    sheet="Esiti postali",
    # only the provider's own number tells one event from another: without it nothing
    # in a file is a repetition, and the loader knows again what it has already
    key=("event_id",),
    fields=(
        _text("event_id", "Id evento", "Numero dell'evento presso il fornitore.", 64),
        _text(
            "letter_uuid",
            "Codice lettera",
            "Codice della lettera scritto nell'indice del lotto.",
            64,
        ),
        _text(
            "registered_no",
            "Numero raccomandata",
            "Numero della raccomandata; basta da solo se la lettera lo ha già.",
            40,
        ),
        _text("event_code", "Codice esito", "Codice del fornitore.", 40, True),
        _text("cause_code", "Causale", "Motivo della mancata consegna.", 40),
        _text("event_text", "Descrizione esito", "Testo del fornitore.", 300),
        FieldDef(
            "event_at",
            "Data esito",
            "moment",
            True,
            help="Data, o data e ora, dell'evento (non del file).",
        ),
        _text("receiver", "Ricevente", "Chi ha firmato: destinatario, portiere...", 80),
        _text("image_name", "Immagine", "Nome del file con la cartolina AR.", 200),
        FieldDef("pages", "Pagine", "int", help="Pagine stampate."),
        FieldDef(
            "cost", "Costo", "decimal", help="Costo della lettera in euro.", decimals=4
        ),
        _text("job", "Lotto", "Numero del lotto.", 64),
    ),
)
register(SPEC)
