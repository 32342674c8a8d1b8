"""Folders: a local one below its root, an SFTP server with a pinned host key."""

import io
import os
import socket
import tempfile
import threading
import time
import zipfile
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from unittest import mock

import paramiko

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import config, mute_logger

from odoo.addons.utility_supply.models import import_folders as folders
from odoo.addons.utility_supply.models.import_source import ROOT_OPTION
from odoo.addons.utility_supply.tests.import_common import (
    ImportCommon,
    customer,
    xlsx,
)


def beginning(source, code):
    """How the text of a problem begins in the language of ``source``."""
    return source._problem_text(folders.FolderError(code, "|")).partition("|")[0]


class FolderCommon(ImportCommon):
    commits = False  # True: the test runs the scheduled action itself

    def told(self, source, code):
        """The source shows this problem, in Italian where Italian is installed."""
        context = self.batches._quiet_context()
        self.assertIn(
            beginning(source.with_context(**context), code), source.problem or ""
        )

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        self.inbox = self.root / "inbox"
        self.inbox.mkdir()
        # the polling commits as it goes: not inside a test
        if not self.commits:
            self.commit = self.startPatcher(
                mock.patch.object(
                    self.registry["ir.cron"], "_commit_progress", return_value=60.0
                )
            )

    def put(self, name, data, age=600):
        """Leave a file in the folder, last written ``age`` seconds ago."""
        path = self.inbox / name
        path.write_bytes(data)
        moment = time.time() - age
        os.utime(path, (moment, moment))
        return path

    def names(self, folder):
        """Names of the files moved to ``folder``, without what was put before them."""
        path = self.inbox / folder
        if not path.exists():
            return []
        return sorted(name.split("_", 2)[2] for name in os.listdir(path))


@tagged("post_install", "-at_install")
class TestImportLocalFolder(FolderCommon):
    def setUp(self):
        super().setUp()
        self.startPatcher(
            mock.patch.dict(config.options, {ROOT_OPTION: str(self.root)})
        )
        self.source = self.env["utility.import.source"].create(
            {"name": "Night", "path": "inbox", "company_id": self.company.id}
        )

    def poll(self):
        self.env["utility.import.source"]._cron_poll()

    def test_files_are_loaded_and_moved(self):
        self.put("good.xlsx", xlsx({"customers": [customer(1)]}))
        self.put("bad.xlsx", b"this is no workbook")
        self.put("empty.csv", b"")
        self.put("fresh.xlsx", xlsx({"customers": [customer(2)]}), age=5)
        self.put("writing.xlsx.part", b"x")
        self.poll()
        self.assertFalse(self.source.problem)
        self.assertEqual(self.names("done"), ["good.xlsx"])
        self.assertEqual(self.names("rejected"), ["bad.xlsx", "empty.csv"])
        left = sorted(p.name for p in self.inbox.iterdir() if p.is_file())
        self.assertEqual(left, ["fresh.xlsx", "writing.xlsx.part"])
        self.batches._work_all_waiting()
        states = {b.filename: b.state for b in self.source.batch_ids}
        self.assertEqual(
            states,
            {"good.xlsx": "done", "bad.xlsx": "refused", "empty.csv": "refused"},
        )
        self.assertTrue(all(self.source.batch_ids.mapped("file_id.attachment_id")))
        self.assertTrue(
            self.env["res.partner"].search([("billing_code", "=", "K00001")])
        )

    def test_crash_between_commit_and_move(self):
        """The bytes are stored and committed first; the next poll only moves."""
        self.put("good.xlsx", xlsx({"customers": [customer(1)]}))
        seen = []

        def dying(folder, name, *rest):
            seen.append(self.commit.call_count)
            raise folders.FolderError("not_moved", "power cut")

        with mock.patch.object(folders.LocalFolder, "move", dying):
            self.poll()
        self.assertGreaterEqual(seen[0], 1, "committed before the move")
        self.assertIn("power cut", self.source.problem)
        self.assertEqual(len(self.source.batch_ids), 1)
        self.poll()
        self.assertEqual(len(self.source.batch_ids), 1, "not received twice")
        self.assertEqual(self.names("done"), ["good.xlsx"])
        self.assertFalse(self.source.problem)

    def test_same_file_and_same_name_again(self):
        data = xlsx({"customers": [customer(1)]})
        self.put("good.xlsx", data)
        self.poll()
        self.put("good.xlsx", data)
        self.poll()
        self.assertEqual(self.names("done"), ["good.xlsx", "good.xlsx"])
        self.assertEqual(len(self.source.batch_ids), 1)
        self.put("good.xlsx", xlsx({"customers": [customer(2)]}))
        self.poll()
        self.assertEqual(len(self.names("done")), 3, "names never collide")
        self.assertEqual(len(self.source.batch_ids), 2)

    def test_proofs_come_with_their_file(self):
        """A ZIP of the same name brings the proofs; alone it waits."""
        self.load_base()
        notice = {
            "ref": "N1",
            "contract_code": "S00001",
            "kind": "Costituzione in mora",
            "channel": "Raccomandata A/R",
            "sent_date": date(2026, 3, 1),
            "proof_file": "ar.pdf",
        }
        proofs = io.BytesIO()
        with zipfile.ZipFile(proofs, "w") as archive:
            archive.writestr("ar.pdf", b"%PDF receipt")
        self.put("solleciti.zip", proofs.getvalue())
        self.poll()
        self.assertEqual(self.names("rejected") + self.names("done"), [])
        self.put("Solleciti.xlsx", xlsx({"notices": [notice]}))
        self.poll()
        self.assertEqual(self.names("done"), ["Solleciti.xlsx", "solleciti.zip"])
        self.batches._work_all_waiting()
        sent = self.env["utility.notice"].search([("ref", "=", "N1")])
        self.assertEqual(sent.attachment_ids.raw, b"%PDF receipt")

    def test_check_only(self):
        self.source.is_check_only = True
        self.put("good.xlsx", xlsx({"customers": [customer(1)]}))
        self.poll()
        self.assertEqual(self.source.batch_ids.state, "ready")

    def test_nothing_outside_the_root(self):
        outside = self.root.parent
        for path in ("../x", "/etc", "a/../../b", "~/x", "a\\..\\b"):
            with self.subTest(path=path), self.assertRaises(ValidationError):
                self.source.path = path
        (self.root / "link").symlink_to(outside)
        self.source.path = "link"
        self.poll()
        self.assertTrue(self.source.problem)
        self.source.path = "inbox"
        secret = self.root / "secret.csv"
        secret.write_text("Codice cliente\n")
        (self.inbox / "link.csv").symlink_to(secret)
        self.poll()
        self.assertFalse(self.source.problem)
        self.assertFalse(self.source.batch_ids)
        self.assertTrue((self.inbox / "link.csv").is_symlink(), "left where it is")

    def test_no_root_no_folder(self):
        with mock.patch.dict(config.options, {ROOT_OPTION: ""}):
            self.poll()
        self.assertIn(ROOT_OPTION, self.source.problem)
        with (
            self.assertRaises(UserError),
            mock.patch.dict(config.options, {ROOT_OPTION: ""}),
        ):
            self.source.action_test()

    def test_folder_of_another_company(self):
        source = self.env["utility.import.source"]
        for path in ("inbox", "inbox/inner", ""):
            with self.subTest(path=path), self.assertRaises(ValidationError):
                source.create(
                    {
                        "name": "Other",
                        "path": path or ".",
                        "company_id": self.other_company.id,
                    }
                )

    def test_one_folder_fails_the_others_go_on(self):
        self.source.copy({"name": "Broken", "path": "missing"})
        self.put("good.xlsx", xlsx({"customers": [customer(1)]}))
        self.poll()
        self.assertEqual(self.names("done"), ["good.xlsx"])

    def test_only_administrators(self):
        for user in (self.utility_user, self.accountant):
            with self.assertRaises(AccessError):
                self.source.with_user(user).action_test()
        with self.assertRaises(AccessError):
            self.source.with_user(self.utility_user).read(["password"])


class _Server(paramiko.ServerInterface):
    def check_auth_password(self, username, password):
        good = (username, password) == ("billing", "s3cret")
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED

    def get_allowed_auths(self, username):
        return "password"


class _Handle(paramiko.SFTPHandle):
    def stat(self):
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


class _Files(paramiko.SFTPServerInterface):
    """The files of one folder of this machine."""

    root = ""

    def _real(self, path):
        return self.root + self.canonicalize(path)

    def list_folder(self, path):
        found = []
        for name in os.listdir(self._real(path)):
            info = os.lstat(os.path.join(self._real(path), name))
            attributes = paramiko.SFTPAttributes.from_stat(info)
            attributes.filename = name
            found.append(attributes)
        return found

    def _info(self, path, ask):
        try:
            return paramiko.SFTPAttributes.from_stat(ask(self._real(path)))
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    def stat(self, path):
        return self._info(path, os.stat)

    def lstat(self, path):
        return self._info(path, os.lstat)

    def open(self, path, flags, attr):
        handle = _Handle(flags)
        writes = bool(flags & (os.O_WRONLY | os.O_RDWR))
        try:
            file = open(self._real(path), "wb" if writes else "rb")  # noqa: SIM115 the handle closes
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        setattr(handle, "writefile" if writes else "readfile", file)
        return handle

    def rename(self, oldpath, newpath):
        if os.path.lexists(self._real(newpath)):
            return paramiko.SFTP_FAILURE  # as the plain rename of OpenSSH
        os.rename(self._real(oldpath), self._real(newpath))
        return paramiko.SFTP_OK

    def mkdir(self, path, attr):
        os.mkdir(self._real(path))
        return paramiko.SFTP_OK


@contextmanager
def sftp_server(root, key):
    """An SFTP server on the loopback that serves ``root``; yields its port."""
    files = type("Files", (_Files,), {"root": str(root)})
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.2)
    stop, transports = threading.Event(), []

    def serve():
        while not stop.is_set():
            try:
                connection, _address = listener.accept()
            except TimeoutError:
                continue
            transport = paramiko.Transport(connection)
            transports.append(transport)
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, files)
            try:
                transport.start_server(server=_Server())
            except (paramiko.SSHException, EOFError, OSError):
                # the client left in the middle: the next one is served
                transport.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    # a client that leaves in the middle, or while the server ends, is an error to the
    # server's log only
    with mute_logger("paramiko.transport"):
        try:
            yield listener.getsockname()[1]
        finally:
            stop.set()
            thread.join(5)
            for transport in transports:
                transport.close()
                # what it still has to say is said before the log is read again
                transport.join(2)
            listener.close()


@tagged("post_install", "-at_install")
class TestImportSftp(FolderCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = paramiko.ECDSAKey.generate()
        cls.other_key = paramiko.ECDSAKey.generate()

    def _source(self, port, key, **vals):
        return self.env["utility.import.source"].create(
            {
                "name": "SFTP",
                "kind": "sftp",
                "path": "/inbox",
                "host": "127.0.0.1",
                "port": port,
                "username": "billing",
                "password": "s3cret",
                "host_key": key and f"{key.get_name()} {key.get_base64()}",
                "company_id": self.company.id,
                **vals,
            }
        )

    def test_files_are_taken_over_sftp(self):
        data = xlsx({"customers": [customer(1)]})
        self.put("night #1.xlsx", data, age=900)
        self.put("fresh.xlsx", data, age=1)
        self.put("broken.csv", b"\x00\x01")
        with sftp_server(self.root, self.key) as port:
            source = self._source(port, self.key)
            source._poll()
            self.assertFalse(source.problem)
            self.assertEqual(source.last_file, "broken.csv")
            source._poll()
        self.assertEqual(self.names("done"), ["night #1.xlsx"])
        self.assertEqual(self.names("rejected"), ["broken.csv"])
        self.assertTrue((self.inbox / "fresh.xlsx").exists())
        self.batches._work_all_waiting()
        states = {b.filename: b.state for b in source.batch_ids}
        self.assertEqual(states, {"night #1.xlsx": "done", "broken.csv": "refused"})
        kept = source.batch_ids.filtered(lambda b: b.state == "done").file_id
        self.assertEqual(kept._bytes(), data)

    def test_another_host_key_is_refused(self):
        """Before a password is sent: the server never sees a login."""
        self.put("night.xlsx", xlsx({"customers": [customer(1)]}))
        with (
            sftp_server(self.root, self.key) as port,
            mock.patch.object(_Server, "check_auth_password") as login,
        ):
            for wrong in (self.other_key, paramiko.RSAKey.generate(2048)):
                source = self._source(port, wrong)
                source._poll()
                self.told(source, "wrong_host_key")
            login.assert_not_called()
        self.assertTrue((self.inbox / "night.xlsx").exists())
        self.assertFalse(source.batch_ids)

    def test_no_host_key_no_connection(self):
        with sftp_server(self.root, self.key) as port:
            source = self._source(port, False)
            source._poll()
            self.assertTrue(source.problem)
            source.action_read_host_key()
            self.assertEqual(source.host_fingerprint, self.key.fingerprint)
            with self.assertRaises(UserError):
                source.action_read_host_key()
            source._poll()
            self.assertFalse(source.problem)

    def test_wrong_password_and_no_server(self):
        with sftp_server(self.root, self.key) as port:
            source = self._source(port, self.key, password="wrong")
            source._poll()
            self.told(source, "no_login")
            self.assertNotIn("wrong", source.problem)
        source._poll()
        self.told(source, "no_server")
