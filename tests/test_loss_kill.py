"""The booking of losses killed at any moment: after a restart nothing is twice, nothing
is missing, and books and records say the same.

Settlements that were paid and a list of write-offs are booked by their scheduled
actions in processes of their own, which die of SIGKILL.
"""

import json
import random
import re

from devtools import testkit

JOBS = "tests.loss_kill_jobs"
KILLS = 5
# as many as loss_kill_jobs makes
SETTLEMENTS, CREDITS = 12, 24
# kills of one process that has Odoo loaded
BATCH = 10


def _job(name, entry, *args):
    # a long time: a busy machine is slow, it is not wrong
    status, log = testkit.job(name, f"{JOBS}:{entry}", *args, timeout=3600)
    assert status == 0, log[-3000:]
    return log


def _told(log, name):
    found = re.findall(rf"^{name} (\d+) (\{{.*\}})", log, re.MULTILINE)
    return [(int(after), json.loads(text)) for after, text in found]


def judge(told, killed_at):
    """What must hold at any moment: every loss of the books is that of one record."""
    at = f"killed at {killed_at}: {told}"
    assert told["lost"] == told["told"], at
    assert told["lost"] == told["charges"], at
    assert told["origins"] == 0, at
    assert told["entries"] == told["moves"], at
    assert told["paid_open"] == 0, at
    assert told["offered_moves"] == 0, at
    assert told["open"] == told["credits"] - told["booked"], at
    assert told["paid"] + told["offered"] == told["settlements"] == SETTLEMENTS, at


def judge_end(told, killed_at):
    """What must hold in the end: all of it, once."""
    judge(told, killed_at)
    at = f"killed at {killed_at}: {told}"
    assert (told["paid"], told["booked"]) == (SETTLEMENTS, CREDITS), at
    assert told["list"] == ["booked"], at
    assert told["open"] == 0, at


def kill_and_judge(kills, seed, told=lambda _batch: None):
    """``kills`` times: kill at a random statement, look, finish, look again.

    Returns (statements of the whole, how many kills left something half done).
    """
    chance = random.Random(seed)  # noqa: S311 repeatable, not secret
    between = 0
    with testkit.database() as source:
        _job(source, "prepare")
        with testkit.database(source=source) as name:
            log = _job(name, "work")
            statements = int(re.search(r"STATEMENTS (\d+)", log)[1])
            ((_after, whole),) = _told(_job(name, "state"), "END")
            judge_end(whole, 0)
            points = [chance.randrange(1, statements + 1) for _kill in range(kills)]
            for begin in range(0, kills, BATCH):
                batch = points[begin : begin + BATCH]
                log = _job(name, "kills", source, *batch)
                left, ends = _told(log, "LEFT"), _told(log, "END")
                assert [after for after, _state in left] == batch, log[-3000:]
                assert [after for after, _state in ends] == batch, log[-3000:]
                for (after, half), (_after, end) in zip(left, ends, strict=True):
                    judge(half, after)
                    judge_end(end, after)
                    # the entries of the list may be others: a chunk begins elsewhere
                    assert end["lost"] == whole["lost"], (end, whole)
                    between += 0 < half["paid"] + half["booked"] < SETTLEMENTS + CREDITS
                told(batch)
    return statements, between


def test_losses_killed_at_any_statement():
    """Gate 18, under faults: no loss twice, none without its record, none forgotten."""
    _statements, between = kill_and_judge(KILLS, seed=20261128)
    # a test whose kills all fall before the first commit would prove nothing
    assert between
