"""The demonstration's workbooks: two invented utilities, in the template's layout.

``generate(company, anchor, seed, small)`` returns a ``Dataset``: the workbook of the
take-over, with everything up to ``anchor``, and one workbook of payments for each of
the four weeks after it. The same arguments give the same bytes. A known number of rows
is wrong on purpose (``spoil``), so that the quarantine can be checked by count.

Run as a program it writes the files into a folder::

    python -m devtools.demo.generator FOLDER [--small]
"""

import argparse
import pathlib
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from io import BytesIO

import xlsxwriter

from . import proofs
from .billing import Ledger
from .people import vat_number
from .spoil import spoil
from .world import World

ANCHOR = date(2026, 9, 30)
SEED = 20260930
COMPANIES = {
    "energy": ("Energia Demo S.p.A.", vat_number(4100101)),
    "water": ("Acqua Demo S.p.A.", vat_number(4100202)),
}
# sheets and headings of the template workbook, written out: the test compares
HEADINGS = {
    "Clienti": (
        "Codice cliente|Denominazione|Tipo soggetto|Codice fiscale|Partita IVA|"
        "Indirizzo|CAP|Comune|Provincia|Nazione|Email|PEC|Fonte PEC|Cellulare|Telefono|"
        "Codice IPA|Domiciliazione|Lingua|Bonus|Bonus dal|Bonus al|Protocollo bonus"
    ).split("|"),
    "Contratti": (
        "Codice contratto|Codice cliente|Servizio|POD/PDR/Punto|Tipologia cliente|"
        "Stato|Data inizio|Data fine|Motivo fine|Deposito cauzionale|"
        "Conto di fatturazione|Rete vendita|Divisione|Distributore (P.IVA)|"
        "Indirizzo fornitura|CAP fornitura|Comune fornitura|Tensione|Riduzione remota|"
        "Uso gas|Smc annui|Residente|Componenti|Unità abitative|"
        "Fascia agevolata annua|Uso pubblico|Uso stagionale|Impedimento tecnico|"
        "Dispositivo salvavita"
    ).split("|"),
    "Bollette": (
        "Numero bolletta|Codice contratto|Tipo documento|Data emissione|Data scadenza|"
        "Totale|Imponibile|IVA|Aliquota IVA|Periodo dal|Periodo al|Tipo lettura|"
        "Bolletta di chiusura|Conguaglio|Altri servizi|Codice pagamento|Rate|"
        "Residuo gestionale|Data residuo|Bolletta stornata|Addebiti"
    ).split("|"),
    "Pagamenti": (
        "Id pagamento|Numero bolletta|Codice cliente|Data|Data valuta|Importo|Canale|"
        "Storno/Insoluto di|Motivo insoluto"
    ).split("|"),
    "Solleciti pregressi": (
        "Id sollecito|Codice contratto|Tipo|Canale|Data invio|Data notifica|"
        "Termine pagamento|Avviso CMOR|Importo|Bollette|File prova"
    ).split("|"),
}


@dataclass
class Delivery:
    """One workbook as it arrives from the billing system on ``day``."""

    day: date
    name: str
    content: bytes
    proofs: bytes | None = None  # ZIP with the files that the notices name


@dataclass
class Dataset:
    """What one company delivers, and what was spoiled in it."""

    company: str
    name: str
    vat: str
    anchor: date
    deliveries: list
    spoiled: dict  # sheet -> {kind: rows}
    counts: Counter = field(default_factory=Counter)


def generate(company, anchor=ANCHOR, seed=SEED, *, small=False):
    """The ``Dataset`` of ``company`` ("energy" or "water") as at ``anchor``."""
    rng = random.Random(f"{seed}/{company}/{small}")  # noqa: S311 not for secrets
    world = World(company, anchor, rng, small=small)
    ledger = Ledger(world, rng)
    sheets, weekly = _sheets(world, ledger, rng)
    counts = Counter(
        customers=len(world.customers),
        contracts=len(world.contracts),
        bills=len(ledger.bills),
        payments=len(ledger.payments),
        notices=len(ledger.notices),
    )
    spoiled = spoil(sheets, company)
    first = Delivery(anchor, _name(company, anchor), workbook(sheets), _proofs(ledger))
    deliveries = [first]
    for day, rows in weekly.items():
        if rows:  # a quiet week brings no file
            name = _name(company, day, "pagamenti")
            deliveries.append(Delivery(day, name, workbook({"Pagamenti": rows})))
    name, vat = COMPANIES[company]
    return Dataset(company, name, vat, anchor, deliveries, spoiled, counts)


def workbook(sheets):
    """XLSX bytes of ``{sheet: [row dict]}``, with the template's headings."""
    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": datetime(2026, 1, 1)})
    day_form = book.add_format({"num_format": "dd/mm/yyyy"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        headings = HEADINGS[name]
        sheet.write_row(0, 0, headings)
        for number, row in enumerate(rows, 1):
            for column, heading in enumerate(headings):
                _write(sheet, number, column, row.get(heading), day_form)
    book.close()
    return buffer.getvalue()


def _write(sheet, row, column, value, day_form):
    """Dates and numbers as real cells, all codes as text."""
    if value is None or value == "":
        return
    if isinstance(value, date):
        sheet.write_datetime(row, column, value, day_form)
    elif isinstance(value, str):
        if value.startswith("="):
            sheet.write_formula(row, column, value)
        else:
            sheet.write_string(row, column, value)
    else:
        sheet.write_number(row, column, float(value))


def _proofs(ledger):
    """ZIP of the proofs that the notices name."""
    pages = {}
    for notice in ledger.notices:
        if notice.proof:
            days = f"Inviato il {notice.sent:%d/%m/%Y}"
            days += f", ricevuto il {notice.notified:%d/%m/%Y}"
            what = f"Sollecito {notice.ref}, contratto {notice.contract.code}"
            pages[notice.proof] = ["Avviso di ricevimento (dimostrazione)", what, days]
    return proofs.pack(pages)


def _name(company, day, what="carico"):
    return f"{COMPANIES[company][0].split()[0].lower()}_{what}_{day:%Y%m%d}.xlsx"


# --- rows -----------------------------------------------------------------------------
def _sheets(world, ledger, rng):
    """(sheets of the take-over, {day: payment rows of the week that ends there})."""
    sheets = {
        "Clienti": [_customer_row(customer) for customer in world.customers],
        "Contratti": [_contract_row(contract) for contract in world.contracts],
        "Bollette": _bill_rows(ledger, rng),
        "Pagamenti": [],
        "Solleciti pregressi": [_notice_row(notice) for notice in ledger.notices],
    }
    anchor = world.anchor
    weekly = {anchor + timedelta(days=7 * week): [] for week in range(1, 5)}
    for payment in sorted(ledger.payments, key=lambda one: (one.day, one.ref)):
        row = _payment_row(payment)
        if payment.day <= anchor:
            sheets["Pagamenti"].append(row)
            continue
        for day, rows in weekly.items():
            if payment.day <= day:
                rows.append(row)
                break
    return sheets, weekly


def _customer_row(customer):
    values = customer.values
    debit = customer.behaviour == "direct_debit"
    return {
        "Codice cliente": customer.code,
        "Denominazione": values["name"],
        "Tipo soggetto": customer.legal_form,
        "Codice fiscale": values.get("fiscal_code"),
        "Partita IVA": values.get("vat"),
        "Indirizzo": values["street"],
        "CAP": values["zip"],
        "Comune": values["city"],
        "Provincia": values["province"],
        "Nazione": "IT",
        "Email": values["email"],
        "PEC": values.get("pec"),
        "Fonte PEC": _pec_source(values),
        "Cellulare": values["mobile"],
        "Codice IPA": values.get("ipa_code"),
        "Domiciliazione": "S" if debit else "N",
        "Bonus": values.get("bonus"),
        "Bonus dal": values.get("bonus_from"),
        "Bonus al": values.get("bonus_to"),
        "Protocollo bonus": values.get("bonus_protocol"),
    }


def _pec_source(values):
    if not values.get("pec"):
        return None
    return "IPA" if values.get("ipa_code") else "INI-PEC"


def _contract_row(contract):
    customer = contract.customer
    return {
        "Codice contratto": contract.code,
        "Codice cliente": customer.code,
        "Servizio": contract.service,
        "POD/PDR/Punto": contract.point,
        "Tipologia cliente": customer.customer_type,
        "Stato": contract.state,
        "Data inizio": contract.start,
        "Data fine": contract.end,
        "Motivo fine": contract.end_reason,
        "Conto di fatturazione": f"CF-{customer.code}",
        "Indirizzo fornitura": customer.values["street"],
        "CAP fornitura": customer.values["zip"],
        "Comune fornitura": customer.values["city"],
        **contract.values,
    }


def _bill_rows(ledger, rng):
    """One row a supply; several rows share the number of a bill over many sites."""
    anchor = ledger.anchor
    rows = []
    for bill in ledger.bills:
        code = f"3{rng.randrange(10**16, 10**17)}"
        residual = ledger._open(bill, anchor) if bill.document == "FT" else None
        told = residual if residual and len(bill.shares) == 1 else None
        for contract, untaxed, tax in bill.shares:
            rows.append(
                {
                    "Numero bolletta": bill.ref,
                    "Codice contratto": contract.code,
                    "Tipo documento": bill.document,
                    "Data emissione": bill.issued,
                    "Data scadenza": bill.due,
                    "Totale": untaxed + tax,
                    "Imponibile": untaxed,
                    "IVA": tax,
                    "Aliquota IVA": bill.rate,
                    "Periodo dal": bill.period[0],
                    "Periodo al": bill.period[1],
                    "Tipo lettura": bill.reading,
                    "Bolletta di chiusura": "S" if bill.closing else "N",
                    "Conguaglio": bill.recalculation or "No",
                    "Altri servizi": bill.other_services,
                    "Codice pagamento": code,
                    "Rate": _instalments(bill),
                    "Residuo gestionale": told,
                    "Data residuo": anchor if told else None,
                    "Bolletta stornata": bill.reverses,
                }
            )
    return rows


def _instalments(bill):
    return "|".join(
        f"{day.isoformat()}:{str(amount).replace('.', ',')}"
        for day, amount in bill.instalments
    )


def _payment_row(payment):
    return {
        "Id pagamento": payment.ref,
        "Numero bolletta": payment.bill.ref,
        "Codice cliente": payment.bill.customer.code,
        "Data": payment.day,
        "Data valuta": payment.day + timedelta(days=1),
        "Importo": payment.amount,
        "Canale": payment.channel,
        "Storno/Insoluto di": payment.returns,
        "Motivo insoluto": payment.reason,
    }


def _notice_row(notice):
    return {
        "Id sollecito": notice.ref,
        "Codice contratto": notice.contract.code,
        "Tipo": notice.kind,
        "Canale": notice.channel,
        "Data invio": notice.sent,
        "Data notifica": notice.notified,
        "Termine pagamento": notice.term,
        "Avviso CMOR": "S" if notice.warning else "N",
        "Importo": sum(bill.total for bill in notice.bills),
        "Bollette": "|".join(bill.ref for bill in notice.bills),
        "File prova": notice.proof,
    }


def main(argv=None):
    """Write all workbooks of both companies into a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--small", action="store_true")
    args = parser.parse_args(argv)
    args.folder.mkdir(parents=True, exist_ok=True)
    for company in COMPANIES:
        dataset = generate(company, small=args.small)
        for delivery in dataset.deliveries:
            (args.folder / delivery.name).write_bytes(delivery.content)
            if delivery.proofs:
                name = delivery.name.replace(".xlsx", "_prove.zip")
                (args.folder / name).write_bytes(delivery.proofs)
            print(delivery.day, delivery.name, len(delivery.content))
        print(dataset.name, dict(dataset.counts), dataset.spoiled)


if __name__ == "__main__":
    main()
