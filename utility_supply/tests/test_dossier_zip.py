import csv
import hashlib
import io
import zipfile

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..formats import dossier_zip
from ..formats.dossier_zip import INDEX, Member

# what names are spoiled with; all of Unicode takes a second to be made ready
ODD = 'aB1 ._/\\:*?"<>|=+-@\t\r\n\0é日\U0001f600'


def unpack(data):
    archive = zipfile.ZipFile(io.BytesIO(data))
    members = {name: archive.read(name) for name in archive.namelist()}
    index = members.pop(INDEX).decode("utf-8-sig")
    return members, list(csv.reader(io.StringIO(index), delimiter=";"))[1:]


@tagged("post_install", "-at_install")
class TestDossierZip(BaseCase):
    def test_names_that_would_leave_the_folder(self):
        for name in ("../../etc/passwd", "C:\\windows\\x.csv", "/abs.csv", "..", ""):
            members, rows = unpack(dossier_zip.build([Member("flussi", name, b"x")]))
            (path,) = members
            self.assertTrue(path.startswith("flussi/"))
            self.assertNotIn("..", path)
            self.assertEqual(path.count("/"), 1)
            self.assertEqual(rows[0][0], path)

    def test_same_name_twice(self):
        members, _rows = unpack(
            dossier_zip.build([Member("a", "F.csv", b"1"), Member("a", "f.csv", b"2")])
        )
        self.assertEqual(members, {"a/F.csv": b"1", "a/f (2).csv": b"2"})

    def test_index_runs_nothing(self):
        _members, rows = unpack(
            dossier_zip.build([Member("", "=cmd.csv", b"1", "@SUM(1)", "-")])
        )
        for cell in rows[0]:
            self.assertFalse(cell.startswith(("=", "+", "-", "@")), cell)

    @given(
        st.lists(
            st.tuples(
                st.text(ODD, max_size=130),
                st.binary(max_size=20),
                st.text(ODD, max_size=9),
            ),
            max_size=6,
        )
    )
    def test_every_byte_is_there(self, drawn):
        data = dossier_zip.build([Member("f", *item) for item in drawn])
        members, rows = unpack(data)
        self.assertEqual(len(members), len(drawn))
        self.assertEqual(
            sorted(members.values()), sorted(content for _n, content, _w in drawn)
        )
        hashes = {hashlib.sha256(content).hexdigest() for content in members.values()}
        self.assertEqual({row[1] for row in rows}, hashes)
