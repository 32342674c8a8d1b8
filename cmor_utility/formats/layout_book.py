"""A layout as a workbook: written for people, read back without guessing.

Sheet "Campi": one line a field, in the order of the file. Sheet "Impostazioni": the
form of the file. Sheet "Significati": what a field may stand for, only to look up. In
Italian; reading accepts the words and the program's own keys.
"""

import io
import unicodedata
from dataclasses import dataclass, replace
from datetime import date, datetime

import xlsxwriter

from ...utility_supply.formats import cells, tabular
from ...utility_supply.formats.issues import FileRefused
from .flow_rows import FlowRefused
from .flow_sources import SOURCES
from .layout_spec import FIELD_COLUMNS, NUMBERS, SETTINGS, SpecIssue, layout_issues

FIELDS_SHEET, SETTINGS_SHEET, SOURCES_SHEET = "Campi", "Impostazioni", "Significati"
LIMITS = cells.Limits(
    max_bytes=4 * 2**20,
    max_uncompressed=32 * 2**20,
    max_rows=2000,
    max_columns=60,
    max_cell_chars=5000,
)
#: column -> (heading, width)
HEADINGS = {
    "name": ("Campo", 34),
    "kind": ("Tipo", 18),
    "max_length": ("Lunghezza", 11),
    "decimals": ("Decimali", 10),
    "required": ("Obbligatorietà", 15),
    "condition_field": ("Obbligatorio se il campo", 24),
    "condition_value": ("vale", 8),
    "one_of": ("Almeno uno di", 15),
    "source": ("Significato", 48),
    "fixed_value": ("Codice fisso", 13),
    "table_codes": ("Codici ammessi", 24),
    "group_parts": ("Parti del gruppo", 36),
    "item_separator": ("Separatore voci", 15),
    "part_separator": ("Separatore parti", 15),
    "note": ("Nota", 40),
}
#: what may be left out of the sheet: it is then as if empty
_OPTIONAL = ("item_separator", "part_separator", "note")
WORDS = {
    "kind": {
        "text": "testo",
        "fixed": "codice fisso",
        "code": "codice di tabella",
        "integer": "intero",
        "decimal": "decimale",
        "date": "data",
        "group": "gruppo ripetuto",
    },
    "required": {
        "mandatory": "obbligatorio",
        "conditional": "condizionato",
        "optional": "facoltativo",
    },
    "file_format": {"csv": "CSV", "xml": "XML"},
    "repeat": {"joined": "uniti in un campo", "rows": "una riga per voce"},
    "line_end": {"crlf": "CR LF", "lf": "LF"},
    "has_header": {True: "sì", False: "no"},
}
#: setting -> (name, explanation)
SETTING_NAMES = {
    "file_format": ("Formato", "CSV o XML: come si scrivono i file."),
    "repeat": ("Gruppi ripetuti", "Uniti in un campo, o una riga per voce."),
    "delimiter": ("Separatore", "Tra un campo e l'altro del CSV."),
    "encoding": ("Codifica", "Caratteri del file."),
    "line_end": ("Fine riga", "CR LF (Windows) o LF."),
    "decimal_mark": ("Segno decimale", "Punto o virgola."),
    "date_format": ("Formato data", "Come si scrivono le date."),
    "has_header": ("Riga di intestazione", "La prima riga ha i nomi dei campi."),
    "file_name_pattern": (
        "Nome del file",
        "Segnaposto: {service} {flow} {vat} {timestamp} {date} {n:3} {ext}.",
    ),
    "xml_root": ("Elementi XML esterni", "Dal più esterno, separati da /."),
    "xml_record": ("Elemento XML della pratica", "Uno per ogni pratica."),
    "xml_item": ("Elemento XML della voce", "Uno per ogni voce di un gruppo."),
    "xml_namespace": ("Namespace XML", "Vuoto se non c'è."),
    "source": ("Fonte", "Titolo, versione e data della specifica."),
}
_CODE, _FROM = "Flusso", "In vigore dal"
_SETTING, _VALUE, _ABOUT = "Impostazione", "Valore", "Spiegazione"
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True)
class Book:
    """What a workbook says. ``date_from`` may be None; ``issues``: (row of the sheet of
    the fields or 0, SpecIssue) pairs, with any of them nothing can be applied."""

    code: str
    date_from: date | None
    settings: dict
    rows: list
    issues: list


# --- writing ------------------------------------------------------------------------


def write(code, date_from, settings, rows, labels=None):
    """The workbook of a layout.

    :param str code: service and flow code
    :param date date_from: its first day
    :param dict settings: as for ``layout_spec.make_layout``
    :param rows: fields as for ``layout_spec.make_field``
    :param dict labels: {source: its meaning in the reader's language}
    :return: bytes of an XLSX
    """
    labels = labels or dict(SOURCES)
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    styles = _Styles(book)
    _write_fields(book.add_worksheet(FIELDS_SHEET), styles, rows, labels)
    page = book.add_worksheet(SETTINGS_SHEET)
    _write_settings(page, styles, code, date_from, settings)
    page = book.add_worksheet(SOURCES_SHEET)
    page.set_column(0, 0, 60)
    _text(page, 0, 0, "Significato", styles, styles.head)
    for number, source in enumerate(labels, 1):
        _text(page, number, 0, f"{source}: {labels[source]}", styles)
    book.close()
    return stream.getvalue()


class _Styles:
    def __init__(self, book):
        self.head = book.add_format({"bold": True, "bg_color": "#D9E2F3"})
        self.quoted = book.add_format({"quote_prefix": True})
        # what is typed stays what was typed: "0,1" is no number, "001" no 1
        self.text = book.add_format({"num_format": "@"})
        self.day = book.add_format({"num_format": "dd/mm/yyyy", "align": "left"})


def _text(page, row, column, text, styles, style=None):
    """A text cell that no spreadsheet takes for a formula."""
    if text.startswith(_DANGEROUS):
        style = styles.quoted
    page.write_string(row, column, text, style)


def _write_fields(page, styles, rows, labels):
    page.freeze_panes(1, 1)
    last = max(len(rows), 1) + 100
    for column, (name, (heading, width)) in enumerate(HEADINGS.items()):
        style = None if name in NUMBERS else styles.text
        page.set_column(column, column, width, style)
        _text(page, 0, column, heading, styles, styles.head)
        choices = None
        if name in WORDS:
            choices = list(WORDS[name].values())
        elif name == "source":
            choices = f"={SOURCES_SHEET}!$A$2:$A${len(labels) + 1}"
        if choices:
            rule = {"validate": "list", "source": choices, "error_type": "warning"}
            page.data_validation(1, column, last, column, rule)
    for number, row in enumerate(rows, 1):
        for column, name in enumerate(HEADINGS):
            value = row.get(name) or FIELD_COLUMNS[name]
            if name in NUMBERS:
                if value:
                    page.write_number(number, column, value)
            elif name == "source":
                if value:
                    shown = f"{value}: {labels.get(value, '')}"
                    _text(page, number, column, shown, styles)
            elif value:
                _text(page, number, column, _word(name, value), styles)


def _write_settings(page, styles, code, date_from, settings):
    page.freeze_panes(1, 0)
    for column, (heading, width) in enumerate(
        ((_SETTING, 30), (_VALUE, 48), (_ABOUT, 70))
    ):
        page.set_column(column, column, width, styles.text)
        _text(page, 0, column, heading, styles, styles.head)
    _text(page, 1, 0, _CODE, styles)
    _text(page, 1, 1, code, styles)
    _text(page, 1, 2, "Non si cambia: dice di quale flusso è il tracciato.", styles)
    _text(page, 2, 0, _FROM, styles)
    page.write_datetime(2, 1, date_from, styles.day)
    _text(page, 2, 2, "Primo giorno della nuova versione.", styles)
    for number, (name, (shown, about)) in enumerate(SETTING_NAMES.items(), 3):
        default, allowed = SETTINGS[name]
        value = settings.get(name, default)
        _text(page, number, 0, shown, styles)
        _text(page, number, 1, _word(name, value), styles)
        _text(page, number, 2, about, styles)
        if allowed:
            choices = [_word(name, option) for option in allowed]
            rule = {"validate": "list", "source": choices, "error_type": "warning"}
            if not any("," in choice for choice in choices):
                page.data_validation(number, 1, number, 1, rule)


def _word(name, value):
    return WORDS.get(name, {}).get(value, str(value))


# --- reading ------------------------------------------------------------------------


def read(data, name=""):
    """What a workbook says, with all that is wrong.

    :param bytes data: an XLSX as ``write`` makes it, edited
    :return: ``Book``
    :raise FlowRefused: workbook: it is no such workbook
    """
    try:
        fields = tabular.open_table(
            data, name, kind="xlsx", sheet=FIELDS_SHEET, limits=LIMITS
        )
        lines = list(fields.rows())
        form = tabular.open_table(
            data, name, kind="xlsx", sheet=SETTINGS_SHEET, limits=LIMITS
        )
        told = list(form.rows())
    except FileRefused as error:
        raise FlowRefused("workbook", error.issues) from error
    missing = [
        heading
        for column, (heading, _width) in HEADINGS.items()
        if heading not in fields.headings and column not in _OPTIONAL
    ]
    missing += [
        heading for heading in (_SETTING, _VALUE) if heading not in form.headings
    ]
    if missing:
        raise FlowRefused("column_missing", columns=", ".join(missing))
    rows, numbers, issues = [], {}, []
    for line in lines:
        row, wrong = _read_field(line)
        rows.append(row)
        numbers.setdefault(row["name"].upper(), line.number)
        issues += [(line.number, issue) for issue in wrong]
    code, date_from, settings, wrong = _read_settings(told)
    issues += [(0, issue) for issue in wrong]
    # a cell that cannot be used may make more of its field look wrong
    told_already = {issue.field.partition(" · ")[0] for _number, issue in issues}
    for issue in layout_issues(settings, rows):
        if issue.field not in told_already:
            issues.append((numbers.get(issue.field.upper(), 0), issue))
    return Book(code, date_from, settings, rows, issues)


def _plain(line, heading):
    cell = line.cells.get(heading, cells.EMPTY)
    return (
        "" if cell.type in (cells.FORMULA, cells.ERROR) else cells.plain(cell).strip()
    )


def _read_field(line):
    row, issues = {}, []
    for column, (heading, _width) in HEADINGS.items():
        text = _plain(line, heading)
        cell = line.cells.get(heading, cells.EMPTY)
        if not _is_usable(column, cell):
            issues.append(SpecIssue("bad_cell", heading, str(cell.value)))
            text = ""
        if column in NUMBERS:
            is_whole = text.isascii() and text.isdigit() and len(text) < 6
            value = int(text) if is_whole else 0
            if text and not is_whole:
                issues.append(SpecIssue("bad_number", heading, text))
        elif column in WORDS:
            value = _key(column, text)
            if text and value is None:
                shown = ", ".join(WORDS[column].values())
                issues.append(SpecIssue("bad_choice", heading, text, shown))
        elif column == "source":
            value = text.split(":")[0].strip()
        else:
            value = text
        row[column] = value or FIELD_COLUMNS[column]
    if row["kind"] == "fixed" and row["fixed_value"].isdigit():
        # the sheet took the zeros of a code whose length is told
        row["fixed_value"] = row["fixed_value"].zfill(row["max_length"])
    wrong = [replace(issue, field=f"{row['name']} · {issue.field}") for issue in issues]
    if line.issues:  # merged: which of the rows the value is of, nobody can tell
        wrong.append(SpecIssue("merged", row["name"], line.issues[0].value))
    return row, wrong


def _is_usable(column, cell):
    """Whether a cell holds what was typed: "0, 1" may have become the number 0.1."""
    if column in NUMBERS or column == "note":
        return cell.type not in (cells.FORMULA, cells.ERROR, cells.DATE)
    if cell.type == cells.NUMBER:
        return "." not in cell.value
    return cell.type in (cells.TEXT, cells.EMPTY_TYPE)


def _key(name, text):
    """The key of a word, of the key itself, or None."""
    wanted = _bare(text)
    for key, word in WORDS[name].items():
        if wanted in (_bare(word), _bare(str(key))):
            return key
    return None


def _bare(text):
    """A word however it is typed: "Sì", "si" and "SI" are the same."""
    parts = unicodedata.normalize("NFKD", " ".join(text.split()).casefold())
    return "".join(char for char in parts if not unicodedata.combining(char))


def _read_settings(lines):
    names = {shown.casefold(): name for name, (shown, _about) in SETTING_NAMES.items()}
    code, date_from, settings, issues, seen = "", None, {}, [], set()
    for line in lines:
        shown, cell = _plain(line, _SETTING), line.cells.get(_VALUE, cells.EMPTY)
        text, name = _plain(line, _VALUE), names.get(shown.casefold())
        if line.issues:
            issues.append(SpecIssue("merged", shown, line.issues[0].value))
        if cell.type in (cells.FORMULA, cells.ERROR):
            issues.append(SpecIssue("bad_cell", shown, str(cell.value)))
        if shown.casefold() in seen:
            issues.append(SpecIssue("double", shown, shown))
        seen.add(shown.casefold())
        if shown.casefold() == _CODE.casefold():
            code = text
        elif shown.casefold() == _FROM.casefold():
            date_from = _day(cell)
            if text and date_from is None:
                issues.append(SpecIssue("bad_day", _FROM, text))
        elif name is None:
            issues.append(SpecIssue("unknown_setting", shown, shown))
        elif name in WORDS:
            settings[name] = _key(name, text)
            if settings[name] is None:
                allowed = ", ".join(WORDS[name].values())
                issues.append(SpecIssue("bad_setting", name, text, allowed))
        else:
            settings[name] = text
    return code, date_from, settings, issues


def _day(cell):
    if cell.type == cells.DATE:
        return cell.value.date() if isinstance(cell.value, datetime) else cell.value
    for form in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(cells.plain(cell).strip(), form).date()
        except ValueError:
            continue
    return None
