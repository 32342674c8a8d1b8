"""Jobs for a mail house and what comes back from it (gates 12 and 40)."""

import csv
import hashlib
import io
import zipfile
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pypdf
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from odoo.tests import BaseCase, tagged
from odoo.tools import mute_logger

from odoo.addons.utility_supply.formats import mapping, tabular
from odoo.addons.utility_supply.formats.issues import FileRefused

from ..formats import postal_events
from ..formats.postal_job import Form, Piece, build, count_pages, file_name
from ..formats.postal_package import open_received
from ..formats.work_file import Column, WorkFile
from . import postal_files
from .postal_files import archive, events_csv, pdf, tiff

QUICK = settings(max_examples=150, deadline=None, database=None, derandomize=True)
MUTANTS = 500  # of each kind; 10,000 by ./dev bench broken_files post
COLUMNS = (
    Column("CODICE", "ref", length=64, is_required=True),
    Column("FILE", "pdf_name", is_required=True),
    Column("PAGINE", "pages"),
    Column("DA", "first_page"),
    Column("A", "last_page"),
    Column("PRODOTTO", "product", is_required=True),
    Column("NOME", "customer", length=40, is_required=True),
    Column("VIA", "street", length=40, is_required=True),
    Column("CAP", "zip", length=5, is_required=True),
    Column("IMPORTO", "amount"),
    Column("DATA", "send_date"),
    Column("IMPRONTA", "sha256"),
    Column("TIPO", "constant", "RACC"),
)
COMMON = {"product": "AR", "send_date": date(2026, 3, 2), "sender_code": "K 1"}


def index(**options):
    return WorkFile(COLUMNS, **{"decimal_mark": ",", **options})


def piece(number, pages=1, **values):
    values = {
        "customer": f"Rossi Mario {number}",
        "street": "Via Roma 1",
        "zip": "20100",
        "amount": Decimal("12.50"),
        **values,
    }
    return Piece(f"u{number}", values, pdf(f"Lettera {number}", pages))


def index_of(job, encoding="utf-8"):
    """Rows of the CSV index of a job."""
    data = dict(job.files)
    name = next(iter(data))
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(data[name])) as file:
            data = {info: file.read(info) for info in file.namelist()}
    found = next(data[name] for name in data if name.endswith(".csv"))
    return list(csv.DictReader(found.decode(encoding).splitlines(), delimiter=";"))


@tagged("post_install", "-at_install")
class TestJob(BaseCase):
    def test_archive_of_letters(self):
        """Gate 40: each letter's own bytes under the name that the index tells."""
        pieces = [piece(1), piece(2, 3)]
        job = build(Form(index()), "PL/2026/0007", pieces, COMMON)
        [(name, data)] = job.files
        self.assertEqual(name, "PL-2026-0007.zip")
        rows = index_of(job)
        self.assertEqual([row["CODICE"] for row in rows], ["u1", "u2"])
        self.assertEqual([row["PAGINE"] for row in rows], ["1", "3"])
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            self.assertIsNone(file.testzip())
            for row, one in zip(rows, pieces, strict=True):
                self.assertEqual(file.read(row["FILE"]), one.pdf)
                digest = hashlib.sha256(one.pdf).hexdigest()
                self.assertEqual(row["IMPRONTA"], digest)
            self.assertEqual(len(file.namelist()), 3)
        first = rows[0]
        self.assertEqual((first["IMPORTO"], first["DATA"]), ("12,50", "02/03/2026"))
        self.assertEqual((first["PRODOTTO"], first["TIPO"]), ("AR", "RACC"))

    def test_merged(self):
        """Gate 40: the pages that the index tells are those of the letter."""
        form = Form(index(), packing="merged", file_name="{sender}_{date}_{job}")
        job = build(form, "L7", [piece(1), piece(2, 3), piece(3, 2)], COMMON)
        (pdf_name, merged), (index_name, _index) = job.files
        self.assertEqual(pdf_name, "K-1_20260302_L7.pdf")
        self.assertEqual(index_name, "K-1_20260302_L7.csv")
        pages = pypdf.PdfReader(io.BytesIO(merged)).pages
        self.assertEqual(len(pages), 6)
        for row in index_of(job):
            first, last = int(row["DA"]), int(row["A"])
            number = row["CODICE"][1:]
            for place in range(first, last + 1):
                text = pages[place - 1].extract_text()
                self.assertIn(f"Lettera {number} {place - first + 1}/", text)

    def test_letters_begin_on_a_front_page(self):
        form = Form(index(), packing="merged", blank_backs=True)
        job = build(form, "L7", [piece(1), piece(2, 3), piece(3, 2)], COMMON)
        pages = pypdf.PdfReader(io.BytesIO(job.files[0][1])).pages
        self.assertEqual(len(pages), 8)
        rows = [(int(row["DA"]), int(row["A"])) for row in index_of(job)]
        self.assertEqual(rows, [(1, 1), (3, 5), (7, 8)])

    def test_xml_index(self):
        columns = index(
            file_format="xml",
            encoding="cp1252",
            xml_root="Lotto",
            xml_record="Lettera",
        )
        form = Form(columns, packing="merged")
        job = build(form, "L7", [piece(1, customer="Rossi & Càpua <srl>")], COMMON)
        name, content = job.files[1]
        self.assertEqual(name, "L7.xml")
        root = etree.fromstring(content)
        self.assertEqual((root.tag, root[0].tag), ("Lotto", "Lettera"))
        self.assertEqual(root[0].findtext("NOME"), "Rossi & Càpua <srl>")

    @mute_logger("pypdf", "pypdf._reader")
    def test_a_bad_letter_never_stops_the_others(self):
        """Gate 10."""
        bad = [
            piece(2, customer="x" * 41),
            piece(4, street=""),
            replace(piece(5), pdf=b"<html>"),
            replace(piece(6), pdf=b"%PDF-1.4 spoiled"),
        ]
        good = [piece(1), piece(3)]
        job = build(Form(index()), "L", [good[0], *bad[:2], good[1], *bad[2:]], COMMON)
        self.assertEqual([row.uuid for row in job.rows], ["u1", "u3"])
        self.assertEqual([row.number for row in job.rows], [1, 2])
        told = {
            one.uuid: [(i.rule, i.field) for i in one.issues] for one in job.refused
        }
        self.assertEqual(
            told,
            {
                "u2": [("too_long", "NOME")],
                "u4": [("required", "VIA")],
                "u5": [("not_pdf", "")],
                "u6": [("not_pdf", "")],
            },
        )

    def test_no_letter_no_file(self):
        job = build(Form(index()), "L", [piece(1, zip="")], COMMON)
        self.assertEqual((job.files, job.rows), ((), ()))

    def test_same_letters_same_bytes(self):
        for packing in ("zip", "merged"):
            form = Form(index(), packing=packing)
            first = build(form, "L", [piece(1), piece(2)], COMMON)
            again = build(form, "L", [piece(1), piece(2)], COMMON)
            self.assertEqual(first.files, again.files)
            self.assertEqual(first.sha256, again.sha256)
            other = build(form, "L", [piece(1), piece(3)], COMMON)
            self.assertNotEqual(first.sha256, other.sha256)

    def test_names(self):
        self.assertEqual(file_name("../{job}/{nope}", {"job": "a b"}), "a-b")
        self.assertEqual(file_name("///", {}), "lotto")
        self.assertEqual(count_pages(pdf(pages=4)), 4)

    @given(
        st.lists(
            st.fixed_dictionaries(
                {
                    name: st.text(max_size=60)
                    for name in ("customer", "street", "zip", "city")
                }
            ),
            max_size=5,
        ),
        st.sampled_from(["zip", "merged"]),
        st.sampled_from(["csv", "xml"]),
        st.sampled_from(["utf-8", "cp1252"]),
    )
    @QUICK
    def test_every_letter_goes_once_or_tells_why(self, rows, packing, form, encoding):
        pieces = [replace(piece(number), values=row) for number, row in enumerate(rows)]
        wanted = Form(index(file_format=form, encoding=encoding), packing=packing)
        job = build(wanted, "L", pieces, COMMON)
        told = [row.uuid for row in job.rows] + [one.uuid for one in job.refused]
        self.assertEqual(sorted(told), sorted(one.uuid for one in pieces))
        self.assertEqual(bool(job.files), bool(job.rows))
        if job.rows and form == "csv":
            found = index_of(job, encoding=encoding)
            self.assertEqual(
                [row["CODICE"] for row in found], [row.uuid for row in job.rows]
            )

    @mute_logger("pypdf", "pypdf._reader")
    @given(st.binary(max_size=300))
    @QUICK
    def test_any_bytes_are_a_pdf_or_none(self, data):
        self.assertGreaterEqual(count_pages(b"%PDF-1.7" + data), 0)


@tagged("post_install", "-at_install")
class TestReceived(BaseCase):
    def test_sorted_by_content(self):
        data = archive(
            {
                "esiti/esiti.csv": events_csv({"Codice esito": "DP1"}),
                "img/RR1.tif": tiff(),
                "img/RR2.pdf": pdf("cartolina"),
                "leggimi.doc": b"ciao",
                "vuoto.csv": b" ",
            }
        )
        found = open_received(data, "esiti.zip")
        self.assertEqual([name for name, _data in found.tables], ["esiti.csv"])
        self.assertEqual(set(found.proofs), {"RR1.tif", "RR2.pdf"})
        self.assertEqual(set(found.others), {"leggimi.doc", "vuoto.csv"})
        self.assertEqual(found.damaged, ())

    def test_single_files(self):
        self.assertEqual(set(open_received(tiff(), "RR1.tif").proofs), {"RR1.tif"})
        table = events_csv({})
        self.assertEqual(open_received(table, "a.csv").tables, (("a.csv", table),))

    def test_hostile_archives(self):
        bomb = archive({"a.csv": b"0" * (40 * 2**20)})
        double = archive({"a/x.tif": tiff(), "b/X.TIF": tiff()})
        for data, code in (
            (b"", "empty_file"),
            (b"PK\x03\x04 broken", "package_damaged"),
            (archive({}), "package_empty"),
            (bomb, "package_damaged"),
        ):
            with self.assertRaises(FileRefused) as caught:
                open_received(data, "x.zip")
            self.assertEqual(caught.exception.issues[0].code, code)
        found = open_received(double, "x.zip")
        self.assertEqual(list(found.proofs), ["x.tif"])
        self.assertEqual(found.damaged[0][1].code, "package_double")
        found = open_received(archive({"../../etc/x.tif": tiff()}), "x.zip")
        self.assertEqual(list(found.proofs), ["x.tif"])

    def test_one_spoiled_member(self):
        data = bytearray(archive({"a.csv": events_csv({}) * 30, "b.tif": tiff()}))
        data[60] ^= 0xFF
        found = open_received(bytes(data), "x.zip")
        self.assertEqual([name for name, _issue in found.damaged], ["a.csv"])
        self.assertEqual(list(found.proofs), ["b.tif"])


def read_all(data, name):
    """(records, issues) of what a provider sent, as the acquisition reads it."""
    records, issues = [], []
    profile = mapping.template_profile(postal_events.NAME)
    for table_name, content in open_received(data, name).tables:
        options = {**profile.open_options(), "sheet": None}
        table = tabular.open_table(content, table_name, **options)
        converter = mapping.compile_profile(profile, table.headings)
        for row in table.rows():
            record, found = converter.convert(row)
            if record:
                records.append(record)
            issues += found
    return records, issues


@tagged("post_install", "-at_install")
class TestEvents(BaseCase):
    GOOD = events_csv(
        {
            "Codice lettera": "u1",
            "Numero raccomandata": "619000000011",
            "Codice esito": "DP1",
            "Data esito": "12/03/2026 10:22",
            "Immagine": "RR1.tif",
            "Costo": "4,1050",
            "Ricevente": "portiere",
        },
        {"Codice lettera": "u2", "Codice esito": "DP99", "Data esito": "13/03/2026"},
        {"Codice lettera": "u3", "Codice esito": "DP1", "Data esito": "32/03/2026"},
        {"Codice lettera": "u4", "Data esito": "14/03/2026"},
    )

    def test_rows(self):
        """Gate 10: the row that cannot be read says so, the others are there."""
        records, issues = read_all(self.GOOD, "esiti.csv")
        self.assertEqual([record["letter_uuid"] for record in records], ["u1", "u2"])
        self.assertEqual(records[0]["event_at"], datetime(2026, 3, 12, 10, 22))
        self.assertEqual(records[0]["cost"], Decimal("4.1050"))
        self.assertEqual(records[1]["event_at"], datetime(2026, 3, 13, 12))
        self.assertEqual([issue.row for issue in issues], [4, 5])

    def test_mutations(self):
        """Gate 12: whatever arrives, a file is read or refused, nothing else."""
        read, refused = read_mutants(self.GOOD, MUTANTS, seed=5)
        self.assertGreater(read, MUTANTS)  # not all of them are refused
        self.assertGreater(refused, MUTANTS)


def read_mutants(data, count, seed):
    """Read ``count`` spoiled copies of each kind of a table and of its archive.

    :return: (how many were read, how many refused); raises what a reader raises else
    """
    read = refused = 0
    samples = {
        "esiti.csv": data,
        "esiti.zip": archive({"esiti.csv": data, "RR1.tif": tiff()}),
    }
    for name, content in samples.items():
        for kind in postal_files.MUTATIONS:
            for spoiled in postal_files.mutants(content, kind, count, seed):
                try:
                    read_all(spoiled, name)
                    read += 1
                except FileRefused:
                    refused += 1
    return read, refused
