"""A nightly valuation killed before any of its statements goes on to the same state.

No customer is valued twice, none is missing, no line of history or alert is there
twice, and the counts of the night are those of one that was not killed.
"""

from .test_dunning_kill import kill_after_commits, kill_and_compare

JOBS = "tests.valuation_kill_jobs"
KILLS = 3


def test_killed_at_any_statement():
    kill_and_compare(KILLS, seed=20261128, jobs=JOBS)


def test_killed_behind_each_commit():
    kill_after_commits(JOBS)
