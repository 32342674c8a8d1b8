import io
import struct
import tracemalloc
import zipfile
import zlib
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.utility_supply.formats.record_layout import clean_text

from ..formats import flow_io, flow_sample
from . import flow_mutations
from .layouts import shipped

MUTATIONS = 500  # of each kind; 10,000 by ./dev bench broken_files flow
CLAIM = shipped()["SI1.0050"]
ACK = shipped()["SI1.0100"]
DAYS = st.dates(date(1000, 1, 1), date(9999, 12, 31))
MONEY = st.integers(0, 99_999_999_999).map(lambda cents: Decimal(cents) / 100)
ITEM = {"text": st.none() | st.text(max_size=12), "date": st.none() | DAYS}
ITEM["decimal"] = st.none() | MONEY


def values_of(field):
    """Strategy of what a practice may hold for a field."""
    if field.kind == "fixed":
        return st.just(field.fixed)
    if field.kind == "date":
        return DAYS
    if field.kind == "decimal":
        return MONEY
    if field.kind == "integer":
        return st.integers(0, 10**field.length - 1)
    if field.kind == "code":
        return st.sampled_from(sorted(field.table))
    if field.kind == "group":
        item = {key: ITEM[kind] for key, kind in field.parts}
        filled = st.fixed_dictionaries(item).filter(
            lambda made: any(_seen(value) for value in made.values())
        )
        return st.lists(filled, min_size=1, max_size=4)
    return st.text(min_size=1, max_size=field.length)


def _seen(value):
    return value is not None and _kept(value) is not None


def _kept(value, *marks):
    """A text as a file keeps it: one line, without the marks of the form."""
    if not isinstance(value, str):
        return value
    return clean_text(clean_text(value, ";", "\ufeff"), *marks) or None


RECORDS = st.fixed_dictionaries(
    {field.name: values_of(field) for field in CLAIM.fields}
)


def zeros(name, size, told=None):
    """A small zip whose file is ``size`` MB of zeros; ``told``: bytes it declares."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    data = block * size + b"\x03\x00"
    total, path = told or size << 20, name.encode()
    common = struct.pack(
        "<HHHHHIIIHH", 20, 0, 8, 0, 0, 0, len(data), total, len(path), 0
    )
    local = b"PK\x03\x04" + common + path
    central = b"PK\x01\x02" + struct.pack("<H", 20) + common
    central += struct.pack("<HHHII", 0, 0, 0, 0, 0) + path
    start = len(local) + len(data)
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), start, 0)
    return local + data + central + b"PK\x05\x06" + end


@tagged("post_install", "-at_install")
class TestFlowFaults(BaseCase):
    def refusal(self, function, *args):
        with self.assertRaises(flow_io.FlowRefused) as caught:
            function(*args)
        return caught.exception.code

    def test_any_mutation_loses_nothing(self):
        """Whole rows, rows with their issues, or a refusal: never anything else."""
        files, wrong = flow_mutations.run(MUTATIONS, seed="suite")
        self.assertEqual(wrong, [])
        self.assertGreater(files, MUTATIONS * 25)

    @given(
        RECORDS,
        st.sampled_from(("csv", "xml")),
        st.sampled_from(("joined", "rows")),
        st.sampled_from(("utf-8", "utf-8-sig")),
        st.sampled_from(("DD/MM/YYYY", "YYYY-MM-DD", "YYYYMMDD")),
        st.sampled_from((".", ",")),
    )
    @settings(max_examples=400, deadline=None)
    def test_any_practice_reads_back_equal(self, values, form, repeat, code, day, mark):
        layout = replace(
            CLAIM,
            file_format=form,
            repeat=repeat,
            encoding=code,
            date_format=day,
            decimal_mark=mark,
        )
        for group, count in (
            ("ELENCO_FATTURE", "NUM_FATTURE"),
            ("ELENCO_MORA", "NUM_MORA"),
        ):
            values[count] = len(values[group])
        other = {**values, "CP_UTENTE": "ALTRA"}
        result = flow_io.write(layout, [(1, values), (2, other)])
        if result.refused:
            # what may not leave says why: a formula, a blank, items longer than a field
            for row in result.refused:
                rules = {issue.rule for issue in row.issues}
                self.assertLessEqual(
                    rules, {"formula", "required", "one_of", "too_long", "empty_item"}
                )
            return
        rows = flow_io.read(layout, result.data).rows
        self.assertEqual([row.issues for row in rows], [(), ()])
        expected = {}
        for name, value in values.items():
            if isinstance(value, list):
                value = [
                    {key: _kept(v, "#", "|") for key, v in item.items()}
                    for item in value
                ]
            expected[name] = _kept(value)
        self.assertEqual(rows[0].values, expected)

    # --- hostile files --------------------------------------------------------------

    def test_entities(self):
        good = flow_io.write(
            replace(ACK, file_format="xml"), enumerate(flow_sample.records(ACK))
        ).data.decode()
        head, body = good.split("\r\n", 1)
        for dtd in (
            '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
            '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">',
            '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        ):
            data = f"{head}\r\n{dtd}\r\n{body.replace('SII0', '&e;', 1)}".encode()
            self.assertEqual(self.refusal(flow_io.read, ACK, data), "xml_dtd")
            self.assertIsNone(flow_io.sniff(data))

    def test_deep_and_huge(self):
        deep = b"<a>" * 100_000 + b"</a>" * 100_000
        self.assertEqual(self.refusal(flow_io.read, ACK, deep), "xml")
        wide = (
            b"<R><Flusso><CP_UTENTE>" + b"x" * 11_000_000 + b"</CP_UTENTE></Flusso></R>"
        )
        self.assertEqual(self.refusal(flow_io.read, ACK, wide), "xml")
        long = b"<R><Flusso>" + b"<A>1</A>" * 700_000 + b"</Flusso></R>"
        self.assertEqual(self.refusal(flow_io.read, ACK, long), "xml")
        good = flow_sample.sample(ACK, 2)[0]
        huge = good.replace(b"E26-00000001", b"E" * 5_000_000)
        rows = flow_io.read(ACK, huge).rows
        self.assertEqual([i.rule for i in rows[0].issues], ["too_long"])
        self.assertEqual(rows[1].issues, ())
        self.assertLess(len(rows[0].raw["CP_UTENTE"]), 30_000)
        columns = b";".join(b"C%d" % n for n in range(100_000))
        data = good.replace(b"MOTIVAZIONE", columns)
        self.assertEqual(self.refusal(flow_io.read, ACK, data), "too_many_columns")
        rows = good + b"\r\n" * 1_000_001
        self.assertEqual(self.refusal(flow_io.read, ACK, rows), "too_many_rows")

    def test_lines_of_an_xml_are_no_rows(self):
        layout = replace(ACK, file_format="xml")
        data = flow_sample.sample(layout, 2)[0] + b"\r\n" * 1_000_001
        self.assertEqual(len(flow_io.read(ACK, data).rows), 2)

    def test_encodings_and_null_bytes(self):
        good = flow_sample.sample(ACK, 2)[0]
        text = good.decode()
        for data, code in (
            (good + b"\0", "nul"),
            (text.encode("utf-16"), "utf16"),
            (text.encode("utf-32"), "utf16"),
            (text.encode("utf-16-le"), "nul"),
            (b"\x81\x8d" + good, "undecodable"),
            (text.encode("cp037"), "undecodable"),
            (b"<\0a/>", "nul"),
            ("<a>\u00e8</a>".encode("latin-1"), "xml"),
            (b'<?xml version="1.0" encoding="utf-7"?><a/>', "xml"),
            (b"%PDF-1.7 ...", "kind"),
            (b"\x89PNG\r\n", "kind"),
            (b"   ", "empty"),
        ):
            self.assertEqual(self.refusal(flow_io.read, ACK, data), code, data[:20])

    def test_bombs(self):
        """Two GB of zeros in a small zip: refused before they are unpacked."""
        tracemalloc.start()
        try:
            data = zeros("a.csv", 2048)
            self.assertLess(len(data), 5_000_000)
            self.assertEqual(self.refusal(flow_io.members, data, "a.zip"), "zip_bomb")
            data = zeros("xl/worksheets/sheet1.xml", 2048)
            self.assertEqual(self.refusal(flow_io.read, ACK, data), "workbook")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        self.assertLess(peak, 30_000_000)
        # a directory that lies about the size
        data = zeros("a.csv", 64, told=9)
        self.assertEqual(self.refusal(flow_io.members, data, "a.zip"), "zip")

    def test_bomb_as_a_workbook(self):
        book = flow_mutations.workbook(ACK, flow_sample.sample(ACK, 2)[0])
        stream = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(book)) as old,
            zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for name in old.namelist():
                data = old.read(name)
                if name.endswith("sheet1.xml"):
                    data += b" " * (40 << 20)
                new.writestr(name, data)
        self.assertEqual(self.refusal(flow_io.read, ACK, stream.getvalue()), "workbook")
        self.assertEqual(len(flow_io.read(ACK, book).rows), 2)

    def test_many_archives(self):
        inner = zeros("a.csv", 1)
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as new:
            new.writestr("a.zip", inner)
        code = self.refusal(flow_io.members, stream.getvalue(), "a.zip")
        self.assertEqual(code, "zip_nested")
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as new:
            for number in range(1001):
                new.writestr(f"{number}.csv", b"1")
        code = self.refusal(flow_io.members, stream.getvalue(), "a")
        self.assertEqual(code, "zip_bomb")
