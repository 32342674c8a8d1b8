"""Folders under a real scheduled action: kills, files that change, lost connections."""

import io
import os
import socket
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import paramiko

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import BaseCase, tagged
from odoo.tools import config, mute_logger

from odoo.addons.utility_supply.formats.cells import Limits
from odoo.addons.utility_supply.models import import_folders as folders
from odoo.addons.utility_supply.models.import_source import ROOT_OPTION
from odoo.addons.utility_supply.tests.import_common import (
    csv_file,
    customer,
    xlsx,
)
from odoo.addons.utility_supply.tests.test_import_source import (
    FolderCommon,
    _Files,
    _Server,
    beginning,
    sftp_server,
)

LIMIT = Limits().max_bytes
LONG_AGO = 1_700_000_000


class Killed(BaseException):
    """Stands for the end of the process: no ``except Exception`` catches it."""


def put(folder, name, data, when=LONG_AGO):
    """Leave a file that was last written at ``when``."""
    path = Path(folder) / name
    path.write_bytes(data)
    os.utime(path, (when, when))
    return path


def moved(folder, where):
    """Names in ``where`` without the moment and the random part."""
    path = Path(folder) / where
    names = os.listdir(path) if path.exists() else []
    return sorted(name.split("_", 2)[2] for name in names)


@tagged("post_install", "-at_install")
class TestLocalFolder(BaseCase):
    """`LocalFolder` alone: no database."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        self.inbox = self.root / "inbox"
        self.inbox.mkdir()
        self.folder = self.open("inbox")

    def open(self, path):
        folder = folders.LocalFolder(str(self.root), path)
        self.addCleanup(folder.close)
        return folder

    def fails(self, code, function, *args):
        with self.assertRaises(folders.FolderError) as caught:
            function(*args)
        self.assertEqual(caught.exception.code, code)

    def test_links_in_the_path(self):
        """Neither the folder nor one above it may be a link, wherever it leads."""
        (self.root / "link").symlink_to(self.inbox)
        (self.inbox / "deep").mkdir()
        (self.root / "up").symlink_to(self.root.parent)
        for path in ("link", "link/deep", "up", "inbox/../inbox", "/inbox", "\0"):
            with self.subTest(path=path):
                code = "no_folder" if path[0] in "lu" else "outside_root"
                self.fails(code, self.open, path)

    def test_done_is_a_link(self):
        """A link in place of done/ would carry the files away."""
        outside = self.root / "outside"
        outside.mkdir()
        (self.inbox / "done").symlink_to(outside)
        put(self.inbox, "a.csv", b"x")
        (found,) = self.folder.files()
        self.fails("no_folder", self.folder.move, found, "done", folders.utc_now())
        self.assertFalse(list(outside.iterdir()))
        self.assertTrue((self.inbox / "a.csv").exists())

    def test_file_swapped_for_a_link(self):
        """Between looking and reading: the link is not followed."""
        secret = put(self.root, "secret", b"x")
        path = put(self.inbox, "a.csv", b"x")
        (found,) = self.folder.files()
        path.unlink()
        path.symlink_to(secret)
        self.fails("unreadable", self.folder.bytes_of, found, LIMIT)

    def test_pipes_and_folders_are_no_files(self):
        os.mkfifo(self.inbox / "pipe.csv")
        (self.inbox / "folder.csv").mkdir()
        put(self.inbox, ".hidden.csv", b"x")
        put(self.inbox, "A.TMP", b"x")
        self.assertFalse(self.folder.files())
        # and one put there after looking does not make the poll wait for a writer
        found = folders.Found("pipe.csv", 0, 0.0)
        self.fails("changed", self.folder.bytes_of, found, LIMIT)

    def test_changed_while_reading(self):
        path = put(self.inbox, "a.csv", b"half")
        (found,) = self.folder.files()
        put(self.inbox, path.name, b"half and half")
        self.fails("changed", self.folder.bytes_of, found, LIMIT)

    def test_changed_after_reading(self):
        """A file sent again under the same name is not moved aside unread."""
        put(self.inbox, "a.csv", b"old")
        (found,) = self.folder.files()
        self.assertEqual(self.folder.bytes_of(found, LIMIT), b"old")
        put(self.inbox, "a.csv", b"new", LONG_AGO + 1)
        self.fails("changed", self.folder.move, found, "done", folders.utc_now())
        self.assertEqual((self.inbox / "a.csv").read_bytes(), b"new")

    def test_names_never_collide(self):
        now = folders.utc_now()
        for _time in range(3):
            put(self.inbox, "a.csv", b"x")
            (found,) = self.folder.files()
            self.folder.move(found, "done", now)
        self.assertEqual(moved(self.inbox, "done"), ["a.csv"] * 3)

    def test_moved_away_by_somebody(self):
        put(self.inbox, "a.csv", b"x")
        (found,) = self.folder.files()
        (self.inbox / "a.csv").unlink()
        self.fails("not_moved", self.folder.move, found, "done", folders.utc_now())


class CronCommon(FolderCommon):
    """The scheduled action itself runs, with its commits and its rollbacks."""

    commits = True

    def setUp(self):
        super().setUp()
        self.startPatcher(
            mock.patch.dict(config.options, {ROOT_OPTION: str(self.root)})
        )
        self.poll_cron = self.env.ref("utility_supply.ir_cron_import_poll")

    def run_cron(self, cron):
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()

    def poll(self):
        self.run_cron(self.poll_cron)

    def work(self):
        self.run_cron(self.env.ref("utility_supply.ir_cron_import_process"))

    def killed_poll(self):
        """The process dies within the scheduled action."""
        died = False
        try:  # assertRaises would undo what was committed
            self.poll()
        except Killed:
            died = True
        self.assertTrue(died)

    def customers(self):
        return self.env["res.partner"].search_count(
            [("company_id", "=", self.company.id), ("billing_code", "=like", "K0%")]
        )

    def source(self, **vals):
        return self.env["utility.import.source"].create(
            {"name": "N", "path": "inbox", "company_id": self.company.id, **vals}
        )


@tagged("post_install", "-at_install")
class TestImportFolderCron(CronCommon):
    def setUp(self):
        super().setUp()
        self.local = self.source()

    def test_taken_loaded_and_moved(self):
        """Row I02."""
        data = csv_file("customers", [customer(1)])
        put(self.inbox, "c.csv", data)
        self.poll()
        self.work()
        self.assertEqual(self.local.batch_ids.state, "done")
        self.assertEqual(self.local.batch_ids.file_id._bytes(), data)
        self.assertEqual(moved(self.inbox, "done"), ["c.csv"])
        (path,) = (self.inbox / "done").iterdir()
        self.assertEqual(path.read_bytes(), data)
        self.assertEqual(self.customers(), 1)

    def test_rejected_with_its_reason(self):
        """The reason in Italian or English, the bytes in Odoo and in rejected/."""
        cut = xlsx({"customers": [customer(1)]})[:-200]
        put(self.inbox, "cut.xlsx", cut)
        put(self.inbox, "other.csv", b"a;b\n1;2\n")
        self.poll()
        self.assertEqual(moved(self.inbox, "rejected"), ["cut.xlsx", "other.csv"])
        self.assertFalse(moved(self.inbox, "done"))
        reasons = {b.filename: b.message for b in self.local.batch_ids}
        self.assertEqual(self.local.batch_ids.mapped("state"), ["refused"] * 2)
        self.assertTrue(all(len(reason) > 20 for reason in reasons.values()), reasons)
        kept = {b.filename: b.file_id._bytes() for b in self.local.batch_ids}
        self.assertEqual(kept, {"cut.xlsx": cut, "other.csv": b"a;b\n1;2\n"})

    def test_missing_column_is_rejected(self):
        """A file that its profile cannot use is refused at once, not days later."""
        shipped = self.env["utility.import.profile"]._find("customers", self.company)
        self.local.profile_ids = shipped
        put(self.inbox, "c.csv", b"Codice cliente;Tipo soggetto\nK1;Impresa\n")
        self.poll()
        self.assertEqual(moved(self.inbox, "rejected"), ["c.csv"])
        self.assertIn("Denominazione", self.local.batch_ids.message)

    def test_file_still_being_written_waits(self):
        self.local.quiet_seconds = 60
        path = put(self.inbox, "c.csv", csv_file("customers", [customer(1)]))
        now = path.stat().st_mtime + 59
        with mock.patch("odoo.addons.utility_supply.models.import_source.time") as t:
            t.time.return_value = now
            self.poll()
            self.assertFalse(self.local.batch_ids)
            self.assertTrue(path.exists())
            t.time.return_value = now + 1
            self.poll()
        self.assertEqual(len(self.local.batch_ids), 1)
        self.assertFalse(path.exists())

    def test_same_rows_again_in_another_file(self):
        put(self.inbox, "c.csv", csv_file("customers", [customer(1)]))
        put(self.inbox, "d.csv", csv_file("customers", [customer(1), customer(2)]))
        self.poll()
        self.work()
        self.assertEqual(self.customers(), 2)
        batches = self.local.batch_ids.sorted("id")
        self.assertEqual(batches.mapped("count_created"), [1, 1])
        self.assertEqual(batches.mapped("count_unchanged"), [0, 1])

    # -- kills -----------------------------------------------------------------------

    def test_killed_before_the_first_commit(self):
        """Nothing is in Odoo, the file is where it was; the next poll takes it."""
        put(self.inbox, "c.csv", csv_file("customers", [customer(1)]))
        receive = mock.patch.object(
            type(self.batches), "_receive", side_effect=Killed, autospec=True
        )
        with receive:
            self.killed_poll()
        self.assertFalse(self.local.batch_ids)
        self.assertTrue((self.inbox / "c.csv").exists())
        self._next_poll_is_whole()

    def test_killed_between_commit_and_move(self):
        """The batch is there, the file too: it is moved, not received again."""
        put(self.inbox, "c.csv", csv_file("customers", [customer(1)]))
        with mock.patch.object(folders.LocalFolder, "move", side_effect=Killed):
            self.killed_poll()
        self.assertEqual(len(self.local.batch_ids), 1, "committed before the move")
        self.assertTrue(self.local.batch_ids.is_in_folder)
        self.work()
        self._next_poll_is_whole()

    def test_killed_after_the_move(self):
        """Moved, but Odoo could not note it: nothing is left to do."""
        put(self.inbox, "c.csv", csv_file("customers", [customer(1)]))
        move = folders.LocalFolder.move

        def move_and_die(*args):
            move(*args)
            raise Killed

        with mock.patch.object(folders.LocalFolder, "move", move_and_die):
            self.killed_poll()
        self.assertEqual(moved(self.inbox, "done"), ["c.csv"])
        self._next_poll_is_whole()

    def _next_poll_is_whole(self):
        self.poll()
        self.work()
        self.assertEqual(len(self.local.batch_ids), 1)
        self.assertEqual(self.local.batch_ids.state, "done")
        self.assertEqual(self.customers(), 1)
        self.assertEqual(moved(self.inbox, "done"), ["c.csv"])
        self.assertFalse((self.inbox / "c.csv").exists())

    def test_killed_before_a_refused_file_moves(self):
        """Refused once: the next poll finds its batch and moves it to rejected/."""
        put(self.inbox, "c.csv", b"")
        with mock.patch.object(folders.LocalFolder, "move", side_effect=Killed):
            self.killed_poll()
        self.poll()
        self.assertEqual(self.local.batch_ids.mapped("state"), ["refused"])
        self.assertFalse(self.local.batch_ids.is_in_folder)
        self.assertEqual(moved(self.inbox, "rejected"), ["c.csv"])

    def test_told_in_italian(self):
        """Nobody's language is the scheduled action's: the reader's is Italian."""
        self.env["res.lang"]._activate_lang("it_IT")
        put(self.inbox, "c.csv", b"")
        self.source(name="Z", path="missing")
        self.poll()
        self.assertEqual(self.local.batch_ids.message, "Il file è vuoto.")
        self.told(self.local.search([("name", "=", "Z")]), "no_folder")

    def test_sent_again_while_being_read(self):
        """The new content under the old name is acquired too, never moved unread."""
        put(self.inbox, "c.csv", csv_file("customers", [customer(1)]))
        read = folders.LocalFolder.bytes_of

        def read_and_replace(folder, found, limit):
            data = read(folder, found, limit)
            content = csv_file("customers", [customer(2)])
            put(self.inbox, "c.csv", content, LONG_AGO + 5)
            return data

        with mock.patch.object(folders.LocalFolder, "bytes_of", read_and_replace):
            self.poll()
        self.assertTrue(self.local.problem)
        self.poll()
        self.work()
        self.assertFalse(self.local.problem)
        self.assertEqual(self.customers(), 2)

    def test_unexpected_failure_does_not_stop_the_others(self):
        """Neither of another folder nor of another file, and it is told."""
        (self.root / "second").mkdir()
        second = self.source(name="Z second", path="second")
        put(self.root / "second", "c.csv", csv_file("customers", [customer(1)]))
        put(self.inbox, "x.csv", csv_file("customers", [customer(2)]))
        read = folders.LocalFolder.bytes_of

        def failing(folder, found, limit):
            if found.name == "x.csv":
                raise MemoryError("out of memory")
            return read(folder, found, limit)

        with (
            mock.patch.object(folders.LocalFolder, "bytes_of", failing),
            mute_logger("odoo.addons.utility_supply.models.import_source"),
        ):
            self.poll()
        self.assertEqual(len(second.batch_ids), 1)
        self.assertIn("x.csv", self.local.problem)
        self.assertTrue((self.inbox / "x.csv").exists())

    # -- rights ----------------------------------------------------------------------

    def test_clerk_cannot_reach_a_folder(self):
        clerk = self.local.with_user(self.utility_user)
        for action in ("action_poll", "action_test", "action_read_host_key"):
            with self.subTest(action=action), self.assertRaises(AccessError):
                getattr(clerk, action)()
        with self.assertRaises(AccessError):
            clerk.write({"path": "other"})
        with self.assertRaises(AccessError):
            clerk.create({"name": "x", "path": "x"})

    def test_root_is_not_a_matter_of_the_record(self):
        """No value of a field reaches outside of the server's option."""
        for path in ("..", "./..", "inbox/..", "/", "//", "~", "a\0b"):
            with self.subTest(path=path), self.assertRaises(ValidationError):
                self.local.path = path
                self.env.flush_all()


class _Watched(_Server):
    """Remembers what a client asks for after the exchange of keys."""

    asked = []

    def check_auth_none(self, username):
        self.asked.append("none")
        return super().check_auth_none(username)

    def check_auth_password(self, username, password):
        self.asked.append("password")
        return super().check_auth_password(username, password)

    def check_auth_publickey(self, username, key):
        self.asked.append("publickey")
        good = key.get_base64() == self.client_key
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username):
        return "password,publickey"


class _Breaking(_Files):
    """Drops the connection in the middle of the list."""

    def list_folder(self, path):
        for transport in threading.enumerate():
            if isinstance(transport, paramiko.Transport) and transport.server_mode:
                transport.close()
        return super().list_folder(path)


@tagged("post_install", "-at_install")
class TestImportSftpCron(CronCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = paramiko.ECDSAKey.generate()

    def sftp(self, port, key, **vals):
        return self.source(
            **{
                "name": "SFTP",
                "kind": "sftp",
                "path": "/inbox",
                "host": "127.0.0.1",
                "port": port,
                "username": "billing",
                "password": "s3cret",
                "host_key": f"{key.get_name()} {key.get_base64()}",
                **vals,
            }
        )

    @contextmanager
    def watched(self, client_key=""):
        """A server whose `asked` lists every try to log in."""
        asked = []
        names = {"asked": asked, "client_key": client_key}
        server = type("Server", (_Watched,), names)
        module = "odoo.addons.utility_supply.tests.test_import_source._Server"
        with mock.patch(module, server), sftp_server(self.root, self.key) as port:
            yield port, asked

    def test_taken_under_the_scheduled_action(self):
        data = csv_file("customers", [customer(1)])
        put(self.inbox, "c.csv", data)
        put(self.inbox, "bad.csv", b"\0")
        with self.watched() as (port, asked):
            source = self.sftp(port, self.key)
            self.poll()
        self.assertEqual(set(asked), {"password"})
        self.work()
        self.assertFalse(source.problem)
        self.assertEqual(self.customers(), 1)
        self.assertEqual(moved(self.inbox, "done"), ["c.csv"])
        self.assertEqual(moved(self.inbox, "rejected"), ["bad.csv"])

    def test_wrong_host_key_is_told_before_any_login(self):
        put(self.inbox, "c.csv", csv_file("customers", [customer(1)]))
        with self.watched() as (port, asked):
            source = self.sftp(port, paramiko.ECDSAKey.generate())
            self.poll()
            self.told(source, "wrong_host_key")
            with self.assertRaises(UserError) as caught:
                source.action_test()
            self.assertEqual(str(caught.exception), beginning(source, "wrong_host_key"))
            self.assertFalse(asked)
            # the right one: all it takes
            source.host_key = f"{self.key.get_name()} {self.key.get_base64()}"
            self.poll()
        self.assertEqual(asked, ["password"])
        self.assertFalse(source.problem)
        self.assertEqual(moved(self.inbox, "done"), ["c.csv"])

    def test_private_key_instead_of_a_password(self):
        mine = paramiko.ECDSAKey.generate()
        text = io.StringIO()
        mine.write_private_key(text)
        put(self.inbox, "c.csv", csv_file("customers", [customer(1)]))
        with self.watched(mine.get_base64()) as (port, asked):
            source = self.sftp(
                port, self.key, password=False, private_key=text.getvalue()
            )
            self.poll()
            self.assertFalse(source.problem)
            self.assertEqual(set(asked), {"publickey"})
            source.private_key = "no key"
            self.poll()
            self.told(source, "bad_private_key")

    def test_secrets_stay_out_of_messages_and_logs(self):
        with self.watched() as (port, _asked):
            source = self.sftp(port, self.key, password="wr0ng-pass")
            with self.assertLogs("paramiko.transport", "DEBUG") as caught:
                self.poll()
        self.told(source, "no_login")
        self.assertNotIn("wr0ng-pass", source.problem + "".join(caught.output))
        copy = source.copy()
        self.assertFalse(copy.password or copy.private_key or copy.host_key)

    def test_killed_between_commit_and_move(self):
        put(self.inbox, "c.csv", csv_file("customers", [customer(1)]))
        with self.watched() as (port, _asked):
            source = self.sftp(port, self.key)
            with mock.patch.object(folders.SftpFolder, "move", side_effect=Killed):
                self.killed_poll()
            self.assertEqual(len(source.batch_ids), 1, "committed before the move")
            self.assertTrue((self.inbox / "c.csv").exists())
            self.poll()
        self.assertEqual(len(source.batch_ids), 1)
        self.assertEqual(moved(self.inbox, "done"), ["c.csv"])

    def test_sent_again_while_being_read(self):
        put(self.inbox, "c.csv", b"old")
        with self.watched() as (port, _asked):
            source = self.sftp(port, self.key)
            with source._folder() as folder:
                (found,) = folder.files()
                self.assertEqual(folder.bytes_of(found, LIMIT), b"old")
                put(self.inbox, "c.csv", b"new", LONG_AGO + 5)
                with self.assertRaises(folders.FolderError) as caught:
                    folder.move(found, "done", folders.utc_now())
        self.assertEqual(caught.exception.code, "changed")
        self.assertEqual((self.inbox / "c.csv").read_bytes(), b"new")

    def test_connection_lost_while_listing(self):
        """Told on that folder; the local one beside it is polled."""
        local = self.source(name="Z local")
        put(self.inbox, "c.csv", csv_file("customers", [customer(1)]))
        module = "odoo.addons.utility_supply.tests.test_import_source._Files"
        with (
            mock.patch(module, _Breaking),
            sftp_server(self.root, self.key) as port,
        ):
            remote = self.sftp(port, self.key)
            self.poll()
        self.told(remote, "no_server")
        self.assertFalse(remote.batch_ids)
        self.assertEqual(len(local.batch_ids), 1)

    def test_not_an_ssh_server(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]

            def answer():
                connection, _address = listener.accept()
                with connection:
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 200)

            thread = threading.Thread(target=answer, daemon=True)
            thread.start()
            source = self.sftp(port, self.key)
            with mute_logger("paramiko.transport"):
                self.poll()
            thread.join(5)
        self.told(source, "no_server")
