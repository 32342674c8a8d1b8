import itertools

from lxml import etree

from odoo.tests import BaseCase, tagged

from odoo.addons.utility_supply.formats.record_render import render

from ..formats import flow_csv, flow_io, flow_sample, flow_xsd, layout_spec
from .layouts import FILES, shipped, shipped_rows

FORMS = [
    {"file_format": form, "repeat": repeat}
    for form, repeat in itertools.product(("csv", "xml"), ("joined", "rows"))
]


def values_of(layout, result):
    """What was read, as it is written again."""
    return [(row.number, row.values) for row in result.rows]


@tagged("post_install", "-at_install")
class TestShippedLayouts(BaseCase):
    """Gate F14: a good and a partly bad sample of every layout that ships."""

    def test_nothing_is_wrong_with_them(self):
        for code, rows in shipped_rows().items():
            self.assertEqual(layout_spec.layout_issues({}, rows), [], code)
            for row in rows:
                self.assertRegex(row["note"], r"^\[[SA]\]", (code, row["name"]))
                self.assertTrue(row["source"], (code, row["name"]))
            sources = [row["source"] for row in rows]
            self.assertEqual(len(sources), len(set(sources)), code)

    def test_every_flow_that_we_send_or_receive_has_one(self):
        wanted = set(
            "SI1.0050 SI1.0100 SI1.0150 SI2.0200 SI3.0200 SI6.0200 SI7.0200 AI1.0050"
            " AI1.0100 AI1.0150 AI2.0200 AI3.0050 SO1.0050 SO1.0100 SO1.0150 SO2.0050"
            " SO3.0200 RI1.0050 RI1.0100 CC1.0050 CC1.0100 DS1.0200".split()
        )
        self.assertEqual(set(shipped()), wanted)

    def test_golden_files(self):
        for form in ("csv", "xml"):
            for code, layout in shipped(file_format=form).items():
                path = FILES / f"{code}_golden.{form}"
                data = path.read_bytes()
                result = flow_io.read(layout, data, path.name)
                self.assertGreaterEqual(len(result.rows), 2, path.name)
                for row in result.rows:
                    self.assertEqual(row.issues, (), path.name)
                again = flow_io.write(layout, values_of(layout, result))
                self.assertEqual(again.refused, (), path.name)
                self.assertEqual(again.data.decode(), data.decode(), path.name)
                told = tuple(code.split("."))
                if code != "DS1.0200":  # the one flow without service and flow code
                    self.assertEqual(flow_io.sniff(data), told, path.name)
                self.assertEqual(flow_io.sniff(data, path.name), told, path.name)

    def test_partly_bad_files(self):
        """The good rows are whole, each bad one says the one thing that is wrong."""
        for form in ("csv", "xml"):
            for code, layout in shipped(file_format=form).items():
                path = FILES / f"{code}_bad.{form}"
                _data, rules = flow_sample.sample(layout, 3, bad=True)
                rows = flow_io.read(layout, path.read_bytes(), path.name).rows
                self.assertEqual(len(rows), len(rules), path.name)
                self.assertIn(None, rules)
                self.assertGreater(len(set(rules)), 3, path.name)
                for row, rule in zip(rows, rules, strict=True):
                    expected = [rule] if rule else []
                    found = [issue.rule for issue in row.issues]
                    self.assertEqual(found, expected, (path.name, row.number))

    def test_samples_of_every_form_are_read_back(self):
        for settings in FORMS:
            for code, layout in shipped(**settings).items():
                records = flow_sample.records(layout, 6)
                result = flow_io.write(layout, enumerate(records))
                self.assertEqual(result.refused, (), code)
                rows = flow_io.read(layout, result.data).rows
                self.assertEqual([row.values for row in rows], records, code)
                data, rules = flow_sample.sample(layout, 4, bad=True)
                rows = flow_io.read(layout, data).rows
                self.assertEqual(len(rows), len(rules), (code, settings))
                for row, rule in zip(rows, rules, strict=True):
                    found = [issue.rule for issue in row.issues]
                    expected = [rule] if rule else []
                    self.assertEqual(found, expected, (code, settings, row.raw))

    def test_schema_takes_what_we_write(self):
        """The XSD made from a layout validates every file we write with it."""
        for space in ("", "urn:cmor:1"):
            for repeat in ("joined", "rows"):
                settings = {"repeat": repeat, "xml_namespace": space}
                for layout in shipped(file_format="xml", **settings).values():
                    schema = etree.XMLSchema(
                        etree.fromstring(flow_xsd.schema(layout).encode())
                    )
                    records = flow_sample.records(layout, 6)
                    data = flow_io.write(layout, enumerate(records)).data
                    schema.assertValid(etree.fromstring(data))

    def test_schema_refuses_what_the_layout_refuses(self):
        layouts = shipped(file_format="xml")
        for code, layout in layouts.items():
            schema = etree.XMLSchema(etree.fromstring(flow_xsd.schema(layout).encode()))
            good = flow_sample.records(layout, 1)[0]
            texts, _issues = flow_csv.encode_record(layout, good)
            for (row, items), rule in flow_sample.spoil(layout, (texts, {})):
                data = render(layout, [(row, items)])
                self.assertFalse(schema.validate(etree.fromstring(data)), (code, rule))
