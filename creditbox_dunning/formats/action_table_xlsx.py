"""An action table as a workbook: written for people, read back without guessing.

One sheet, Italian headings, the code columns with their words ("1 Domestici"), help in
the comments of the headings. Reading accepts the code, the word or both; what cannot be
understood becomes an issue with its row and column, all of them, never an exception.

``write`` gives bytes. ``read`` takes the headings and the cells that a reader of
spreadsheets hands over: (value, type) with the types text, number, bool, date, empty,
formula, error.
"""

import io
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import xlsxwriter

SHEET = "Tabella azioni"
MAX_ROWS = 5000
MAX_WAIT = 3660
MAX_AMOUNT = Decimal(10) ** 12
ANY = ""
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Column:
    """``name``: the column of ``rules.table_diff``; ``kind``: code, channel, text,
    int or amount; ``codes``: key -> (digit or "", words)."""

    name: str
    heading: str
    kind: str
    help: str
    codes: tuple = ()
    required: bool = False
    width: int = 12
    low: int = 0
    high: int = MAX_WAIT


@dataclass(frozen=True)
class CellIssue:
    """A cell that cannot be used: ``code`` of the sentence, where, what it holds."""

    code: str
    row: int = 0
    column: str = ""
    value: str = ""
    params: tuple = ()


# key, what is written; the first word of a text may be its digit
CUSTOMER_TYPES = (
    (ANY, "0 Tutti"),
    ("domestic", "1 Domestici"),
    ("non_domestic", "2 Non domestici"),
    ("large", "3 Grande utente"),
    ("public_body", "4 Ente"),
)
SERVICES = (
    (ANY, "0 Tutti"),
    ("water", "1 Acqua"),
    ("gas", "2 Gas"),
    ("electricity", "3 Energia elettrica"),
    ("telephone", "4 Telefono"),
)
STATES = (
    (ANY, "0 Tutti"),
    ("active", "1 Attivo"),
    ("suspended", "2 Sospeso"),
    ("ceased", "3 Cessato"),
    ("to_reactivate", "4 Da riattivare"),
)
CLASSES = (
    (ANY, "0 Tutte"),
    ("suspendible", "1 Sospendibile"),
    ("not_suspendible", "2 Non sospendibile"),
    ("deactivable", "3 Disattivabile"),
    ("public_body", "4 Ente"),
)
BANDS = ((ANY, "0 Tutte"), *((band, band) for band in "ABCDE"))
ACTIONS = (
    (1, "1 Sollecito SMS"),
    (2, "2 E-mail"),
    (3, "3 Sollecito bonario"),
    (4, "4 Sollecito A/R"),
    (5, "5 PEC"),
    (6, "6 Agenzia di recupero"),
    (7, "7 Richiesta ufficio tecnico"),
    (8, "8 Richiesta stralcio"),
    (9, "9 Piano di rientro"),
    (10, "10 Contenzioso"),
)
OPERATIONS = (
    ("remind", "Promemoria"),
    ("collect", "Raccolta utenze"),
    ("notice", "Sollecito bonario"),
    ("default", "Costituzione in mora"),
    ("terminate", "Diffida"),
    ("pre_notice", "Avviso intervento"),
    ("list", "Elenco ufficio tecnico"),
    ("reduce", "Riduzione potenza"),
    ("limit", "Limitazione"),
    ("suspend", "Sospensione"),
    ("deactivate", "Disattivazione"),
    ("reactivate", "Riattivazione"),
    ("assign", "Affidamento agenzia"),
    ("writeoff", "Stralcio"),
    ("plan", "Piano di rientro"),
    ("legal", "Contenzioso"),
)
ANCHORS = (
    ("due", "Scadenza"),
    ("prev_end", "Fine azione precedente"),
    ("plan", "Data pianificata"),
    ("op_done", "Operazione eseguita"),
    ("payment", "Pagamento"),
    ("event", "Evento"),
)
DAY_KINDS = (("solar", "Solari"), ("weekdays", "Feriali"), ("working", "Lavorativi"))
CHANNELS = ("sms", "email", "pp", "ar", "pec", "task", "file", "event")
_CHANNEL = re.compile(r"({0})([|+]({0}))*".format("|".join(CHANNELS)))

COLUMNS = (
    Column(
        "customer_type",
        "Cliente",
        "code",
        "Tipologia di cliente. Vuoto o 0 = tutti.",
        CUSTOMER_TYPES,
        width=18,
    ),
    Column(
        "service",
        "Servizio",
        "code",
        "Servizio fornito. Vuoto o 0 = tutti.",
        SERVICES,
        width=20,
    ),
    Column(
        "supply_state",
        "Stato",
        "code",
        "Stato della fornitura. Vuoto o 0 = tutti.",
        STATES,
        width=16,
    ),
    Column(
        "suspendibility",
        "Classe",
        "code",
        "Classe di sospendibilità. Vuoto o 0 = tutte.",
        CLASSES,
        width=19,
    ),
    Column(
        "score_band",
        "Fascia",
        "code",
        "Fascia di rischio del cliente, da A (migliore) a E. Vuoto o 0 = tutte; una"
        " riga con la fascia non vale per chi non è ancora valutato.",
        BANDS,
    ),
    Column(
        "seq",
        "Progressivo",
        "int",
        "Ordine nell'insieme. Righe della stessa decina (40, 41) sono alternative per"
        " canale; da 900 in su le righe partono per un evento.",
        required=True,
        high=9999,
    ),
    Column(
        "action",
        "Azione",
        "code",
        "Codice dell'azione, da 1 a 10.",
        ACTIONS,
        required=True,
        width=26,
    ),
    Column(
        "op",
        "Operazione",
        "code",
        "Che cosa fa la riga: distingue le richieste all'ufficio tecnico.",
        OPERATIONS,
        required=True,
        width=24,
    ),
    Column(
        "channel",
        "Canale",
        "channel",
        "sms, email, pp (posta), ar (raccomandata), pec, task, file, event. a|b = il"
        " primo che si può usare, a+b = tutti e due.",
        required=True,
    ),
    Column(
        "short_description",
        "Descrizione breve",
        "text",
        "Come la riga si chiama nelle liste.",
        required=True,
        width=24,
    ),
    Column(
        "description", "Descrizione", "text", "Spiegazione per chi legge.", width=48
    ),
    Column(
        "anchor",
        "Decorrenza",
        "code",
        "Da che cosa si contano i giorni prima dell'azione.",
        ANCHORS,
        required=True,
        width=23,
    ),
    Column(
        "day_kind",
        "Tipo di giorni",
        "code",
        "Solari, feriali (lunedì-sabato) o lavorativi (lunedì-venerdì)."
        " Vuoto = solari.",
        DAY_KINDS,
        width=14,
    ),
    Column(
        "wait_before",
        "Attesa prima",
        "int",
        "Giorni dalla decorrenza al primo giorno utile.",
        low=-MAX_WAIT,
    ),
    Column(
        "wait_after",
        "Attesa dopo",
        "int",
        "Giorni dopo l'effetto (consegna, notifica, esecuzione) prima della riga"
        " seguente.",
    ),
    Column("amount_from", "Importo da", "amount", "Limite inferiore, compreso."),
    Column(
        "amount_to",
        "Importo a",
        "amount",
        "Limite superiore, compreso. 0 = nessun limite.",
    ),
    Column(
        "min_threshold",
        "Soglia minima",
        "amount",
        "Sotto questo residuo la pratica resta ferma (sotto soglia).",
    ),
    Column(
        "next_ok",
        "Se positivo vai a",
        "int",
        "Progressivo da cui proseguire. Vuoto = riga seguente.",
        high=9999,
    ),
    Column(
        "next_ko",
        "Se negativo vai a",
        "int",
        "Progressivo da cui proseguire. Vuoto = riga seguente.",
        high=9999,
    ),
)
BY_HEADING = {column.heading.casefold(): column for column in COLUMNS}


# writing


def write(rows, sheet=SHEET):
    """The bytes of a workbook with ``rows`` (mappings of COLUMNS' names)."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(
        stream,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    )
    page = book.add_worksheet(sheet)
    styles = {
        "heading": book.add_format({"bold": True, "bg_color": "#D9E2F3"}),
        "required": book.add_format({"bold": True, "bg_color": "#F8CBAD"}),
        "quoted": book.add_format({"quote_prefix": True}),
        "amount": book.add_format({"num_format": "#,##0.00"}),
    }
    for index, column in enumerate(COLUMNS):
        style = styles["required" if column.required else "heading"]
        page.write_string(0, index, column.heading, style)
        page.write_comment(0, index, column.help, {"x_scale": 2})
        page.set_column(index, index, column.width)
        if column.codes:
            page.data_validation(
                1,
                index,
                MAX_ROWS,
                index,
                {
                    "validate": "list",
                    "source": [text for _key, text in column.codes],
                    "error_type": "warning",
                },
            )
    page.freeze_panes(1, 6)
    count = 0
    for count, row in enumerate(rows, 1):
        for index, column in enumerate(COLUMNS):
            _write_cell(page, count, index, column, row.get(column.name), styles)
    page.autofilter(0, 0, max(count, 1), len(COLUMNS) - 1)
    book.close()
    return stream.getvalue()


def shown(column, value):
    """``value`` of the column ``column`` (a Column or its name) as the file says it."""
    if isinstance(column, str):
        column = next(item for item in COLUMNS if item.name == column)
    if column.codes:
        return dict(column.codes).get(value or ANY, str(value or ""))
    if column.kind == "amount":
        return f"{Decimal(str(value or 0)):.2f}".replace(".", ",")
    return "" if value in (None, False) else str(value)


def _write_cell(page, row, index, column, value, styles):
    if column.kind in ("int", "amount"):
        if column.name in ("next_ok", "next_ko") and not value:
            return
        style = styles["amount"] if column.kind == "amount" else None
        page.write_number(row, index, float(value or 0), style)
        return
    text = shown(column, value)
    if text:
        style = styles["quoted"] if text.startswith(_DANGEROUS) else None
        page.write_string(row, index, text, style)


# reading


def missing_columns(headings):
    """The required headings that are not among ``headings``."""
    there = {str(heading).casefold() for heading in headings}
    return [
        c.heading for c in COLUMNS if c.required and c.heading.casefold() not in there
    ]


def read(raw_rows):
    """(rows, issues) of ``raw_rows``: iterable of (number, {heading: (value, type)}).

    Every row is tried whole: all its cells in error are told. A row with an error is
    not among ``rows``. Two rows of one set with the same sequence are an issue.
    """
    rows, issues, seen = [], [], {}
    for number, cells in raw_rows:
        if len(seen) > MAX_ROWS:
            issues.append(
                CellIssue("table_too_long", number, params=(("limit", MAX_ROWS),))
            )
            break
        row, wrong = _read_row(number, cells)
        issues += wrong
        if wrong:
            continue
        key = tuple(row[column.name] for column in COLUMNS[:6])
        if key in seen:
            issues.append(
                CellIssue(
                    "row_twice",
                    number,
                    "Progressivo",
                    str(row["seq"]),
                    (("first", seen[key]),),
                )
            )
            continue
        seen[key] = number
        rows.append(row)
    return rows, issues


def _read_row(number, cells):
    by_heading = {str(name).casefold(): cell for name, cell in cells.items()}
    row, issues = {}, []
    for column in COLUMNS:
        value, kind = by_heading.get(column.heading.casefold(), ("", "empty"))
        try:
            row[column.name] = _read_cell(column, value, kind)
        except _BadCellError as error:
            shown_value = _CONTROL.sub(" ", str(value))[:80]
            issues.append(
                CellIssue(error.code, number, column.heading, shown_value, error.params)
            )
    if not issues:
        issues = list(_read_amounts(number, row))
    return row, issues


def _read_amounts(number, row):
    top = row["amount_to"]
    if top and top < row["amount_from"]:
        yield CellIssue(
            "band_upside_down", number, "Importo a", shown("amount_to", top)
        )


class _BadCellError(Exception):
    def __init__(self, code, **params):
        super().__init__(code)
        self.code = code
        self.params = tuple(sorted(params.items()))


def _read_cell(column, value, kind):
    if kind in ("formula", "error"):
        raise _BadCellError("cell_formula" if kind == "formula" else "cell_error")
    if kind in ("bool", "date"):
        raise _BadCellError("cell_wrong_type")
    text = unicodedata.normalize("NFC", str(value)).strip()
    if not text:
        return _empty(column)
    if column.codes:
        return _read_code(column, text)
    if column.kind == "int":
        return _read_int(column, text)
    if column.kind == "amount":
        return _read_amount(text, kind)
    if _CONTROL.search(text):
        raise _BadCellError("cell_bad_character")
    if column.kind == "channel":
        text = text.replace(" ", "").casefold()
        if not _CHANNEL.fullmatch(text):
            raise _BadCellError("cell_bad_channel", words=", ".join(CHANNELS))
    if len(text) > 250:
        raise _BadCellError("cell_too_long", limit=250)
    return text


def _empty(column):
    if column.required:
        raise _BadCellError("cell_missing")
    if column.name == "day_kind":
        return "solar"
    return {"int": 0, "amount": Decimal(0)}.get(column.kind, ANY)


def _fold(text):
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept = (c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join("".join(kept).split())


def _read_code(column, text):
    """The code, the word, or both as written by ``write``."""
    folded = _fold(text)
    folded = folded.removesuffix(" 0") if folded[:-2].isdigit() else folded
    for key, said in column.codes:
        words = _fold(said)
        digit, _space, rest = words.partition(" ")
        accepted = {words, _fold(str(key))} - {""}
        if digit.isdigit():
            accepted |= {digit, rest}
        if folded in accepted:
            return key
    choices = ", ".join(said for _key, said in column.codes)
    raise _BadCellError("cell_unknown_code", choices=choices)


def _read_int(column, text):
    if not re.fullmatch(r"[+-]?[0-9]{1,9}(\.0+)?", text, re.ASCII):
        raise _BadCellError("cell_not_integer")
    number = int(text.split(".")[0])
    if not column.low <= number <= column.high:
        raise _BadCellError("cell_out_of_range", low=column.low, high=column.high)
    return number


def _read_amount(text, kind):
    """Exact; as text with a decimal comma and dots between thousands, or plain."""
    if kind == "text":
        text = text.replace("€", "").replace("\u00a0", "").replace(" ", "")
        if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{3})+(,[0-9]+)?", text, re.ASCII):
            if "," not in text:
                raise _BadCellError("cell_ambiguous_amount")
            text = text.replace(".", "")
        text = text.replace(",", ".", 1)
    if len(text) > 40 or not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text, re.ASCII):
        raise _BadCellError("cell_not_amount")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise _BadCellError("cell_not_amount") from None
    if amount < 0:
        raise _BadCellError("cell_negative")
    if amount >= MAX_AMOUNT:
        raise _BadCellError("cell_out_of_range", low=0, high=f"{MAX_AMOUNT:.0f}")
    if amount != round(amount, 2):
        raise _BadCellError("cell_too_many_decimals")
    return round(amount, 2)
