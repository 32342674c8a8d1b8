"""Files of customers: kinds, sizes, names."""

import re

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..rules import uploads

PDF, JPEG, PNG = b"%PDF-1.4\n", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n"


@tagged("-at_install", "post_install")
class TestUploads(BaseCase):
    def refused(self, *files):
        with self.assertRaises(uploads.Refused) as caught:
            uploads.accept(files)
        return caught.exception.code

    def test_kinds_by_their_bytes(self):
        found = uploads.accept([("a.pdf", PDF), ("b", JPEG), ("c.html", PNG)])
        self.assertEqual([f.name for f in found], ["a.pdf", "b.jpg", "c.png"])
        for bad in (b"<html>", b"<svg/>", b"MZ\x90", b"PK\x03\x04", b" %PDF-"):
            self.assertEqual(self.refused(("x.pdf", bad)), "bad_kind")

    def test_sizes(self):
        limit = PDF + b"0" * (uploads.MAX_BYTES - len(PDF))
        self.assertEqual(len(uploads.accept([("a", limit)])), 1)
        self.assertEqual(self.refused(("a", limit + b"0")), "too_big")
        self.assertEqual(self.refused(("a", b"")), "empty")
        self.assertEqual(self.refused(*[("a", PDF)] * 4), "too_many")

    def test_names(self):
        for name, stem in (
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\ricevuta.pdf", "ricevuta"),
            ('"><script>.pdf', "script"),
            ("ricevuta\r\nSet-Cookie: x.pdf", "ricevuta_Set-Cookie_ x"),
            ("", "file"),
            (None, "file"),
            ("...", "file"),
            ("bonifico n. 12 (città).pdf", "bonifico n. 12 (città)"),
        ):
            with self.subTest(name=name):
                self.assertEqual(uploads.safe_stem(name), stem)

    @given(st.text(max_size=200))
    def test_any_name_is_harmless(self, name):
        stem = uploads.safe_stem(name)
        self.assertTrue(stem and len(stem) <= uploads.MAX_NAME)
        self.assertFalse(re.search(r'[/\\<>"\'\x00-\x1f;:]', stem))
