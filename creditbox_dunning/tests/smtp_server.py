"""A real mail server on the loopback interface, with faults on demand.

It speaks enough of SMTP for a client that sends. What it accepted is kept; what it does
with a recipient is told beforehand.
"""

import contextlib
import socketserver
import threading
import time

# faults, by recipient
REFUSE = "refuse"  # 550 for the recipient
LATER = "later"  # 451 for the recipient: greylisting
DROP_BEFORE = "drop_before"  # the connection breaks before the text is asked for
DROP_AFTER = "drop_after"  # the text is kept, the connection breaks before the answer
DROP_LOST = "drop_lost"  # the text is lost, the connection breaks before the answer
REFUSE_TEXT = "refuse_text"  # 554 after the text
SLOW = "slow"  # it never answers after the text


class SmtpServer(socketserver.ThreadingTCPServer):
    """``received``: [(sender, recipient, bytes)] that it took; ``faults``: {recipient:
    fault, or a list of them, one for each try}; ``login``: (user, password) asked for.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), _Talk)
        self.received, self.faults, self.login, self.tries = [], {}, None, []
        self.delay = 0
        self.closing = threading.Event()

    @property
    def port(self):
        return self.server_address[1]

    def fault_of(self, recipient):
        fault = self.faults.get(recipient)
        if isinstance(fault, list):
            return fault.pop(0) if fault else None
        return fault

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *args):
        self.closing.set()
        self.shutdown()
        self.server_close()


class _Talk(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        with contextlib.suppress(ConnectionError, BrokenPipeError):
            self.say("220 loopback")
            while line := self.rfile.readline():
                if self.answer(line.decode("latin-1").strip()) is False:
                    return

    def answer(self, line):
        word = line.split(" ")[0].upper()
        if word == "EHLO":
            self.say("250-loopback")
            self.say("250-DSN")
            self.say("250 AUTH PLAIN")
        elif word == "AUTH":
            self.say("235 ok" if self.server.login is None else "535 bad login")
        elif word == "MAIL":
            self.sender = line.partition(":")[2].split(" ")[0].strip("<>")
            self.say("250 ok")
        elif word == "RCPT":
            return self.recipient(line)
        elif word == "DATA":
            return self.data()
        elif word == "QUIT":
            self.say("221 bye")
            return False
        else:
            self.say("250 ok")
        return True

    def recipient(self, line):
        self.to = line.partition(":")[2].split(" ")[0].strip("<>")
        self.server.tries.append(self.to)
        self.fault = self.server.fault_of(self.to)
        if self.fault == REFUSE:
            self.say("550 5.1.1 no such user")
        elif self.fault == LATER:
            self.say("451 4.7.1 try again later")
        else:
            self.say("250 ok")
        return True

    def data(self):
        if self.fault == DROP_BEFORE:
            return False
        self.say("354 go on")
        content = b""
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            content += line[1:] if line.startswith(b"..") else line
        if not line:
            return False
        if self.fault == REFUSE_TEXT:
            self.say("554 5.6.0 refused")
            return True
        if self.fault != DROP_LOST:
            self.server.received.append((self.sender, self.to, content))
        if self.fault in (DROP_AFTER, DROP_LOST):
            return False
        if self.fault == SLOW:
            self.server.closing.wait(60)
            return False
        if self.server.delay:
            time.sleep(self.server.delay)
        self.say(f"250 queued {len(self.server.received)}")
        return True
