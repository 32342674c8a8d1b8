"""Folders that files are taken from or left in: a local one below a fixed root, or over
SFTP.

Both know the same things: ``files()``, ``bytes_of(found)``, ``move(found, folder)``,
``put(name, data)`` and ``close()``. Nothing here knows Odoo. All failures are
`FolderError` with a code of ``utility.import.source``'s messages, so that no path or
password reaches a log.
"""

import base64
import binascii
import contextlib
import io
import itertools
import os
import socket
import stat
import uuid
from dataclasses import dataclass
from datetime import datetime, timezone

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem

DONE, REJECTED = "done", "rejected"
# names that writers use while they are still writing
UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload", "~")
TIMEOUT = 20


class FolderError(Exception):
    """``code``: what is wrong; ``detail``: a short technical text, free of secrets."""

    def __init__(self, code, detail=""):
        super().__init__(code)
        self.code = code
        self.detail = str(detail)[:200]


@dataclass(frozen=True)
class Found:
    """A regular file: ``modified`` is seconds since the epoch."""

    name: str
    size: int
    modified: float


def is_wanted(name):
    """False for hidden files and for names of files still being written."""
    return not name.startswith(".") and not name.lower().endswith(UNFINISHED)


def check_name(name):
    """FolderError unless ``name`` is a plain file name that a reader takes."""
    plain = name and not set(name) & set("/\\\0\r\n") and is_wanted(name)
    if not plain or name in (DONE, REJECTED):
        raise FolderError("bad_name", name)


def parted(path):
    """The parts of a relative path; FolderError when it leaves its root."""
    parts = [part for part in (path or "").split("/") if part not in ("", ".")]
    bad = ".." in parts or (path or "").startswith(("/", "~")) or "\\" in (path or "")
    if bad or "\0" in (path or ""):
        raise FolderError("outside_root")
    return parts


def aside_name(name, now):
    """A name that no other file has: when it was moved, a random part, its name."""
    return f"{now:%Y%m%dT%H%M%S}_{uuid.uuid4().hex[:8]}_{name}"


class LocalFolder:
    """A folder below ``root``. No symbolic link is followed, in the path or as a file:
    each component is opened from its parent, so nothing can be swapped in between."""

    def __init__(self, root, path):
        if not root:
            raise FolderError("no_root")
        self._fd = self._open(os.path.realpath(root))
        try:
            for part in parted(path):
                inner = self._open(part, self._fd)
                os.close(self._fd)
                self._fd = inner
        except FolderError:
            self.close()
            raise

    def _open(self, name, parent=None):
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
        try:
            return os.open(name, flags, dir_fd=parent)
        except OSError as error:
            raise FolderError("no_folder", error.strerror) from error

    def files(self):
        """The regular files of the folder, oldest first."""
        found = []
        for name in os.listdir(self._fd):
            with contextlib.suppress(OSError):
                info = os.stat(name, dir_fd=self._fd, follow_symlinks=False)
                if stat.S_ISREG(info.st_mode) and is_wanted(name):
                    found.append(Found(name, info.st_size, info.st_mtime))
        return sorted(found, key=lambda one: (one.modified, one.name))

    def bytes_of(self, found, limit):
        """The bytes of a file that ``files`` gave; FolderError when it changed."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            with os.fdopen(os.open(found.name, flags, dir_fd=self._fd), "rb") as file:
                data = file.read(limit + 1)
                info = os.fstat(file.fileno())
        except OSError as error:
            raise FolderError("unreadable", error.strerror) from error
        self._check_same(found, info)
        return data

    def _check_same(self, found, info):
        seen = (info.st_size, info.st_mtime)
        if not stat.S_ISREG(info.st_mode) or seen != (found.size, found.modified):
            raise FolderError("changed")

    def move(self, found, folder, now):
        """Move a file that was read into ``folder`` (made when missing).

        Raises FolderError, also when another file came under the same name meanwhile:
        it must not be put aside unread. :return: its new name
        """
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o770, dir_fd=self._fd)
        target = self._open(folder, self._fd)
        try:
            new = aside_name(found.name, now)
            info = os.stat(found.name, dir_fd=self._fd, follow_symlinks=False)
            self._check_same(found, info)
            os.rename(found.name, new, src_dir_fd=self._fd, dst_dir_fd=target)
            return new
        except OSError as error:
            raise FolderError("not_moved", error.strerror) from error
        finally:
            os.close(target)

    def put(self, name, data):
        """Leave a file: nobody ever sees half of it, and no file is overwritten.

        :return: False when these very bytes are there already under that name
        Raises FolderError: ``not_written`` and ``name_taken``: it surely did not get
        there; ``in_doubt``: it may have.
        """
        check_name(name)
        if (there := self._bytes_at(name)) is not None:
            if there == data:
                return False
            raise FolderError("name_taken", name)
        part = f"{name}.{uuid.uuid4().hex[:8]}.part"
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with os.fdopen(os.open(part, flags, 0o640, dir_fd=self._fd), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            # unlike a rename, a link never replaces what came there meanwhile
            os.link(part, name, src_dir_fd=self._fd, dst_dir_fd=self._fd)
        except FileExistsError as error:
            raise FolderError("name_taken", name) from error
        except OSError as error:
            raise FolderError("not_written", error.strerror) from error
        finally:
            with contextlib.suppress(OSError):
                os.unlink(part, dir_fd=self._fd)
        return True

    def _bytes_at(self, name):
        """The bytes of the file ``name``, None when there is none."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            with os.fdopen(os.open(name, flags, dir_fd=self._fd), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FolderError("name_taken", error.strerror) from error

    def has(self, name, data):
        """Whether these very bytes lie there under that name."""
        return self._bytes_at(name) == data

    def close(self):
        """Give the folder back."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


class PinnedSFTP(SFTPFileSystem):
    """fsspec's SFTP, but a server with another host key is refused.

    The original trusts whatever key a server shows (AutoAddPolicy). This one knows one
    key, takes no other, and never looks for keys or agents of the machine.
    """

    protocol = "utility-sftp"
    cachable = False

    def __init__(self, host, port, host_key, **credentials):
        self._pin = (port, host_key)
        super().__init__(host, **credentials)

    @classmethod
    def _strip_protocol(cls, path):
        # names are names: a "#" or "?" in them is no part of a URL
        return path

    def _connect(self):
        # OVERRIDE fsspec
        port, host_key = self._pin
        self.client = paramiko.SSHClient()
        self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
        known = self.host if port == 22 else f"[{self.host}]:{port}"
        self.client.get_host_keys().add(known, host_key.get_name(), host_key)
        self.client.connect(
            self.host,
            port=port,
            allow_agent=False,
            look_for_keys=False,
            timeout=TIMEOUT,
            banner_timeout=TIMEOUT,
            auth_timeout=TIMEOUT,
            channel_timeout=TIMEOUT,
            **self.ssh_kwargs,
        )
        self.ftp = self.client.open_sftp()
        self.ftp.get_channel().settimeout(TIMEOUT)


class SftpFolder:
    """A folder on an SFTP server whose host key is ``host_key`` ("ssh-ed25519 AAAA").

    :param key: text of a private key, or None to use ``password``
    """

    def __init__(self, host, port, host_key, path, username, password=None, key=None):
        self._path = (path or ".").rstrip("/") or "/"
        credentials = {"username": username}
        if key:
            credentials["pkey"] = private_key(key, password)
        else:
            credentials["password"] = password
        try:
            self._fs = PinnedSFTP(host, port, public_key(host_key), **credentials)
        except paramiko.BadHostKeyException as error:
            raise FolderError("wrong_host_key") from error
        except paramiko.AuthenticationException as error:
            raise FolderError("no_login") from error
        except paramiko.SSHException as error:
            # RejectPolicy: the server has no key of the kind that is stored
            code = "wrong_host_key" if "known_hosts" in str(error) else "no_server"
            raise FolderError(code, error) from error
        except OSError as error:
            raise FolderError("no_server", error) from error

    def _full(self, *names):
        return "/".join((self._path, *names))

    def files(self):
        """The regular files of the folder, oldest first; links are left out."""
        try:
            listed = self._fs.ftp.listdir_attr(self._path)
        except OSError as error:
            raise FolderError("no_folder", error) from error
        except paramiko.SSHException as error:
            raise FolderError("no_server", error) from error
        found = [
            Found(one.filename, one.st_size or 0, float(one.st_mtime or 0))
            for one in listed
            if stat.S_ISREG(one.st_mode or 0) and is_wanted(one.filename)
        ]
        return sorted(found, key=lambda one: (one.modified, one.name))

    def bytes_of(self, found, limit):
        """The bytes of a file that ``files`` gave; FolderError when it changed."""
        path = self._full(found.name)
        try:
            with self._fs.open(path, "rb") as file:
                data = file.read(limit + 1)
            info = self._fs.ftp.lstat(path)
        except (OSError, paramiko.SSHException) as error:
            raise FolderError("unreadable", error) from error
        self._check_same(found, info)
        return data

    def _check_same(self, found, info):
        seen = (info.st_size, float(info.st_mtime or 0))
        if seen != (found.size, found.modified):
            raise FolderError("changed")

    def move(self, found, folder, now):
        """As `LocalFolder.move`."""
        new = aside_name(found.name, now)
        try:
            self._check_same(found, self._fs.ftp.lstat(self._full(found.name)))
            if not self._fs.exists(self._full(folder)):
                self._fs.ftp.mkdir(self._full(folder))
            self._fs.ftp.rename(self._full(found.name), self._full(folder, new))
        except (OSError, paramiko.SSHException) as error:
            raise FolderError("not_moved", error) from error
        return new

    def put(self, name, data):
        """As `LocalFolder.put`."""
        check_name(name)
        if (there := self._bytes_at(name)) is not None:
            if there == data:
                return False
            raise FolderError("name_taken", name)
        part = self._full(f"{name}.{uuid.uuid4().hex[:8]}.part")
        try:
            with self._fs.ftp.open(part, "wb") as file:
                file.set_pipelined(True)
                file.write(data)
            written = self._fs.ftp.lstat(part).st_size
        except (OSError, paramiko.SSHException, EOFError) as error:
            raise FolderError("not_written", error) from error
        if written != len(data):
            raise FolderError("not_written", f"{written} < {len(data)}")
        try:
            # the plain rename of SFTP never replaces a file
            self._fs.ftp.rename(part, self._full(name))
        except (OSError, paramiko.SSHException, EOFError) as error:
            raise FolderError("in_doubt", error) from error
        return True

    def _bytes_at(self, name):
        try:
            with self._fs.ftp.open(self._full(name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None
        except (OSError, paramiko.SSHException, EOFError) as error:
            raise FolderError("no_folder", error) from error

    def has(self, name, data):
        """As `LocalFolder.has`."""
        return self._bytes_at(name) == data

    def close(self):
        """End the connection."""
        self._fs.client.close()


@contextlib.contextmanager
def closing(folder):
    """``folder``, closed at the end of the with statement."""
    try:
        yield folder
    finally:
        folder.close()


def public_key(text):
    """A host key from "type base64 [comment]" or "host type base64"."""
    words = (text or "").split()
    for kind, blob in itertools.pairwise(words):
        if kind.startswith(("ssh-", "ecdsa-")):
            try:
                return paramiko.PKey.from_type_string(kind, base64.b64decode(blob))
            except (
                paramiko.SSHException,
                paramiko.UnknownKeyType,
                binascii.Error,
                ValueError,
            ) as error:
                raise FolderError("bad_host_key") from error
    raise FolderError("bad_host_key")


def private_key(text, passphrase=None):
    """A private key from its PEM or OpenSSH text."""
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        with contextlib.suppress(paramiko.SSHException, ValueError, IndexError):
            return kind.from_private_key(io.StringIO(text), passphrase or None)
    raise FolderError("bad_private_key")


def read_host_key(host, port):
    """The key that a server shows now, as "type base64". Nobody has vouched for it."""
    transport = None
    try:
        transport = paramiko.Transport(socket.create_connection((host, port), TIMEOUT))
        transport.banner_timeout = TIMEOUT
        transport.start_client(timeout=TIMEOUT)
        key = transport.get_remote_server_key()
        return f"{key.get_name()} {key.get_base64()}"
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise FolderError("no_server", error) from error
    finally:
        if transport:
            transport.close()


def fingerprint(text):
    """SHA256:... of a host key, as ssh-keygen shows it."""
    return public_key(text).fingerprint


def utc_now():
    """The moment, for names of files moved aside."""
    return datetime.now(timezone.utc)
