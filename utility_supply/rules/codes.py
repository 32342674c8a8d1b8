"""Codes of the trade: words in the database, digits and Italian words in files.

The seed documents number customer types, services, supply states and suspendibility
classes; billing systems write the digit or the Italian word. Inside the product the
key is always an English word, so that a number never has to be remembered.
"""

import unicodedata

SERVICE_BY_CODE = {
    "1": "water",
    "2": "gas",
    "3": "electricity",
    "4": "telephone",
}
CUSTOMER_TYPE_BY_CODE = {
    "1": "domestic",
    "2": "non_domestic",
    "3": "large",
    "4": "public_body",
}
SUPPLY_STATE_BY_CODE = {
    "1": "active",
    "2": "suspended",
    "3": "ceased",
    "4": "to_reactivate",
}
SUSPENDIBILITY_BY_CODE = {
    "1": "suspendible",
    "2": "not_suspendible",
    "3": "deactivable",
    "4": "public_body",
}
# reduced and limited supplies are still supplied: the action table counts them active
ACTION_TABLE_STATE = {"reduced": "active", "limited": "active"}

# kind -> key -> the words, besides the key and the digit, that mean it. Written with
# the Italian (and the usual trade) spelling; `normalise` folds case, accents and
# punctuation, so only really different words are listed.
WORDS = {
    "service": {
        "water": ("acqua", "idrico", "servizio idrico", "h2o"),
        "gas": ("gas naturale", "metano"),
        "electricity": (
            "energia elettrica",
            "energia",
            "elettricita",
            "elettrico",
            "luce",
            "ee",
            "power",
        ),
        "telephone": ("telefono", "telefonia", "tlc", "internet", "fonia"),
    },
    "customer_type": {
        "domestic": ("domestico", "residenziale", "d"),
        "non_domestic": ("non domestico", "altri usi", "business", "nd"),
        "large": ("grande utente", "grandi utenti", "grande cliente", "gu"),
        "public_body": ("ente", "ente pubblico", "pubblica amministrazione", "pa"),
    },
    "supply_state": {
        "active": ("attivo", "attiva", "in fornitura"),
        "suspended": ("sospeso", "sospesa", "distaccato", "distaccata"),
        "ceased": ("cessato", "cessata", "chiuso", "chiusa"),
        "to_reactivate": ("da riattivare", "in riattivazione"),
        "reduced": ("ridotto", "ridotta", "potenza ridotta"),
        "limited": ("limitato", "limitata"),
    },
    "suspendibility": {
        "suspendible": ("sospendibile",),
        "not_suspendible": ("non sospendibile", "non disalimentabile"),
        "deactivable": ("disattivabile",),
        "public_body": ("ente", "ente pubblico"),
    },
    "end_reason": {
        "switch_out": ("switch", "switching", "cambio fornitore", "cambio venditore"),
        "transfer": ("voltura", "subentro"),
        "termination": ("cessazione", "disdetta", "recesso", "risoluzione"),
    },
    "legal_form": {
        "consumer": ("consumatore", "persona fisica", "privato"),
        "micro_enterprise": ("microimpresa", "micro impresa", "ditta individuale"),
        "business": ("impresa", "societa", "persona giuridica", "azienda"),
        "public_body": ("ente", "ente pubblico", "pubblica amministrazione", "pa"),
        "condominium": ("condominio",),
    },
    "reading_kind": {
        "actual": ("effettiva", "reale", "rilevata"),
        "estimated": ("stimata", "stima"),
        "mixed": ("mista",),
        "self": ("autolettura",),
    },
    "notice_kind": {
        "reminder": ("cortesia", "sollecito di cortesia", "preavviso"),
        "notice": ("sollecito", "bonario", "sollecito bonario"),
        "default": ("costituzione in mora", "messa in mora", "cim", "mora"),
        "termination": ("diffida", "diffida ad adempiere", "risoluzione"),
        "other": ("altro",),
    },
    "notice_channel": {
        "sms": (),
        "email": ("posta elettronica", "e-mail"),
        "pp": ("posta prioritaria", "posta ordinaria", "posta"),
        "ar": (
            "raccomandata",
            "raccomandata ar",
            "racc a/r",
            "a/r",
            "raccomandata a/r",
        ),
        "pec": ("posta elettronica certificata", "posta certificata"),
        "other": ("altro",),
    },
    "pec_source": {
        "customer": ("cliente",),
        "inipec": ("ini-pec",),
        "inad": (),
        "ipa": ("indice pa",),
    },
    "recalculation_kind": {
        "none": ("no", "nessuno"),
        "true_up": ("si", "conguaglio"),
        "meter_fault": ("ricostruzione", "guasto misuratore", "malfunzionamento"),
    },
    "gas_use": {
        "domestic": ("domestico", "uso domestico", "cottura", "riscaldamento"),
        "condominium": ("condominio", "condominio uso domestico"),
        "other": ("altri usi", "altro"),
        "public_service": ("servizio pubblico", "attivita di servizio pubblico"),
    },
    "voltage_level": {
        "low": ("bt", "bassa", "bassa tensione"),
        "medium": ("mt", "media", "media tensione"),
        "high": ("at", "aat", "alta", "alta tensione", "altissima tensione"),
    },
    "seasonal_use": {
        "none": ("no", "nessuno"),
        "seasonal": ("stagionale",),
        "temporary": ("temporaneo", "temporanea", "cantiere"),
        "second_home": ("seconda casa",),
        "irrigation": ("irriguo", "irrigazione"),
    },
    "protection_kind": {
        "life_support": ("salvavita", "bonus disagio fisico", "disagio fisico"),
        "economic_bonus": ("bonus economico", "bonus sociale", "disagio economico"),
        "water_bonus": ("bonus idrico", "bonus sociale idrico", "bonus acqua"),
        "emergency_plan": ("piano di emergenza", "pesse"),
    },
}
DIGITS = {
    "service": SERVICE_BY_CODE,
    "customer_type": CUSTOMER_TYPE_BY_CODE,
    "supply_state": SUPPLY_STATE_BY_CODE,
    "suspendibility": SUSPENDIBILITY_BY_CODE,
}
# the contract's name for the same table
WORDS["bonus_kind"] = WORDS["protection_kind"]


def fold(text):
    """``text`` without case, accents and punctuation: "Città-Alta" -> "citta alta"."""
    decomposed = unicodedata.normalize("NFKD", str(text)).casefold()
    kept = [
        char if char.isalnum() else " "
        for char in decomposed
        if not unicodedata.combining(char)
    ]
    return " ".join("".join(kept).split())


def _index(kind):
    index = {}
    for key, words in WORDS[kind].items():
        for word in (key, *words):
            index[fold(word)] = key
    for digit, key in DIGITS.get(kind, {}).items():
        index[digit] = key
    return index


_INDEX = {kind: _index(kind) for kind in WORDS}


def normalise(kind, text):
    """The key that ``text`` means in the code list ``kind``, or None.

    Accepts the key itself, the digit of the seed where there is one (also "1.0", as a
    spreadsheet may hand it over) and the Italian word, whatever case, accents and
    punctuation. Raises KeyError for an unknown ``kind``: that is a programming error.
    """
    index = _INDEX[kind]
    if text is None:
        return None
    folded = fold(text)
    if folded.endswith(" 0") and folded[:-2] in DIGITS.get(kind, {}):
        folded = folded[:-2]
    return index.get(folded)


def keys(kind):
    """All keys of the code list ``kind``, in the order of the trade."""
    return tuple(WORDS[kind])


def action_table_state(supply_state):
    """The supply state as the action table counts it (reduced, limited -> active)."""
    return ACTION_TABLE_STATE.get(supply_state, supply_state)
