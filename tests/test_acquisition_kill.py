"""A process killed in the middle of a file, and two at once: exactly once each row."""

from concurrent.futures import ThreadPoolExecutor

from devtools import databases, testkit

from .kill_jobs import CHUNK, ROWS

JOBS = "tests.kill_jobs"


def _figures(name):
    """(state, next row, created, customers, rows set aside) as committed."""
    with databases.connection(testkit.current(), name) as cr:
        cr.execute("SELECT state, next_row, count_created FROM utility_import_batch")
        ((state, next_row, created),) = cr.fetchall()
        cr.execute("SELECT count(*) FROM res_partner WHERE billing_code LIKE 'KILL%'")
        customers = cr.fetchone()[0]
        cr.execute("SELECT count(*) FROM utility_import_row WHERE state = 'open'")
        return state, next_row, created, customers, cr.fetchone()[0]


def test_killed_in_the_middle_of_a_batch():
    """Row I09: resumable; a server killed mid-file loses and doubles nothing."""
    with testkit.database() as name:
        status, log = testkit.job(name, f"{JOBS}:receive")
        assert status == 0, log[-3000:]
        status, _log = testkit.job(name, f"{JOBS}:die")
        assert status != 0, "the process was to be killed"
        good = 2 * CHUNK - 2
        # two chunks are committed, the third one left nothing behind
        expected = ("running", 2 * CHUNK + 2, good, good, 2)
        assert _figures(name) == expected
        status, log = testkit.job(name, f"{JOBS}:work")
        assert status == 0, log[-3000:]
        bad = ROWS // 100
        assert _figures(name) == ("partial", ROWS + 2, ROWS - bad, ROWS - bad, bad)


def test_two_processes_at_once():
    """Two scheduled actions on the same file: each row is loaded exactly once."""
    with testkit.database() as name:
        status, log = testkit.job(name, f"{JOBS}:receive")
        assert status == 0, log[-3000:]
        with ThreadPoolExecutor(2) as pool:
            jobs = [
                pool.submit(testkit.job, name, f"{JOBS}:work") for _number in range(2)
            ]
            answers = [job.result() for job in jobs]
        assert [status for status, _log in answers] == [0, 0], answers
        bad = ROWS // 100
        assert _figures(name) == ("partial", ROWS + 2, ROWS - bad, ROWS - bad, bad)
