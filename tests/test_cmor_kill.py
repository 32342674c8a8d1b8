"""A process killed between two steps of a flow: nothing is lost, nothing is twice."""

from devtools import databases, testkit

from .cmor_kill_jobs import CHUNK, COUNT

JOBS = "tests.cmor_kill_jobs"


def _run(name, job, dies=False):
    status, log = testkit.job(name, f"{JOBS}:{job}")
    assert (status != 0) == dies, log[-3000:]


def _query(name, text):
    with databases.connection(testkit.current(), name) as cr:
        cr.execute(text)
        return cr.fetchall()


def _practices(name, state):
    found = _query(name, "SELECT state, count(*) FROM cmor_practice GROUP BY state")
    return dict(found).get(state, 0)


def test_killed_between_keeping_and_applying():
    """The scheduled action takes up what was kept; each answer counts once."""
    with testkit.database() as name:
        _run(name, "prepare_sent")
        _run(name, "keep")
        file = "SELECT state, count_written FROM cmor_flow_file WHERE direction = 'in'"
        assert _query(name, file) == [("received", None)] or _query(name, file) == [
            ("received", 0)
        ]
        _run(name, "die_applying", dies=True)
        assert _practices(name, "accepted") == CHUNK
        assert _query(name, file)[0][0] == "received"
        _run(name, "work")
        assert _query(name, file) == [("applied", COUNT)]
        assert _practices(name, "accepted") == COUNT
        events = "SELECT count(*) FROM cmor_practice_event WHERE kind = 'accepted'"
        assert _query(name, events)[0][0] == COUNT
        records = "SELECT state, count(*) FROM cmor_flow_record GROUP BY state"
        assert _query(name, records) == [("applied", COUNT)]


def test_killed_between_the_file_and_the_practices():
    """One transaction: a killed export left nothing, the next one makes it whole."""
    with testkit.database() as name:
        _run(name, "prepare_ready")
        _run(name, "die_exporting", dies=True)
        assert _practices(name, "ready") == COUNT
        assert _query(name, "SELECT count(*) FROM cmor_flow_file")[0][0] == 0
        assert _query(name, "SELECT count(*) FROM cmor_practice_code")[0][0] == 0
        _run(name, "export")
        assert _practices(name, "exported") == COUNT
        (row,) = _query(name, "SELECT state, count_written FROM cmor_flow_file")
        assert row == ("generated", COUNT)


def test_mass_step_killed_in_the_middle():
    """What a chunk has done is done once; the rest is taken up, the bad one told."""
    with testkit.database() as name:
        _run(name, "ask_mass")
        lines = "SELECT state, count(*) FROM cmor_mass_line GROUP BY state"
        job = "SELECT state, count_done, count_failed FROM cmor_mass_job"
        _run(name, "die_mass", dies=True)
        assert dict(_query(name, lines)) == {
            "done": CHUNK - 1,
            "failed": 1,
            "todo": COUNT - CHUNK,
        }
        assert _query(name, job) == [("running", CHUNK - 1, 1)]
        assert _practices(name, "closed_lost") == CHUNK - 1
        _run(name, "work_mass")
        assert dict(_query(name, lines)) == {"done": COUNT - 1, "failed": 1}
        assert _query(name, job) == [("done", COUNT - 1, 1)]
        assert _practices(name, "closed_lost") == COUNT - 1
        events = "SELECT count(*) FROM cmor_practice_event WHERE kind = 'lost'"
        assert _query(name, events)[0][0] == COUNT - 1
