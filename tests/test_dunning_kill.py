"""A run killed before any of its statements: the next start ends in the same state."""

import random
import re
import threading

from devtools import testkit

JOBS = "tests.dunning_kill_jobs"
KILLS = 5


def _job(name, entry, *args):
    status, log = testkit.job(name, f"{JOBS}:{entry}", *args)
    assert status == 0, log[-3000:]
    return log


def _state(name):
    return re.search(r"STATE (\w+ .*)", _job(name, "state"))[1]


def kill_and_compare(kills, seed):
    """``kills`` times: kill at a random statement, finish, compare with a whole run.

    Returns the number of statements of the whole run.
    """
    chance = random.Random(seed)  # noqa: S311 repeatable, not secret
    with testkit.database() as source:
        _job(source, "prepare")
        with testkit.database(source=source) as whole:
            log = _job(whole, "work")
            expected = _state(whole)
        statements = int(re.search(r"STATEMENTS (\d+)", log)[1])
        for _kill in range(kills):
            after = chance.randrange(1, statements + 1)
            with testkit.database(source=source) as name:
                status, log = testkit.job(name, f"{JOBS}:die", after)
                assert status != 0, f"the process was to be killed at {after}"
                _job(name, "work")
                found = _state(name)
                assert found == expected, f"killed at {after} of {statements}: {found}"
    return statements


def test_gate_9_killed_at_any_statement():
    """Gate 9, the run's part: no step and no message twice, none lost."""
    kill_and_compare(KILLS, seed=20261122)


def test_two_runs_at_once():
    """Two processes start the same run together: the result is that of one."""
    with testkit.database() as source:
        _job(source, "prepare")
        with testkit.database(source=source) as whole:
            _job(whole, "work")
            expected = _state(whole)
        threads = [
            threading.Thread(target=testkit.job, args=(source, f"{JOBS}:work"))
            for _process in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        _job(source, "work")
        assert _state(source).split()[0] == expected.split()[0]
