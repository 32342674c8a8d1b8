"""Files in the template's layout, made from records, and their way into Odoo."""

import csv
import io
from datetime import date
from decimal import Decimal

import xlwt

from odoo.addons.utility_supply.formats import workbook
from odoo.addons.utility_supply.formats.datasets import DATASETS
from odoo.addons.utility_supply.tests.common import UtilityCommon

FISCAL_CODES = ("RSSMRA80A01F205X", "BNCGVN75C52H501A", "VRDLGU60B03L219K")


def headed(dataset, record):
    """{heading: value} of a record written with the names of its fields."""
    names = DATASETS[dataset].by_name
    return {names[name].heading: value for name, value in record.items()}


def xlsx(sheets):
    """XLSX of {dataset: [record]}, with the headings of the template."""
    pages = []
    for dataset, records in sheets.items():
        spec = DATASETS[dataset]
        headings = [item.heading for item in spec.fields]
        rows = [headed(dataset, record) for record in records]
        lines = [[row.get(heading) for heading in headings] for row in rows]
        pages.append((spec.sheet, headings, lines))
    return workbook.rows_workbook(pages)


def xls(dataset, records):
    """XLS of one dataset: numbers and dates as typed cells."""
    book = xlwt.Workbook()
    spec = DATASETS[dataset]
    page = book.add_sheet(spec.sheet)
    day = xlwt.easyxf(num_format_str="DD/MM/YYYY")
    for column, item in enumerate(spec.fields):
        page.write(0, column, item.heading)
        for number, record in enumerate(records, 1):
            value = record.get(item.name)
            if isinstance(value, date):
                page.write(number, column, value, day)
            elif isinstance(value, Decimal):
                page.write(number, column, float(value))
            elif value is not None:
                page.write(number, column, value)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def csv_file(dataset, records, delimiter=";", encoding="utf-8"):
    """CSV of one dataset: comma decimals, dd/mm/yyyy."""
    spec = DATASETS[dataset]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerow([item.heading for item in spec.fields])
    for record in records:
        writer.writerow([_typed(record.get(item.name)) for item in spec.fields])
    return stream.getvalue().encode(encoding)


def _typed(value):
    if value is None:
        return ""
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, Decimal):
        return str(value).replace(".", ",")
    return value


def customer(number, **more):
    """A good customer record."""
    return {
        "billing_code": f"K{number:05d}",
        "name": f"Niccolò Città {number}",
        "legal_form": "Consumatore",
        "fiscal_code": FISCAL_CODES[number % 3],
        "street": "Via dell'Università 1",
        "zip": "20121",
        "city": "Milano",
        "province": "MI",
        "email": f"k{number}@example.com",
        "direct_debit": "N",
        **more,
    }


def contract(number, customer_number=None, **more):
    """A good contract record of an electricity supply."""
    customer_number = number if customer_number is None else customer_number
    return {
        "code": f"S{number:05d}",
        "customer_code": f"K{customer_number:05d}",
        "service": "Energia elettrica",
        "point_code": f"IT001E{number:08d}",
        "customer_type": "Domestico",
        "supply_state": "Attivo",
        "date_start": date(2024, 1, 1),
        **more,
    }


def bill(ref, contract_number, total="100.00", **more):
    """A good bill record; its total without VAT detail."""
    return {
        "billing_ref": ref,
        "contract_code": f"S{contract_number:05d}",
        "document_type": "FT",
        "date": date(2026, 1, 10),
        "due_date": date(2026, 2, 9),
        "total": Decimal(total),
        **more,
    }


def payment(ref, billing_ref=None, amount="100.00", **more):
    """A good payment record."""
    return {
        "source_ref": ref,
        "billing_ref": billing_ref,
        "date": date(2026, 2, 5),
        "amount": Decimal(amount),
        "channel": "SDD",
        **more,
    }


class ImportCommon(UtilityCommon):
    """A company with two customers and contracts acquired from a workbook."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.batches = cls.env["utility.import.batch"]
        cls.rows = cls.env["utility.import.row"]

    @classmethod
    def receive(cls, data, filename="file.xlsx", env=None, proofs=None, **controls):
        """The batches of a file, in state draft."""
        env = env or cls.env
        profiles = env["utility.import.profile"]._detect(cls.company, filename, data)
        return env["utility.import.batch"]._receive(
            cls.company,
            filename,
            data,
            list(profiles),
            proofs=proofs,
            values=controls,
        )

    @classmethod
    def load(cls, data, filename="file.xlsx", **options):
        """The batches of a file, loaded."""
        batches = cls.receive(data, filename, **options)
        batches.action_apply()
        return batches

    @classmethod
    def load_records(cls, **sheets):
        """Batches by dataset of {dataset: records}, loaded from one workbook."""
        batches = cls.load(xlsx(sheets))
        return {batch.dataset: batch for batch in batches}

    @classmethod
    def load_base(cls, count=2):
        """``count`` customers with a contract each, loaded."""
        numbers = range(1, count + 1)
        return cls.load_records(
            customers=[customer(n) for n in numbers],
            contracts=[contract(n) for n in numbers],
        )

    def bill_of(self, ref):
        """The posted bill with this number."""
        return self.env["account.move"].search(
            [("company_id", "=", self.company.id), ("billing_ref", "=", ref)]
        )

    def open_rows(self, batches):
        """The rows of these batches that wait."""
        return batches.row_ids.filtered(lambda row: row.state == "open")

    def counts(self):
        """How many records of each kind the database holds."""
        names = (
            "res.partner",
            "utility.supply.point",
            "utility.contract",
            "utility.protection",
            "account.move",
            "account.payment",
            "utility.notice",
            "utility.import.row",
        )
        return {
            name: self.env[name].with_context(active_test=False).search_count([])
            for name in names
        }
