"""Bills per second of our acquisition against Odoo's own load(), and its memory.

Usage: ./dev bench acquisition [--bills 2000] [--peer 300] [--sizes 10000,100000]

One workbook is made and read by both sides in the same run, in both ways of keeping the
books. The peer gets its rows as Python lists (no file to parse), without chatter, and
confirms what it loaded: a user has a posted invoice only then. Ours reads the XLSX,
checks every cell, and posts. Exit status 1 when a bound does not hold:

* at least 6 times the bills per second of load();
* memory does not grow with the file (peak of the largest minus peak of the smallest);
* of a file with 1 % of rows in error all others are applied, and every error is listed.
"""

import argparse
import contextlib
import gc
import io
import os
import threading
import time
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import openpyxl

RATIO_BOUND = 6
# the file itself, and what a row costs in the list of keys, may grow
MEMORY_BOUND_MB = 120
CUSTOMERS = 1000
HEADINGS = [
    "Numero bolletta",
    "Codice contratto",
    "Tipo documento",
    "Data emissione",
    "Data scadenza",
    "Totale",
    "Imponibile",
    "IVA",
    "Aliquota IVA",
    "Periodo dal",
    "Periodo al",
    "Tipo lettura",
    "Codice pagamento",
]
FIRST_DAY = date(2025, 1, 1)


def run(env, args, out):
    """Entry point of `./dev bench`; ``args``: list of text; 0 when all bounds hold."""
    options = parse(args)
    bench = Bench(env, out)
    bench.prepare()
    # memory first: what load() leaves behind in the heap would hide a growth
    good = bench.memory(options.sizes) if options.sizes else True
    for mode in ("subledger", "full"):
        good &= bench.compare(mode, options)
    print("All bounds hold." if good else "A BOUND DOES NOT HOLD.", file=out)
    return 0 if good else 1


def parse(args):
    parser = argparse.ArgumentParser(prog="acquisition")
    parser.add_argument("--bills", type=int, default=2000)
    parser.add_argument("--peer", type=int, default=300)
    parser.add_argument("--sizes", default="10000,100000")
    options = parser.parse_args(args)
    options.sizes = [int(size) for size in options.sizes.split(",") if size]
    return options


class Bench:
    def __init__(self, env, out):
        self.company = env.company
        # the user of a scheduled action, in Italian, as the product runs it
        self.env = env(context={"lang": "it_IT", "tz": "Europe/Rome"})
        self.out = out

    def say(self, *columns):
        print("  ".join(f"{column!s:<28}"[:60] for column in columns), file=self.out)
        self.out.flush()

    # --- the two sides -------------------------------------------------------

    def compare(self, mode, options):
        """Print the table of one way of keeping the books; True if the bound holds."""
        self.company.utility_book_mode = mode
        self.env.cr.commit()
        self.say(f"books: {mode}", "bills", "seconds", "bills/s")
        rows = list(sheet_rows(f"{mode[:1].upper()}O", options.peer, self.contracts))
        peer = self.rate("Odoo load() + confirm", rows, self.load_by_odoo)
        rows = list(sheet_rows(f"{mode[:1].upper()}W", options.bills, self.contracts))
        self.rate("our writer alone", rows, self.write)
        rows = list(sheet_rows(f"{mode[:1].upper()}A", options.bills, self.contracts))
        data = workbook(rows)
        ours = self.rate("our acquisition of XLSX", rows, lambda _r: self.acquire(data))
        self.pay(rows)
        ratio = ours / peer
        self.say("ratio to load()", f"{ratio:.1f} x", f"bound {RATIO_BOUND} x")
        print(file=self.out)
        return ratio >= RATIO_BOUND

    def rate(self, label, rows, work):
        """Bills per second of ``work(rows)``, which must post all of them."""
        gc.collect()
        start = time.perf_counter()
        work(rows)
        self.env.cr.commit()
        seconds = time.perf_counter() - start
        self.check_posted(rows)
        self.say(label, len(rows), f"{seconds:.2f}", f"{len(rows) / seconds:.0f}")
        return len(rows) / seconds

    def check_posted(self, rows):
        names = [row[0] for row in rows]
        posted = self.env["account.move"].search(
            [("name", "in", names), ("state", "=", "posted")]
        )
        total = sum(Decimal(str(row[5])) for row in rows)
        found = sum(Decimal(str(amount)) for amount in posted.mapped("amount_total"))
        if len(posted) != len(rows) or found != total:
            raise AssertionError(
                f"{len(posted)} bills of {len(rows)}, {found} of {total}"
            )
        self.env.invalidate_all()

    def load_by_odoo(self, rows):
        """What the import button of Odoo calls, then the button Confirm."""
        model = self.env["account.move"].with_context(
            import_file=True, tracking_disable=True
        )
        is_full = self.company.utility_book_mode == "full"
        account = (
            self.journal.default_account_id
            if is_full
            else self.company.utility_clearing_account_id
        )
        names = [
            *("name", "move_type", "partner_id/.id", "journal_id/.id"),
            *("invoice_date", "invoice_date_due", "payment_reference"),
            "utility_contract_id/.id",
            *("consumption_from", "consumption_to", "reading_kind"),
            *("invoice_line_ids/name", "invoice_line_ids/account_id/.id"),
            *("invoice_line_ids/price_unit", "invoice_line_ids/tax_ids/.id"),
            "invoice_line_ids/utility_contract_id/.id",
        ]
        contracts = {contract.code: contract for contract in self.contracts}
        cells = []
        for row in rows:
            contract = contracts[row[1]]
            cells.append(
                [
                    *(row[0], "out_invoice", contract.partner_id.id, self.journal.id),
                    *(row[3].isoformat(), row[4].isoformat(), row[12]),
                    contract.id,
                    *(row[9].isoformat(), row[10].isoformat(), "actual"),
                    *(row[0], account.id),
                    row[6] if is_full else row[5],
                    self.tax.id if is_full else "",
                    contract.id,
                ]
            )
        result = model.load(names, [[str(cell) for cell in row] for row in cells])
        if not result["ids"]:
            raise AssertionError(result["messages"][:3])
        model.browse(result["ids"]).action_post()

    def write(self, rows):
        from odoo.addons.utility_supply.formats.bill_values import BillLine, BillValues

        contracts = {contract.code: contract for contract in self.contracts}
        bills = [
            BillValues(
                billing_ref=row[0],
                move_type="out_invoice",
                partner_id=contracts[row[1]].partner_id.id,
                date=row[3],
                due_date=row[4],
                lines=[
                    BillLine(contracts[row[1]].id, row[6], row[7], tax_id=self.tax.id)
                ],
                total=row[5],
                payment_reference=row[12],
                extra={"consumption_from": row[9], "consumption_to": row[10]},
            )
            for row in rows
        ]
        for start in range(0, len(bills), 500):
            writer = self.env["utility.bill.writer"]
            writer._post_bills(self.company, bills[start : start + 500])
            self.env.cr.commit()

    def acquire(self, data, dataset="bills"):
        """Receive the workbook and work its batch to the end, a commit per chunk."""
        profile = self.env["utility.import.profile"]._find(dataset, self.company)
        batch = self.env["utility.import.batch"]._receive(
            self.company, f"{dataset}.xlsx", data, [profile]
        )
        batch._guarded().state = "running"
        self.env.cr.commit()
        batch._work(commit=True)
        return batch

    def pay(self, rows):
        """Acquire a payment of each bill, which closes it; no bound, no peer."""
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("Pagamenti")
        sheet.append(["Id pagamento", "Numero bolletta", "Data", "Importo", "Canale"])
        for row in rows:
            sheet.append([f"P{row[0]}", row[0], row[4], row[5], "bonifico"])
        stream = io.BytesIO()
        book.save(stream)
        start = time.perf_counter()
        batch = self.acquire(stream.getvalue(), "payments")
        seconds = time.perf_counter() - start
        paid = self.env["account.move"].search_count(
            [("name", "in", [row[0] for row in rows]), ("payment_state", "=", "paid")]
        )
        if not batch.count_created == paid == len(rows):
            raise AssertionError(f"{batch.count_created} payments, {paid} bills paid")
        label = "payments, matched"
        self.say(label, len(rows), f"{seconds:.2f}", f"{len(rows) / seconds:.0f}")

    # --- memory and errors ---------------------------------------------------

    def memory(self, sizes):
        """Acquire files of each size, 1 % of the rows bad; True if the bounds hold."""
        self.company.utility_book_mode = "subledger"
        self.env.cr.commit()
        self.say(
            "1 % of rows in error", "bills/s", "peak MB", "grown MB", "listed errors"
        )
        peaks, good = [], True
        for size in sizes:
            data = workbook(spoiled(sheet_rows(f"M{size}-", size, self.contracts)))
            self.env.invalidate_all()
            gc.collect()
            start = time.perf_counter()
            with peak_memory() as memory:
                batch = self.acquire(data)
            seconds = time.perf_counter() - start
            errors = self.listed_errors(batch)
            expected = size // 100
            peaks.append(memory["peak"])
            self.say(
                size,
                f"{size / seconds:.0f}",
                f"{memory['peak']:.0f}",
                f"{memory['peak'] - memory['start']:.0f}",
                f"{errors} of {expected}",
            )
            good &= errors == expected and batch.count_created == size - expected
            good &= batch.state == "partial"
        grown = peaks[-1] - peaks[0]
        self.say("peak grows by", f"{grown:.0f} MB", f"bound {MEMORY_BOUND_MB} MB")
        print(file=self.out)
        return good and grown <= MEMORY_BOUND_MB

    def listed_errors(self, batch):
        """Rows of the workbook of errors that the user downloads."""
        data, _name = batch._errors_bytes()
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
        rows = list(book.active.iter_rows(min_row=2, values_only=True))
        return sum(1 for row in rows if any(row))

    # --- ground --------------------------------------------------------------

    def prepare(self):
        """Customers, contracts and books; committed."""
        company = self.company
        company._utility_setup_books()
        self.journal = company.utility_bill_journal_id
        self.journal.default_account_id = self.env["account.account"].search(
            [("company_ids", "in", company.id), ("account_type", "=", "income")],
            limit=1,
        )
        self.tax = company.account_sale_tax_id
        if self.tax.amount != 22:
            raise AssertionError("the company's sale tax is not 22 %")
        customers = self.env["res.partner"].create(
            [
                {
                    "name": f"Cliente {number}",
                    "company_id": company.id,
                    "street": f"Via Roma {number}",
                    "zip": "20121",
                    "city": "Milano",
                    "country_id": self.env.ref("base.it").id,
                    "lang": "it_IT",
                }
                for number in range(CUSTOMERS)
            ]
        )
        points = self.env["utility.supply.point"].create(
            [
                {"company_id": company.id, "service": "water", "code": f"P{number:06}"}
                for number in range(CUSTOMERS)
            ]
        )
        self.contracts = self.env["utility.contract"].create(
            [
                {
                    "company_id": company.id,
                    "code": f"K{number:06}",
                    "partner_id": customer.id,
                    "supply_point_id": point.id,
                    "customer_type": "domestic",
                    "date_start": "2020-01-01",
                }
                for number, (customer, point) in enumerate(
                    zip(customers, points, strict=True)
                )
            ]
        )
        self.env.cr.commit()


def sheet_rows(prefix, count, contracts):
    """``count`` rows of the sheet Bollette, one bill each."""
    codes = contracts.mapped("code")
    for number in range(count):
        untaxed = Decimal(3000 + number % 20000) / 100
        tax = (untaxed * 22 / 100).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
        day = FIRST_DAY + timedelta(days=number % 360)
        yield [
            f"{prefix}{day.year}/{number:07}",
            codes[number % len(codes)],
            "FT",
            day,
            day + timedelta(days=30),
            untaxed + tax,
            untaxed,
            tax,
            22,
            day - timedelta(days=60),
            day - timedelta(days=1),
            "Effettiva",
            f"3010000{number:011}",
        ]


def spoiled(rows):
    """``rows`` with an error in every hundredth, of five kinds in turn."""
    for number, row in enumerate(rows):
        if number % 100 == 50:
            kind = number // 100 % 5
            if kind == 0:
                row[1] = "K999999"  # no such contract
            elif kind == 1:
                row[3] = "31/02/2025"
            elif kind == 2:
                row[5] += 1  # not taxable amount plus VAT
            elif kind == 3:
                row[2] = "XX"
            else:
                row[0] = None
        yield row


def workbook(rows):
    """Bytes of the template's sheet of bills."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Bollette")
    sheet.append(HEADINGS)
    for row in rows:
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def resident_mb():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextlib.contextmanager
def peak_memory():
    """Samples the resident memory of this process; yields {"start", "peak"} in MB."""
    found = {"start": resident_mb(), "peak": resident_mb()}
    ended = threading.Event()

    def sample():
        while not ended.wait(0.05):
            found["peak"] = max(found["peak"], resident_mb())

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()
