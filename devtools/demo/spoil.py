"""Rows that are wrong on purpose, so that the quarantine has something to show.

Each wrong row has a key of its own and nothing refers to it, so that it takes no good
row along. ``spoil`` puts them into the sheets and says how many of which kind: the
kinds are the product's issue codes, and ``expected`` finds them by itself.
"""

from datetime import date
from decimal import Decimal


def spoil(sheets, company):
    """Insert the wrong rows of ``company`` into ``sheets``; {sheet: {kind: rows}}."""
    letter = "E" if company == "energy" else "A"
    spoiled = {}
    for sheet, make in (
        ("Clienti", _customers),
        ("Contratti", _contracts),
        ("Bollette", _bills),
        ("Pagamenti", _payments),
        ("Solleciti pregressi", _notices),
    ):
        rows = sheets[sheet]
        template = dict(rows[0])
        kinds = {}
        for index, (kind, row) in enumerate(make(template, sheets, letter)):
            # spread over the sheet, never before the row that a duplicate repeats
            rows.insert(max(1, len(rows) * (index + 2) // 12), row)
            kinds[kind] = kinds.get(kind, 0) + 1
        spoiled[sheet] = kinds
    total = sum(row["Totale"] for row in sheets["Bollette"] if _is_number(row))
    # as an accountant's spreadsheet ends: to be skipped, not set aside
    sheets["Bollette"].append({"Numero bolletta": "Totale", "Totale": total})
    return spoiled


def _is_number(row):
    return isinstance(row["Totale"], Decimal)


def _customers(template, sheets, letter):
    base = {
        **template,
        "Partita IVA": None,
        "PEC": None,
        "Fonte PEC": None,
        "Codice IPA": None,
    }
    good = base["Codice fiscale"]
    wrong = good[:-1] + ("A" if good[-1] != "A" else "B")
    yield (
        "bad_fiscal_code",
        {
            **base,
            "Codice cliente": f"{letter}90001",
            "Denominazione": "Cliente con codice fiscale errato",
            "Codice fiscale": wrong,
        },
    )
    yield (
        "bad_vat",
        {
            **base,
            "Codice cliente": f"{letter}90002",
            "Denominazione": "Ditta con partita IVA errata",
            "Codice fiscale": None,
            "Partita IVA": "01234567890",
        },
    )
    yield (
        "required",
        {
            **base,
            "Codice cliente": f"{letter}90003",
            "Denominazione": None,
        },
    )
    yield (
        "unknown_code",
        {
            **base,
            "Codice cliente": f"{letter}90004",
            "Denominazione": "Cliente di tipo sconosciuto",
            "Tipo soggetto": "Marziano",
        },
    )
    yield "duplicate_key", {**base, "Denominazione": "Stesso codice, altro nome"}


def _contracts(template, sheets, letter):
    base = {**template, "Data fine": None, "Motivo fine": None, "Stato": "Attivo"}
    yield (
        "unknown_customer",
        {
            **base,
            "Codice contratto": f"{letter}-KO-1",
            "Codice cliente": f"{letter}99999",
        },
    )
    if letter == "E":
        yield (
            "bad_point_code",
            {
                **base,
                "Codice contratto": f"{letter}-KO-2",
                "Servizio": "Energia elettrica",
                "POD/PDR/Punto": "IT001X1234",
            },
        )
        yield (
            "bad_point_code",
            {
                **base,
                "Codice contratto": f"{letter}-KO-3",
                "Servizio": "Gas",
                "POD/PDR/Punto": "38800001234",  # the zeros that a spreadsheet eats
            },
        )
    yield (
        "unknown_code",
        {
            **base,
            "Codice contratto": f"{letter}-KO-4",
            "Servizio": "Teleriscaldamento",
        },
    )
    yield (
        "impossible_date",
        {
            **base,
            "Codice contratto": f"{letter}-KO-5",
            "Data inizio": "31/02/2024",
        },
    )


def _bills(template, sheets, letter):
    base = {**template, "Residuo gestionale": None, "Data residuo": None, "Rate": None}
    base.update({"Altri servizi": None, "Conguaglio": "No"})
    yield (
        "unknown_contract",
        {
            **base,
            "Numero bolletta": f"{letter}KO/1",
            "Codice contratto": "XX-000000",
        },
    )
    yield (
        "ambiguous_number",
        {
            **base,
            "Numero bolletta": f"{letter}KO/2",
            "Totale": "1.234",  # one thousand or one point two? a doubt is an error
            "Imponibile": None,
            "IVA": None,
        },
    )
    yield (
        "required",
        {
            **base,
            "Numero bolletta": f"{letter}KO/3",
            "Data scadenza": None,
        },
    )
    yield (
        "bad_total",
        {
            **base,
            "Numero bolletta": f"{letter}KO/4",
            "Totale": Decimal("110.00"),
            "Imponibile": Decimal("100.00"),
            "IVA": Decimal("22.00"),
        },
    )
    yield (
        "formula_cell",
        {
            **base,
            "Numero bolletta": f"{letter}KO/5",
            "Totale": "=100+22",
            "Imponibile": None,
            "IVA": None,
        },
    )
    yield (
        "instalments_sum",
        {
            **base,
            "Numero bolletta": f"{letter}KO/6",
            "Totale": Decimal("122.00"),
            "Imponibile": Decimal("100.00"),
            "IVA": Decimal("22.00"),
            "Rate": "2026-01-31:61,00|2026-02-28:60,00",
        },
    )


def _payments(template, sheets, letter):
    base = {
        "Data": template["Data"],
        "Data valuta": template["Data valuta"],
        "Importo": Decimal("50.00"),
        "Canale": "Bonifico",
    }
    customer = sheets["Clienti"][0]["Codice cliente"]
    for number in (1, 2, 3):
        yield (
            "unknown_bill",
            {
                **base,
                "Id pagamento": f"{letter}KO-{number}",
                "Numero bolletta": f"X/{number:04d}",
                "Codice cliente": customer,
            },
        )
    yield (
        "unknown_payment",
        {
            **base,
            "Id pagamento": f"{letter}KO-4",
            "Storno/Insoluto di": "PAG9999999",
            "Motivo insoluto": "AM04",
        },
    )
    yield (
        "bad_date",
        {**base, "Id pagamento": f"{letter}KO-5", "Data": "01/02/26"},
    )
    yield "required", {**base, "Id pagamento": f"{letter}KO-6", "Importo": None}
    yield "duplicate_key", {**template, "Importo": template["Importo"] + 1}


def _notices(template, sheets, letter):
    template = {**template, "File prova": None}
    yield (
        "unknown_contract",
        {
            **template,
            "Id sollecito": f"{letter}KO-S1",
            "Codice contratto": "XX-000000",
        },
    )
    yield (
        "unknown_code",
        {**template, "Id sollecito": f"{letter}KO-S2", "Canale": "Piccione"},
    )
    yield (
        "unknown_bill",
        {
            **template,
            "Id sollecito": f"{letter}KO-S3",
            "Bollette": "X/0001",
        },
    )
    yield (
        "bad_period",
        {
            **template,
            "Id sollecito": f"{letter}KO-S4",
            "Data invio": date(2026, 3, 20),
            "Data notifica": date(2026, 3, 1),
        },
    )
