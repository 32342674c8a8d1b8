"""A sender killed at any moment: each message left at most once, none is forgotten.

The mail server is a real one in this process; the sender dies, and the next one comes,
in processes of their own.
"""

import email
import importlib.util
import json
import random
import re
from collections import Counter
from pathlib import Path

from devtools import testkit

ROOT = Path(__file__).resolve().parent.parent
# by its path: the package that it lies in is Odoo's
_spec = importlib.util.spec_from_file_location(
    "smtp_server", ROOT / "creditbox_dunning/tests/smtp_server.py"
)
smtp_server = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(smtp_server)

JOBS = "tests.outbox_kill_jobs"
KILLS = 5
MARK = "mark@example.com"
# kills of one process that has Odoo loaded
BATCH = 10


def _job(name, entry, *args):
    status, log = testkit.job(name, f"{JOBS}:{entry}", *args, timeout=3600)
    assert status == 0, log[-3000:]
    return log


def judge(states, received, killed_at):
    """What must hold after a kill: the server got no message twice; what is told as
    sent it got; nothing waits; what is in doubt is at most the one in its hands."""
    counts = Counter(received)
    assert max(counts.values(), default=0) <= 1, f"twice, killed at {killed_at}"
    found = Counter(states.values())
    assert set(found) <= {"sent", "uncertain"}, f"{found}, killed at {killed_at}"
    assert found["uncertain"] <= 1, f"{found}, killed at {killed_at}"
    for message_id, state in states.items():
        if state == "sent":
            assert counts[message_id] == 1, f"{message_id} never left"


def _by_kill(received):
    """[Message-IDs that the server got] of each kill: each begins with a mark."""
    found = []
    for _sender, recipient, content in received:
        if recipient == MARK:
            found.append([])
        else:
            found[-1].append(email.message_from_bytes(content)["Message-Id"])
    return found


def kill_and_judge(kills, seed, told=lambda _batch: None):
    """``kills`` times: kill the sender at a random statement or in the middle of a
    hand-over, let the next one finish, judge. Returns (statements of a whole sending,
    kills that left a message in doubt)."""
    chance = random.Random(seed)  # noqa: S311 repeatable, not secret
    doubts = 0
    with smtp_server.SmtpServer() as server, testkit.database() as source:
        log = _job(source, "prepare", server.port)
        count = int(re.search(r"MESSAGES (\d+)", log)[1])
        with testkit.database(source=source) as name:
            log = _job(name, "work")
            statements = int(re.search(r"STATEMENTS (\d+)", log)[1])
            assert len(server.received) == count
            points = [
                # the server answers four times for each message, twice before
                -chance.randrange(3, 4 * count)
                if n % 3 == 0
                else chance.randrange(1, statements + 1)
                for n in range(kills)
            ]
            for begin in range(0, kills, BATCH):
                batch = points[begin : begin + BATCH]
                server.received.clear()
                log = _job(name, "kills", source, server.port, *batch)
                found = re.findall(r"KILLED (-?\d+) (\{.*\})", log)
                assert [int(point) for point, _states in found] == batch
                for (point, text), received in zip(
                    found, _by_kill(server.received), strict=True
                ):
                    states = json.loads(text)
                    assert len(states) == count
                    judge(states, received, point)
                    doubts += "uncertain" in states.values()
                told(batch)
    return statements, doubts


def test_gate_9_sender_killed_at_any_moment():
    """Gate 9: worker killed, no doubles, none lost."""
    kill_and_judge(KILLS, seed=20261128)
