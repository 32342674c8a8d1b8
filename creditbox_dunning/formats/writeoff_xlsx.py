"""The list of write-offs as a workbook for the accountant and the auditor.

Every text is written as a text: what a customer is called is never a formula.
"""

import io

import xlsxwriter

HEADINGS = (
    "Cliente",
    "Codice fiscale",
    "Partita IVA",
    "Contratto",
    "Servizio",
    "Pratica",
    "Bollette",
    "Scadenza più vecchia",
    "Scadenza più recente",
    "Importo",
    "Esito",
    "Motivo di esclusione",
    "Prova",
    "Registrazione",
)
_WIDTHS = (32, 18, 14, 14, 14, 14, 9, 14, 14, 12, 14, 40, 40, 18)
_DATES = frozenset({7, 8})
_AMOUNT = 9
_COUNT = 6


def write(rows, notes=()):
    """The workbook as bytes.

    :param rows: tuples in the order of ``HEADINGS``; days are dates or None, the
        amount a number, all others texts
    :param notes: texts above the table: which list, which numbers of the law
    """
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(
        stream,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    )
    bold = book.add_format({"bold": True, "bg_color": "#DDDDDD"})
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    money = book.add_format({"num_format": "#,##0.00"})
    sheet = book.add_worksheet("Passaggi a perdita")
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    for number, note in enumerate(notes):
        sheet.write_string(number, 0, str(note))
    top = len(notes) + 1 if notes else 0
    for column, heading in enumerate(HEADINGS):
        sheet.write_string(top, column, heading, bold)
    for number, row in enumerate(rows, top + 1):
        for column, value in enumerate(row):
            if value is None or value is False or value == "":
                continue
            if column in _DATES:
                sheet.write_datetime(number, column, value, day)
            elif column == _AMOUNT:
                sheet.write_number(number, column, value, money)
            elif column == _COUNT:
                sheet.write_number(number, column, value)
            else:
                sheet.write_string(number, column, str(value))
    sheet.freeze_panes(top + 1, 1)
    book.close()
    return stream.getvalue()
