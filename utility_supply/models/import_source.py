import contextlib
import fnmatch
import logging
import time

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools.translate import LazyTranslate

from ..formats.cells import Limits
from ..formats.issues import FileRefused
from . import import_folders as folders

_lt = LazyTranslate(__name__)
_logger = logging.getLogger(__name__)

ROOT_OPTION = "utility_import_root"
ADMIN = "utility_supply.group_utility_admin"
PROBLEMS = {
    "no_root": _lt(
        "Local folders are not enabled: the server's configuration has no option"
        " utility_import_root."
    ),
    "outside_root": _lt("The folder must lie below the root of the server's option."),
    "no_folder": _lt("The folder cannot be opened (%(detail)s)."),
    "unreadable": _lt("A file cannot be read (%(detail)s)."),
    "changed": _lt("A file is still being written: it waits for the next poll."),
    "not_moved": _lt("A file cannot be moved aside (%(detail)s)."),
    "wrong_host_key": _lt(
        "The server shows another host key than the one stored: nothing was sent to it."
        " Ask who runs it before you change the key."
    ),
    "bad_host_key": _lt("The host key is not readable: write its type and its base64."),
    "bad_private_key": _lt("The private key is not readable."),
    "no_login": _lt("The server refuses user name, password or key."),
    "unexpected": _lt(
        "Something unexpected failed (%(detail)s): see the server's log."
    ),
    "bad_name": _lt("%(detail)s is no name for a file."),
    "name_taken": _lt("Another file lies there under that name (%(detail)s)."),
    "not_written": _lt("The file cannot be written (%(detail)s)."),
    "in_doubt": _lt(
        "The connection broke when the file was all but there (%(detail)s): look into"
        " the folder before it is sent again."
    ),
    "no_server": _lt("The server does not answer (%(detail)s)."),
}


class UtilityImportSource(models.Model):
    """A folder that a scheduled action polls, or that files are left in: local, below
    a root that only the server's configuration sets, or on an SFTP server whose host
    key is known.

    A file is taken when nobody wrote it for some seconds. Its bytes are stored and
    committed before it is moved aside, so that a crash in between repeats the move and
    loses nothing.
    """

    _name = "utility.import.source"
    _description = "Import source"
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    kind = fields.Selection(
        [("local", "Folder of the server"), ("sftp", "SFTP")],
        required=True,
        default="local",
    )
    purpose = fields.Selection(
        [
            ("acquisition", "Data of the billing system"),
            ("outgoing", "Files that leave"),
        ],
        string="What it is for",
        required=True,
        default="acquisition",
        help="Files that leave: nothing is taken from it, others fetch it there.",
    )
    path = fields.Char(
        string="Folder",
        required=True,
        help="Local: below the root of the server's option. SFTP: path on the server.",
    )
    pattern = fields.Char(
        default="*", required=True, help="Names of the files to take, e.g. bollette*."
    )
    profile_ids = fields.Many2many(
        "utility.import.profile",
        string="Profiles",
        domain="[('company_id', 'in', [company_id, False])]",
        help="Empty: the template, or the only profile whose columns are there.",
    )
    quiet_seconds = fields.Integer(
        string="Unchanged for seconds",
        default=60,
        required=True,
        help="A file is taken when nobody wrote it for so long.",
    )
    is_check_only = fields.Boolean(
        string="Check only",
        help="Files are checked and wait for somebody to load them.",
    )
    host = fields.Char()
    port = fields.Integer(default=22)
    username = fields.Char(groups=ADMIN)
    password = fields.Char(groups=ADMIN, copy=False)
    private_key = fields.Text(groups=ADMIN, copy=False)
    host_key = fields.Char(
        copy=False,
        help="Type and base64 of the server's public key. Another key is refused.",
    )
    host_fingerprint = fields.Char(
        compute="_compute_host_fingerprint",
        help="Compare it with what the server's owner tells you.",
    )
    batch_ids = fields.One2many("utility.import.batch", "source_id", string="Batches")
    last_poll = fields.Datetime(readonly=True, copy=False)
    last_file = fields.Char(string="Last file", readonly=True, copy=False)
    problem = fields.Text(readonly=True, copy=False)

    _quiet_check = models.Constraint(
        "CHECK(quiet_seconds >= 0)", "The seconds cannot be negative."
    )

    @api.depends("host_key")
    def _compute_host_fingerprint(self):
        for source in self:
            try:
                key = source.host_key
                source.host_fingerprint = key and folders.fingerprint(key)
            except folders.FolderError:
                source.host_fingerprint = False

    @api.constrains("kind", "path", "host", "host_key", "port")
    def _check_place(self):
        for source in self:
            try:
                if source.kind == "local":
                    source._parts()
                    continue
                if not source.host:
                    raise ValidationError(self.env._("Write the host of the server."))
                if not 0 < source.port < 65536:
                    raise ValidationError(self.env._("The port is not valid."))
                if source.host_key:
                    folders.public_key(source.host_key)
            except folders.FolderError as error:
                raise ValidationError(source._problem_text(error)) from error

    @api.constrains("kind", "path", "company_id", "active")
    def _check_company_folder(self):
        """Two companies never read the same local folder, nor one inside the other."""
        others = self.sudo().search([("kind", "=", "local")])
        for source in self.filtered(lambda s: s.kind == "local" and s.active):
            mine = source._parts()
            for other in others - source:
                theirs = other._parts()
                length = min(len(mine), len(theirs))
                nested = mine[:length] == theirs[:length]
                if nested and other.company_id != source.company_id:
                    raise ValidationError(
                        self.env._("Another company already reads this folder.")
                    )

    def _parts(self):
        """The parts of a local path; ValidationError when it leaves the root."""
        try:
            return folders.parted(self.path)
        except folders.FolderError as error:
            raise ValidationError(self._problem_text(error)) from error

    # -- buttons -------------------------------------------------------------------

    def action_poll(self):
        """Look into the folders in a moment.

        The scheduled action does it: it commits before it moves a file, which a
        button must not.
        """
        self._check_admin()
        self.env.ref("utility_supply.ir_cron_import_poll").sudo()._trigger()
        return self._notify(self.env._("The folders are looked at in a moment."))

    def action_test(self):
        """Open the folder and say how many files wait in it."""
        self.ensure_one()
        self._check_admin()
        source = self.sudo()
        try:
            with source._folder() as folder:
                count = len(source._waiting(folder, time.time()))
        except folders.FolderError as error:
            raise UserError(source._problem_text(error)) from error
        return self._notify(self.env._("The folder opens: %(n)s files wait.", n=count))

    def _notify(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "success", "message": message},
        }

    def action_read_host_key(self):
        """Read the key that the server shows, for a person to compare and keep."""
        self.ensure_one()
        self._check_admin()
        source = self.sudo()
        if source.host_key:
            raise UserError(
                self.env._("A host key is stored: clear it before reading another.")
            )
        try:
            source.host_key = folders.read_host_key(source.host, source.port)
        except folders.FolderError as error:
            raise UserError(source._problem_text(error)) from error
        return True

    def action_open_batches(self):
        """The files that came from here."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "utility_supply.utility_import_batch_action"
        )
        return {**action, "domain": [("source_id", "in", self.ids)]}

    def _check_admin(self):
        self.check_access("write")

    # -- polling -------------------------------------------------------------------

    @api.model
    def _cron_poll(self):
        """Look into all folders; one that fails never stops the others."""
        sources = self.sudo().search(
            [("active", "=", True), ("purpose", "!=", "outgoing")]
        )
        for number, source in enumerate(sources, 1):
            source._poll()
            left = self.env["ir.cron"]._commit_progress(
                1, remaining=len(sources) - number
            )
            if left <= 0:
                break
        self.env["utility.import.batch"]._trigger_work()

    def _poll(self):
        """Take the files of this folder that nobody is writing. Commits."""
        self.ensure_one()
        # the scheduled action has no language: people read what it tells
        quiet = self.env["utility.import.batch"]._quiet_context()
        source = self.with_company(self.company_id).with_context(**quiet)
        problems, last = [], source.last_file
        with source._noting(problems), source._folder() as folder:
            for found, proofs in source._waiting(folder, time.time()):
                with source._noting(problems, found.name):
                    source._take(folder, found, proofs)
                    last = found.name
        source.write(
            {
                "last_poll": fields.Datetime.now(),
                "last_file": last,
                "problem": "\n".join(problems) or False,
            }
        )

    @contextlib.contextmanager
    def _noting(self, problems, name=""):
        """Whatever fails inside is added to ``problems``, and the caller goes on.

        What the failing part did since its last commit is undone.
        """
        try:
            yield
        except folders.FolderError as error:
            text = self._problem_text(error)
            problems.append(f"{name}: {text}" if name else text)
        except Exception as error:
            self.env.cr.rollback()
            _logger.exception("%s: %s cannot be taken", self.name, name or self.path)
            text = self._problem_text(folders.FolderError("unexpected", error))
            problems.append(f"{name}: {text}" if name else text)

    def _put(self, files):
        """Leave files in this folder, in order; one that lies there already is left.

        :param files: [(name, bytes)]
        :raise folders.FolderError: see `folders.LocalFolder.put`. ``in_doubt`` too when
            some of the files are there and others are not
        """
        self.ensure_one()
        done = 0
        with self._folder() as folder:
            for name, data in files:
                try:
                    folder.put(name, data)
                except folders.FolderError as error:
                    if done and error.code != "in_doubt":
                        raise folders.FolderError("in_doubt", error.detail) from error
                    raise
                done += 1

    def _holds(self, files):
        """Whether all these files lie in this folder still, byte for byte."""
        self.ensure_one()
        with self._folder() as folder:
            return all(folder.has(name, data) for name, data in files)

    def _folder(self):
        """The opened folder, to be used in a with statement; FolderError."""
        if self.kind == "local":
            folder = folders.LocalFolder(tools.config.get(ROOT_OPTION), self.path)
        else:
            folder = folders.SftpFolder(
                self.host,
                self.port,
                self.host_key,
                self.path,
                self.username,
                self.password,
                self.private_key,
            )
        return folders.closing(folder)

    def _waiting(self, folder, now):
        """[(file, its ZIP of proofs or None)] that match and that nobody is writing.

        A ZIP with the name of a file brings the proofs of its notices: solleciti.xlsx
        and solleciti.zip. A file waits while its ZIP is still being written.
        """
        files = folder.files()
        zips = {
            found.name[:-4].lower(): found
            for found in files
            if found.name.lower().endswith(".zip")
        }
        pairs = [
            (found, zips.get(found.name.rpartition(".")[0].lower()))
            for found in files
            if found not in zips.values()
            and fnmatch.fnmatch(found.name.lower(), self.pattern.lower())
        ]
        return [
            (found, proofs)
            for found, proofs in pairs
            if all(
                now - one.modified >= self.quiet_seconds
                for one in (found, proofs)
                if one
            )
        ]

    def _take(self, folder, found, proofs=None):
        """Store one file, commit, read it once, move it aside."""
        commit = self.env["ir.cron"]._commit_progress
        limit = Limits().max_bytes
        data = folder.bytes_of(found, limit)
        proof_data = folder.bytes_of(proofs, limit) if proofs else None
        batches = self._pending(found.name, data) or self._receive(
            found.name, data, proof_data
        )
        commit()
        for batch in batches:
            if batch.state in ("checking", "running") and batch.phase == "scan":
                batch._process(scan_only=True)
        commit()
        refused = batches and all(b.state == "refused" for b in batches)
        where = folders.REJECTED if refused else folders.DONE
        now = folders.utc_now()
        if proofs:
            # first: with its file gone the ZIP would stay here for ever
            folder.move(proofs, where, now)
        folder.move(found, where, now)
        batches._guarded().write({"is_in_folder": False})
        commit()

    def _pending(self, name, data):
        """Batches of this very file that a crash kept from being moved aside."""
        batches = self.env["utility.import.batch"]
        digest = self.env["utility.import.file"]._digest(data)
        return batches.search(
            Domain("source_id", "=", self.id)
            & Domain("is_in_folder", "=", True)
            & Domain("filename", "=", name)
            & Domain("sha256", "=", digest)
        )

    def _receive(self, name, data, proofs=None):
        """The batches of a new file; none when these bytes were received before."""
        batches = self.env["utility.import.batch"]
        state = "checking" if self.is_check_only else "running"
        values = {"is_in_folder": True, "state": state}
        values["date_start"] = fields.Datetime.now()
        try:
            profiles = self.profile_ids or self.env["utility.import.profile"]._detect(
                self.company_id, name, data
            )
            return batches._receive(
                self.company_id,
                name,
                data,
                list(profiles),
                self,
                proofs=proofs,
                values=values,
            )
        except FileRefused as refusal:
            return batches._receive_refused(self, name, data, refusal.issues)
        except UserError:
            _logger.info("%s: %s was received before", self.name, name)
            return batches

    def _problem_text(self, error):
        text = self.env._(PROBLEMS[error.code])
        return text % {"detail": error.detail}
