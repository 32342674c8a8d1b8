"""A small IMAP server: as much of RFC 3501 as a reader of receipts uses.

Mailboxes are lists in memory: {login: (password, Mailbox)}. Only reading; what a client
may not do by EXAMINE is answered NO, so that a test sees that nothing is marked.
"""

import re
import socketserver
import threading
from dataclasses import dataclass, field
from datetime import datetime, timezone

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


@dataclass
class Mailbox:
    """Messages with their UIDs: [(uid, bytes, when it came)]."""

    uidvalidity: int = 1
    messages: list = field(default_factory=list)
    next_uid: int = 1

    def append(self, data, when=None):
        self.messages.append((self.next_uid, data, when or datetime.now(timezone.utc)))
        self.next_uid += 1

    def renumber(self):
        """What a provider does after a restore: other UIDs, another validity."""
        self.uidvalidity += 1
        kept = list(reversed(self.messages))
        self.messages = [
            (n, data, when) for n, (_uid, data, when) in enumerate(kept, 1)
        ]
        self.next_uid = len(kept) + 1


class ImapServer(socketserver.ThreadingTCPServer):
    """``faults``: what goes wrong, one a connection: ``login``, ``drop`` (in the middle
    of a message), ``busy`` (BYE at once)."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, accounts, port=0):
        super().__init__(("127.0.0.1", port), _Handler)
        self.accounts = accounts
        self.faults = []
        self.logins = 0
        self.port = self.server_address[1]

    def start(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        faults = self.server.faults
        self.fault = faults.pop(0) if faults else ""
        self.box = None
        self.is_open = True
        if self.fault == "busy":
            self.say("* BYE too many connections")
            return
        self.say("* OK IMAP ready")
        while self.is_open:
            line = self.rfile.readline(65_536)
            if not line:
                return
            tag, _blank, rest = line.decode("latin-1").strip().partition(" ")
            command, _blank, args = rest.partition(" ")
            if command.upper() == "UID":
                command, _blank, args = args.partition(" ")
                command = f"uid_{command}"
            answer = getattr(self, f"do_{command.lower()}", None)
            if answer is None or (self.box is None and command.lower() in NEED_BOX):
                self.say(f"{tag} BAD what?")
            else:
                answer(tag, args)

    def say(self, text):
        self.wfile.write(text.encode("latin-1") + b"\r\n")
        self.wfile.flush()

    def do_capability(self, tag, _args):
        self.say("* CAPABILITY IMAP4rev1")
        self.say(f"{tag} OK done")

    def do_noop(self, tag, _args):
        self.say(f"{tag} OK done")

    def do_login(self, tag, args):
        self.server.logins += 1
        login, password = (
            quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', args)
        )
        known = self.server.accounts.get(login)
        if self.fault == "login" or not known or known[0] != password:
            self.say(f"{tag} NO [AUTHENTICATIONFAILED] login refused")
            return
        self.account = known[1]
        self.say(f"{tag} OK welcome")

    def do_examine(self, tag, args):
        if not hasattr(self, "account"):
            self.say(f"{tag} NO log in first")
        elif args.strip('"').upper() != "INBOX":
            self.say(f"{tag} NO no such folder")
        else:
            self.box = self.account
            self.say(f"* {len(self.box.messages)} EXISTS")
            self.say(f"* OK [UIDVALIDITY {self.box.uidvalidity}] valid")
            self.say(f"* OK [UIDNEXT {self.box.next_uid}] next")
            self.say(f"{tag} OK [READ-ONLY] done")

    def do_select(self, tag, _args):
        self.say(f"{tag} NO this mailbox is only read")

    def do_uid_search(self, tag, args):
        found = {uid for uid, _data, _when in self.box.messages}
        span = re.search(r"UID (\d+):(\d+|\*)", args)
        if span and found:
            top = max(found)
            first = int(span[1])
            last = top if span[2] == "*" else int(span[2])
            # RFC 3501: * is the last message, and a range has no order
            low, high = min(first, last), max(first, last)
            found = {uid for uid in found if low <= uid <= high}
        since = re.search(r"SINCE (\d+)-(\w+)-(\d+)", args)
        if since:
            day = (int(since[3]), MONTHS.index(since[2]) + 1, int(since[1]))
            found &= {
                uid
                for uid, _data, when in self.box.messages
                if (when.year, when.month, when.day) >= day
            }
        self.say("* SEARCH " + " ".join(map(str, sorted(found))))
        self.say(f"{tag} OK done")

    def do_uid_fetch(self, tag, args):
        numbers, _blank, what = args.partition(" ")
        wanted = set(map(int, numbers.split(",")))
        for place, (uid, data, _when) in enumerate(list(self.box.messages), 1):
            if uid not in wanted:
                continue
            if "BODY.PEEK[]" in what:
                self._give(place, uid, data)
            elif "BODY.PEEK[HEADER]" in what:
                self._give(place, uid, data.partition(b"\r\n\r\n")[0], "[HEADER]")
            else:
                self.say(f"* {place} FETCH (UID {uid} RFC822.SIZE {len(data)})")
            if not self.is_open:
                return
        self.say(f"{tag} OK done")

    def _give(self, place, uid, data, part="[]"):
        self.wfile.write(f"* {place} FETCH (UID {uid} BODY{part} ".encode())
        self.wfile.write(b"{%d}\r\n" % len(data))
        if self.fault == "drop":
            self.wfile.write(data[: len(data) // 2])
            self.is_open = False
            return
        self.wfile.write(data + b")\r\n")

    def do_logout(self, tag, _args):
        self.say("* BYE")
        self.say(f"{tag} OK done")
        self.is_open = False


NEED_BOX = frozenset({"uid_search", "uid_fetch"})
