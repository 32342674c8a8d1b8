"""Practices of the past as a dataset of the acquisition: what a workbook may say.

Headings and helps are Italian by nature, as in utility_supply's own datasets.
"""

import re

from odoo.addons.utility_supply.formats import datasets
from odoo.addons.utility_supply.formats.datasets import DatasetSpec, FieldDef

NAME = "cmor_practices"
SII_CODE = re.compile(r"SII[A-Z0-9]{12}")
OWN_CODE = re.compile(r"[A-Za-z0-9_-]{1,15}")

# state of ours -> words of the file; what has not left is found by the program itself
STATE_WORDS = {
    "sent": ("inviata",),
    "rejected": ("non ammessa", "respinta"),
    "accepted": ("ammessa", "accettata"),
    "suspended": ("sospesa",),
    "to_distributor": ("al distributore",),
    "awaiting_csea": ("in attesa csea", "in attesa di csea", "fatturata"),
    "paid": ("pagata", "incassata"),
    "cancelled": ("annullata",),
    "closed": ("chiusa",),
    "received": ("ricevuta",),
    "matched": ("abbinata",),
    "to_charge": ("da addebitare",),
    "charged": ("addebitata",),
    "collected": ("riscossa",),
    "uncollected": ("non riscossa",),
}
CODES = {
    "cmor_side": {"outgoing": ("uscente", "u"), "incoming": ("entrante", "e")},
    "cmor_state": STATE_WORDS,
}
_DAY = "Data, formato gg/mm/aaaa."
_EURO = "Importo in euro, con la virgola per i decimali."


def _text(name, heading, help_text, length, required=False):
    return FieldDef(name, heading, "text", required, "", length, help_text)


def _of(kind, name, heading, help_text, required=False):
    return FieldDef(name, heading, kind, required, "", 0, help_text)


def _code(name, heading, help_text, kind):
    words = tuple(words[0].capitalize() for words in CODES[kind].values())
    return FieldDef(name, heading, "code", True, kind, 0, help_text, 2, words)


SPEC = DatasetSpec(
    name=NAME,
    sheet="Pratiche CMOR",
    key=("code",),
    row_key=("code", "sii_code"),
    amount_field="indemnity",
    fields=(
        _text(
            "sii_code",
            "CP_GESTORE",
            "Codice pratica del SII (SII e 12 caratteri); obbligatorio se la pratica"
            " è stata ammessa.",
            15,
        ),
        _text(
            "code",
            "CP_UTENTE",
            "Nostro codice pratica; obbligatorio per il lato uscente. Non sarà più"
            " assegnato.",
            15,
        ),
        _code("side", "Lato", "Il nostro ruolo nella pratica.", "cmor_side"),
        _code("state", "Stato", "A che punto è la pratica.", "cmor_state"),
        _text(
            "customer_code",
            "Codice cliente",
            "Codice del cliente nel gestionale.",
            64,
            True,
        ),
        _text("point_code", "POD/PDR", "Punto della fornitura.", 64, True),
        _text(
            "contract_code",
            "Codice contratto",
            "Serve se il cliente ha avuto più contratti sullo stesso punto.",
            64,
        ),
        _of("decimal", "indemnity", "Indennizzo", _EURO, True),
        _of("decimal", "credit", "Credito", _EURO),
        _of("decimal", "prev_cmor", "CMOR precedente", _EURO),
        _of(
            "texts", "billing_refs", "Bollette", "Numeri delle bollette, separati da |."
        ),
        _of("date", "sent_on", "Data invio", _DAY),
        _of(
            "date",
            "accepted_on",
            "Data accettazione",
            "Giorno in cui il SII l'ha ammessa (uscente) o notificata (entrante),"
            " formato gg/mm/aaaa.",
        ),
        _of(
            "date",
            "state_on",
            "Data stato",
            "Giorno da cui è in questo stato: i termini corrono da qui. Formato"
            " gg/mm/aaaa.",
        ),
        _of("date", "paid_on", "Data pagamento CSEA", _DAY),
        _of("decimal", "received", "Importo ricevuto", _EURO),
        _text("payment_ref", "Riferimento pagamento", "CRO o riferimento CSEA.", 64),
    ),
)
datasets.register(SPEC, CODES)
