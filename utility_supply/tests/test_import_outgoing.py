"""Files left in a folder: whole or not at all, never over another one."""

import os
import tempfile
from pathlib import Path
from unittest import mock

import paramiko

from odoo.tests import BaseCase, tagged

from ..models import import_folders as folders
from .test_import_source import sftp_server

DATA = bytes(range(256)) * 4000


class PutCase:
    """What both kinds of folder promise; ``self.open()`` gives one on ``self.box``."""

    # Odoo's runner leaves out what a class inherits
    allow_inherited_tests_method = True

    def assertFails(self, code, name, data=DATA):
        with self.open() as folder, self.assertRaises(folders.FolderError) as caught:
            folder.put(name, data)
        self.assertEqual(caught.exception.code, code)

    def put(self, name="a.zip", data=DATA):
        with self.open() as folder:
            return folder.put(name, data)

    def test_whole(self):
        self.assertTrue(self.put())
        self.assertEqual((self.box / "a.zip").read_bytes(), DATA)
        self.assertEqual(os.listdir(self.box), ["a.zip"])
        with self.open() as folder:
            self.assertTrue(folder.has("a.zip", DATA))
            self.assertFalse(folder.has("a.zip", b"x"))
            self.assertFalse(folder.has("b.zip", DATA))

    def test_same_file_twice(self):
        self.assertTrue(self.put())
        self.assertFalse(self.put())

    def test_another_file_is_never_replaced(self):
        (self.box / "a.zip").write_bytes(b"other")
        self.assertFails("name_taken", "a.zip")
        self.assertEqual((self.box / "a.zip").read_bytes(), b"other")

    def test_bad_names(self):
        for name in ("", "../a", "a/b", ".a", "a.part", "a\nb", "done", "a\\b"):
            self.assertFails("bad_name", name)
        self.assertEqual(os.listdir(self.box), [])


@tagged("post_install", "-at_install")
class TestPutLocal(PutCase, BaseCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        self.box = self.root / "out"
        self.box.mkdir()

    def open(self):
        return folders.closing(folders.LocalFolder(str(self.root), "out"))

    def test_link_is_not_followed(self):
        (self.root / "secret").write_bytes(b"secret")
        (self.box / "a.zip").symlink_to(self.root / "secret")
        self.assertFails("name_taken", "a.zip")
        self.assertEqual((self.root / "secret").read_bytes(), b"secret")

    def test_disk_full(self):
        with mock.patch.object(os, "fsync", side_effect=OSError(28, "No space left")):
            self.assertFails("not_written", "a.zip")
        self.assertEqual(os.listdir(self.box), [])

    def test_somebody_was_faster(self):
        real = os.link

        def late(*args, **kwargs):
            (self.box / "a.zip").write_bytes(b"other")
            return real(*args, **kwargs)

        with mock.patch.object(os, "link", late):
            self.assertFails("name_taken", "a.zip")
        self.assertEqual(os.listdir(self.box), ["a.zip"])
        self.assertEqual((self.box / "a.zip").read_bytes(), b"other")


@tagged("post_install", "-at_install")
class TestPutSftp(PutCase, BaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = paramiko.ECDSAKey.generate()

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.box = Path(folder.name).resolve() / "out"
        self.box.mkdir()
        server = sftp_server(self.box.parent, self.key)
        self.port = server.__enter__()
        self.addCleanup(server.__exit__, None, None, None)

    def open(self):
        key = f"{self.key.get_name()} {self.key.get_base64()}"
        return folders.closing(
            folders.SftpFolder("127.0.0.1", self.port, key, "/out", "billing", "s3cret")
        )

    def test_connection_lost_at_the_end(self):
        """It may have got there: nobody may say that it did not."""
        lost = mock.patch.object(paramiko.SFTPClient, "rename", side_effect=EOFError)
        with lost:
            self.assertFails("in_doubt", "a.zip")

    def test_connection_lost_before(self):
        lost = mock.patch.object(paramiko.SFTPFile, "write", side_effect=EOFError)
        with lost:
            self.assertFails("not_written", "a.zip")
        self.assertNotIn("a.zip", os.listdir(self.box))
