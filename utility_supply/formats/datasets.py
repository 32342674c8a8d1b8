"""The datasets that can be acquired: their fields, and the columns of our template.

Headings and helps are Italian by nature: they are what is printed in the template
workbook. Order = order of the columns. A record is a dict field name -> value; the
value of a blank cell is None (an empty tuple for the list types).
"""

from dataclasses import dataclass, field

# type of a field -> what a record holds
FIELD_TYPES = {
    "text": "str",
    "int": "int",
    "decimal": "Decimal",
    "percent": "Decimal, 22 for 22 %",
    "date": "date",
    "moment": "datetime without zone, Italian time; noon when no time is told",
    "bool": "bool",
    "code": "str, a key of rules.codes (or of LOCAL_CODES) of kind code_kind",
    "codes": "tuple of such keys, separated by | in the file",
    "texts": "tuple of str, separated by | in the file",
    "instalments": "tuple of (date, Decimal), 2026-01-31:50,00|2026-02-28:50,00",
}
LIST_TYPES = frozenset({"codes", "texts", "instalments"})

# code lists that exist in files only: kind -> key -> accepted words (any case)
LOCAL_CODES = {
    "document_type": {
        "invoice": ("ft", "fattura", "bolletta", "td01", "td24"),
        "credit_note": ("nc", "nota di credito", "nota credito", "td04"),
    },
}


@dataclass(frozen=True)
class FieldDef:
    """A field of a dataset and the column of the template that fills it.

    ``heading``, ``help``: Italian; ``decimals``: most decimals allowed (decimal only);
    ``accepted``: the words shown for a code field, as they are written in the file.
    """

    name: str
    heading: str
    type: str = "text"
    required: bool = False
    code_kind: str = ""
    max_length: int = 0
    help: str = ""
    decimals: int = 2
    accepted: tuple = ()


@dataclass(frozen=True)
class DatasetSpec:
    """A dataset. ``key``: what identifies the object in Odoo; ``row_key``: what may
    not repeat within a file (a bill over several sites has one row for each contract);
    ``amount_field``: the column that a control total adds up, "" = none."""

    name: str
    sheet: str
    fields: tuple
    key: tuple
    row_key: tuple = ()
    amount_field: str = ""
    by_name: dict = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        object.__setattr__(self, "row_key", self.row_key or self.key)
        object.__setattr__(self, "by_name", {item.name: item for item in self.fields})

    @property
    def required(self):
        """Names of the fields that every record must fill."""
        return tuple(item.name for item in self.fields if item.required)


def _text(name, heading, help_text, length=0, required=False):
    return FieldDef(name, heading, "text", required, "", length, help_text)


def _code(name, heading, help_text, kind, accepted, required=False):
    words = tuple(accepted.split("|"))
    return FieldDef(name, heading, "code", required, kind, 0, help_text, 2, words)


def _of(kind, name, heading, help_text, required=False, decimals=2):
    return FieldDef(name, heading, kind, required, "", 0, help_text, decimals)


_AMOUNT_HELP = "Importo in euro, con la virgola per i decimali."
_DAY_HELP = "Data, formato gg/mm/aaaa."
_YES_NO = "S oppure N."

CUSTOMERS = DatasetSpec(
    name="customers",
    sheet="Clienti",
    key=("billing_code",),
    fields=(
        _text(
            "billing_code",
            "Codice cliente",
            "Codice del cliente nel gestionale di fatturazione; unico per società.",
            64,
            True,
        ),
        _text("name", "Denominazione", "Cognome e nome, o ragione sociale.", 200, True),
        _code(
            "legal_form",
            "Tipo soggetto",
            "Natura giuridica del cliente.",
            "legal_form",
            "Consumatore|Microimpresa|Impresa|Ente pubblico|Condominio",
            True,
        ),
        _text(
            "fiscal_code",
            "Codice fiscale",
            "Codice fiscale, 16 caratteri (11 cifre se non è una persona fisica).",
            16,
        ),
        _text("vat", "Partita IVA", "Partita IVA, 11 cifre, con o senza IT.", 20),
        _text("street", "Indirizzo", "Via e numero civico.", 200),
        _text("zip", "CAP", "Codice di avviamento postale, 5 cifre.", 10),
        _text("city", "Comune", "Comune dell'indirizzo.", 100),
        _text("province", "Provincia", "Sigla della provincia, 2 lettere.", 40),
        _text(
            "country",
            "Nazione",
            "Codice ISO di 2 lettere; vuoto significa IT (Italia).",
            40,
        ),
        _text("email", "Email", "Indirizzo di posta elettronica ordinaria.", 254),
        _text("pec", "PEC", "Indirizzo di posta elettronica certificata.", 254),
        _code(
            "pec_source",
            "Fonte PEC",
            "Da dove viene l'indirizzo PEC.",
            "pec_source",
            "Cliente|INI-PEC|INAD|IPA",
        ),
        _text("mobile", "Cellulare", "Numero per gli SMS.", 40),
        _text("phone", "Telefono", "Numero di telefono fisso.", 40),
        _text(
            "ipa_code",
            "Codice IPA",
            "Codice univoco ufficio, solo per gli enti pubblici.",
            10,
        ),
        _of(
            "bool",
            "direct_debit",
            "Domiciliazione",
            f"Addebito diretto SEPA attivo: {_YES_NO}",
        ),
        _text("lang", "Lingua", "Codice della lingua, per esempio it_IT.", 10),
        FieldDef(
            "bonus_kind",
            "Bonus",
            "codes",
            False,
            "bonus_kind",
            0,
            "Tutele del cliente; più valori separati da |.",
            2,
            ("Salvavita", "Bonus economico", "Bonus idrico", "Piano di emergenza"),
        ),
        _of("date", "bonus_from", "Bonus dal", f"Inizio della tutela. {_DAY_HELP}"),
        _of("date", "bonus_to", "Bonus al", f"Fine della tutela. {_DAY_HELP}"),
        _text("bonus_protocol", "Protocollo bonus", "Protocollo della domanda.", 64),
    ),
)

CONTRACTS = DatasetSpec(
    name="contracts",
    sheet="Contratti",
    key=("code",),
    fields=(
        _text(
            "code",
            "Codice contratto",
            "Codice del contratto nel gestionale; unico per società.",
            64,
            True,
        ),
        _text(
            "customer_code",
            "Codice cliente",
            "Codice del cliente, come nel foglio Clienti.",
            64,
            True,
        ),
        _code(
            "service",
            "Servizio",
            "Servizio fornito (o il codice 1-4).",
            "service",
            "Acqua|Gas|Energia elettrica|Telefonia",
            True,
        ),
        _text(
            "point_code",
            "POD/PDR/Punto",
            "POD (energia elettrica), PDR di 14 cifre (gas), codice del punto (altri).",
            64,
            True,
        ),
        _code(
            "customer_type",
            "Tipologia cliente",
            "Tipologia per la tabella azioni (o il codice 1-4).",
            "customer_type",
            "Domestico|Non domestico|Grande cliente|Ente pubblico",
            True,
        ),
        _code(
            "supply_state",
            "Stato",
            "Stato della fornitura (o il codice 1-4).",
            "supply_state",
            "Attivo|Sospeso|Cessato|Da riattivare|Ridotto|Limitato",
            True,
        ),
        _of(
            "date", "date_start", "Data inizio", f"Inizio fornitura. {_DAY_HELP}", True
        ),
        _of("date", "date_end", "Data fine", f"Fine fornitura. {_DAY_HELP}"),
        _code(
            "end_reason",
            "Motivo fine",
            "Perché la fornitura è finita.",
            "end_reason",
            "Cambio fornitore|Voltura|Cessazione",
        ),
        _of("decimal", "deposit", "Deposito cauzionale", _AMOUNT_HELP),
        _text(
            "billing_account",
            "Conto di fatturazione",
            "Codice che raggruppa più contratti in una bolletta.",
            64,
        ),
        _text("sales_network", "Rete vendita", "Rete o agenzia di vendita.", 100),
        _text("division", "Divisione", "Divisione aziendale.", 100),
        _text(
            "distributor_vat",
            "Distributore (P.IVA)",
            "Partita IVA del distributore o gestore di rete.",
            20,
        ),
        _text("street", "Indirizzo fornitura", "Via e numero civico del punto.", 200),
        _text("zip", "CAP fornitura", "CAP del punto di fornitura.", 10),
        _text("city", "Comune fornitura", "Comune del punto di fornitura.", 100),
        _code(
            "voltage_level",
            "Tensione",
            "Livello di tensione (energia elettrica).",
            "voltage_level",
            "BT|MT|AT",
        ),
        _of(
            "bool",
            "remote_reduction",
            "Riduzione remota",
            f"Il contatore permette la riduzione di potenza a distanza: {_YES_NO}",
        ),
        _code(
            "gas_use",
            "Uso gas",
            "Uso del gas.",
            "gas_use",
            "Domestico|Condominio|Altri usi|Servizio pubblico",
        ),
        _of(
            "decimal",
            "annual_smc",
            "Smc annui",
            "Consumo annuo in standard metri cubi (gas).",
            decimals=3,
        ),
        _of(
            "bool",
            "water_resident",
            "Residente",
            f"Utenza idrica domestica residente: {_YES_NO}",
        ),
        _of(
            "int",
            "household_members",
            "Componenti",
            "Componenti del nucleo familiare (acqua).",
        ),
        _of("int", "dwelling_count", "Unità abitative", "Unità abitative servite."),
        _of(
            "decimal",
            "annual_facilitated_charge",
            "Fascia agevolata annua",
            f"Corrispettivo annuo della fascia agevolata (acqua). {_AMOUNT_HELP}",
        ),
        _of(
            "bool",
            "public_function",
            "Uso pubblico",
            f"Scuola, ospedale o altro servizio non disalimentabile: {_YES_NO}",
        ),
        _code(
            "seasonal_use",
            "Uso stagionale",
            "Uso non continuativo della fornitura.",
            "seasonal_use",
            "No|Stagionale|Temporaneo|Seconda casa|Irriguo",
        ),
        _text(
            "technical_obstacle",
            "Impedimento tecnico",
            "Perché l'intervento non è eseguibile (manca la valvola, nessun accesso).",
            200,
        ),
        _of(
            "bool",
            "life_support",
            "Dispositivo salvavita",
            f"Sul punto c'è un apparecchio salvavita: {_YES_NO}",
        ),
    ),
)

BILLS = DatasetSpec(
    name="bills",
    sheet="Bollette",
    key=("billing_ref",),
    row_key=("billing_ref", "contract_code"),
    amount_field="total",
    fields=(
        _text(
            "billing_ref",
            "Numero bolletta",
            "Numero del documento nel gestionale. Una bolletta su più contratti ha una "
            "riga per contratto, ognuna con la sua quota.",
            64,
            True,
        ),
        _text(
            "contract_code",
            "Codice contratto",
            "Codice del contratto, come nel foglio Contratti.",
            64,
            True,
        ),
        _code(
            "document_type",
            "Tipo documento",
            "FT = bolletta, NC = nota di credito.",
            "document_type",
            "FT|NC",
            True,
        ),
        _of("date", "date", "Data emissione", _DAY_HELP, True),
        _of("date", "due_date", "Data scadenza", _DAY_HELP, True),
        _of(
            "decimal", "total", "Totale", f"Totale del documento. {_AMOUNT_HELP}", True
        ),
        _of("decimal", "untaxed", "Imponibile", _AMOUNT_HELP),
        _of("decimal", "tax", "IVA", _AMOUNT_HELP),
        _of("percent", "tax_rate", "Aliquota IVA", "Percentuale, per esempio 22."),
        _of("date", "consumption_from", "Periodo dal", f"Consumi dal. {_DAY_HELP}"),
        _of("date", "consumption_to", "Periodo al", f"Consumi al. {_DAY_HELP}"),
        _code(
            "reading_kind",
            "Tipo lettura",
            "Su che lettura si basa la bolletta.",
            "reading_kind",
            "Effettiva|Stimata|Mista|Autolettura",
        ),
        _of(
            "bool",
            "is_closing_bill",
            "Bolletta di chiusura",
            f"Ultima bolletta del contratto: {_YES_NO}",
        ),
        _code(
            "recalculation_kind",
            "Conguaglio",
            "Ricalcolo contenuto nella bolletta.",
            "recalculation_kind",
            "No|Conguaglio|Ricostruzione",
        ),
        _of(
            "decimal",
            "other_services_amount",
            "Altri servizi",
            f"Quota della bolletta che riguarda altri servizi. {_AMOUNT_HELP}",
        ),
        _text(
            "payment_code",
            "Codice pagamento",
            "Codice avviso pagoPA o quarto campo del bollettino.",
            64,
        ),
        _of(
            "instalments",
            "instalments",
            "Rate",
            "Scadenze: 2026-01-31:50,00|2026-02-28:50,00; la somma è il totale.",
        ),
        _of(
            "decimal",
            "billing_residual",
            "Residuo gestionale",
            f"Quanto risulta da pagare nel gestionale. {_AMOUNT_HELP}",
        ),
        _of(
            "date",
            "billing_residual_date",
            "Data residuo",
            f"Data a cui si riferisce il residuo. {_DAY_HELP}",
        ),
        _text(
            "reverses_ref",
            "Bolletta stornata",
            "Per le note di credito: numero della bolletta stornata.",
            64,
        ),
        _of(
            "texts",
            "charge_refs",
            "Addebiti",
            "Codici degli addebiti richiesti da Odoo, separati da |.",
        ),
    ),
)

PAYMENTS = DatasetSpec(
    name="payments",
    sheet="Pagamenti",
    key=("source_ref",),
    amount_field="amount",
    fields=(
        _text(
            "source_ref",
            "Id pagamento",
            "Identificativo del pagamento nel gestionale; unico per società.",
            64,
            True,
        ),
        _text("billing_ref", "Numero bolletta", "Bolletta pagata.", 64),
        _text(
            "customer_code",
            "Codice cliente",
            "Cliente che ha pagato, se la bolletta non è nota.",
            64,
        ),
        _of("date", "date", "Data", f"Data del pagamento. {_DAY_HELP}", True),
        _of("date", "value_date", "Data valuta", _DAY_HELP),
        _of("decimal", "amount", "Importo", _AMOUNT_HELP, True),
        _text(
            "channel", "Canale", "Canale di incasso (SDD, pagoPA, bonifico ...).", 64
        ),
        _text(
            "reverses_ref",
            "Storno/Insoluto di",
            "Id del pagamento che torna insoluto o viene stornato.",
            64,
        ),
        _text("reversal_reason", "Motivo insoluto", "Causale del ritorno.", 200),
    ),
)

NOTICES = DatasetSpec(
    name="notices",
    sheet="Solleciti pregressi",
    key=("ref",),
    fields=(
        _text(
            "ref",
            "Id sollecito",
            "Identificativo del sollecito; unico per società.",
            64,
            True,
        ),
        _text(
            "contract_code",
            "Codice contratto",
            "Codice del contratto, come nel foglio Contratti.",
            64,
            True,
        ),
        _code(
            "kind",
            "Tipo",
            "Tipo di sollecito.",
            "notice_kind",
            "Cortesia|Sollecito bonario|Costituzione in mora|Diffida|Altro",
            True,
        ),
        _code(
            "channel",
            "Canale",
            "Canale di invio.",
            "notice_channel",
            "SMS|Email|Posta prioritaria|Raccomandata A/R|PEC|Altro",
            True,
        ),
        _of("date", "sent_date", "Data invio", _DAY_HELP, True),
        _of("date", "notified_date", "Data notifica", _DAY_HELP),
        _of(
            "date",
            "pay_term",
            "Termine pagamento",
            f"Termine ultimo indicato nel sollecito. {_DAY_HELP}",
        ),
        _of(
            "bool",
            "cmor_warning",
            "Avviso CMOR",
            f"Il sollecito avvisa dell'addebito del CMOR: {_YES_NO}",
        ),
        _of("decimal", "amount", "Importo", _AMOUNT_HELP),
        _of(
            "texts",
            "billing_refs",
            "Bollette",
            "Numeri delle bollette sollecitate, separati da |.",
        ),
        _text(
            "proof_file",
            "File prova",
            "Nome del file con la prova di notifica, caricato insieme a questo.",
            255,
        ),
    ),
)

DATASETS = {
    spec.name: spec for spec in (CUSTOMERS, CONTRACTS, BILLS, PAYMENTS, NOTICES)
}
BY_SHEET = {spec.sheet.casefold(): spec.name for spec in DATASETS.values()}
# the datasets of this module; other modules register theirs
BASE = tuple(DATASETS)


def register(spec, codes=None):
    """Make a dataset of another module known to the readers and writers.

    Which datasets a database uses is said by its models, not here: modules that are
    not installed there may have registered theirs in the same process.

    :param DatasetSpec spec: name and sheet must be new
    :param dict codes: code lists that exist in its files only, see LOCAL_CODES
    """
    if spec.name not in DATASETS and spec.sheet.casefold() in BY_SHEET:
        raise ValueError(spec.sheet)
    DATASETS[spec.name] = spec
    BY_SHEET[spec.sheet.casefold()] = spec.name
    LOCAL_CODES.update(codes or {})


def normalise_local(kind, text):
    """The key of ``text`` in one of LOCAL_CODES, or None."""
    word = " ".join(text.split()).casefold()
    for key, words in LOCAL_CODES[kind].items():
        if word == key or word in words:
            return key
    return None
