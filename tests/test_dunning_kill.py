"""A run killed before any of its statements: the next start ends in the same state."""

import random
import re
import threading

from devtools import testkit

JOBS = "tests.dunning_kill_jobs"
KILLS = 5
# kills of one process that has Odoo loaded
BATCH = 10


def _job(name, entry, *args, jobs=JOBS):
    # a long time: a busy machine is slow, it is not wrong
    status, log = testkit.job(name, f"{jobs}:{entry}", *args, timeout=3600)
    assert status == 0, log[-3000:]
    return log


def _states_in(log):
    return re.findall(r"STATE (\w+ .*)", log)


def _work(name, jobs=JOBS):
    """The run to its end, in a process of its own: (statements, state it left)."""
    log = _job(name, "work", jobs=jobs)
    return int(re.search(r"STATEMENTS (\d+)", log)[1]), _states_in(log)[0]


def kill_after_commits(jobs):
    """Kill at the first statement behind each commit of the whole run, where what was
    committed has to tell all that is left to do; then as :func:`kill_and_compare`."""
    with testkit.database() as source:
        _job(source, "prepare", jobs=jobs)
        with testkit.database(source=source) as name:
            log = _job(name, "work", jobs=jobs)
        (expected,) = _states_in(log)
        statements = int(re.search(r"STATEMENTS (\d+)", log)[1])
        commits = map(int, re.search(r"COMMITS ([\d ]+)", log)[1].split())
        points = [one + 1 for one in commits if one < statements]
        with testkit.database(source=source) as name:
            found = _states_in(_job(name, "kills", source, *points, jobs=jobs))
        assert len(found) == len(points) > 1
        for after, state in zip(points, found, strict=True):
            assert state == expected, f"killed at {after}: {state}"


def kill_and_compare(kills, seed, skip=0, told=lambda _batch: None, jobs=JOBS):
    """``kills`` times: kill at a random statement, finish, compare with a whole run.

    The first ``skip`` are only drawn: a run that goes on where another was stopped.
    ``told`` is called with the statements of each batch of kills; ``jobs``: the module
    of what is run and killed. Returns the number of statements of the whole run.
    """
    chance = random.Random(seed)  # noqa: S311 repeatable, not secret
    with testkit.database() as source:
        _job(source, "prepare", jobs=jobs)
        with testkit.database(source=source) as name:
            statements, expected = _work(name, jobs)
        with testkit.database(source=source) as name:
            drawn = [chance.randrange(1, statements + 1) for _kill in range(kills)]
            for begin in range(skip, kills, BATCH):
                batch = drawn[begin : begin + BATCH]
                log = _job(name, "kills", source, *batch, jobs=jobs)
                found = _states_in(log)
                assert len(found) == len(batch), log[-3000:]
                for after, state in zip(batch, found, strict=True):
                    assert state == expected, f"killed at {after}: {state}"
                told(batch)
    return statements


def test_gate_9_killed_at_any_statement():
    """Gate 9, the run's part: no step and no message twice, none lost."""
    kill_and_compare(KILLS, seed=20261122)


def test_two_runs_at_once():
    """Two processes start the same run together: the result is that of one."""
    with testkit.database() as source:
        _job(source, "prepare")
        with testkit.database(source=source) as whole:
            _statements, expected = _work(whole)
        threads = [
            threading.Thread(target=testkit.job, args=(source, f"{JOBS}:work"))
            for _process in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        _statements, found = _work(source)
        assert found.split()[0] == expected.split()[0]
