"""Job of bench/flows.py: the steps of many practices, one after the other."""

from contextlib import contextmanager

from ._flow_ground import _copy_supplies, _end, make_specimen, make_world, the_day
from ._flow_jobs import _acknowledgements
from ._run_jobs import Clock, told


class Steps:
    """Seconds and CPU of each step, commit included."""

    def __init__(self, env):
        self.env, self.figures = env, {}

    @contextmanager
    def step(self, name):
        self.env.cr.commit()
        self.env.invalidate_all()
        with Clock(self.env) as clock:
            yield
            self.env.cr.commit()
        self.figures[name] = clock.told


def steps(env, count):
    """``count`` practices from the candidate to the annulment that is asked."""
    count = int(count)
    world = make_world(env)
    contract, notice = make_specimen(world, _end())
    _copy_supplies(contract, notice, count - 1)
    timed, practices = Steps(env), env["cmor.practice"].sudo()
    terms = Clock(env)
    with timed.step("find and check"):
        ids = practices.find_candidates(env.company, the_day()).ids
        env.flush_all()
        terms.__enter__()
        env.cr.commit()
        terms.__exit__()
    timed.figures["  of which terms, the first time"] = terms.told
    if len(ids) != count:
        raise AssertionError(f"{len(ids)} candidates of {count}")
    env.cr.execute("ANALYZE")
    mine = world.practices.browse(ids)
    with timed.step("declare, at once"):
        world._declare(mine)
    with timed.step("confirm, in the background"):
        _work(env, world, mine, "confirm")
    _check(mine, "ready")
    with timed.step("export, at once"):
        file = mine._export(the_day())
    with timed.step("mark sent, at once"):
        file.sudo()._mark_sent()
    _check(mine, "sent")
    _acknowledge(env, world, mine)
    accepted = mine.filtered(lambda p: p.state == "accepted")
    with timed.step("ask the annulment, in the background"):
        reason = env["cmor.cancel.reason"].search([("code", "=", "N1")])
        day = {"d": the_day().isoformat()}
        _work(
            env,
            world,
            accepted,
            "annul",
            {"reason_id": reason.id, "event_date": day, "note": "Prova"},
        )
    _check(accepted, "cancel_requested")
    told(count=count, annulled=len(accepted), steps=timed.figures)


def _work(env, world, practices, action, payload=None):
    """The mass step as the dialog starts it and the scheduled action does it."""
    jobs = env["cmor.mass.job"].with_user(world.operator)
    job = jobs._start(practices, action, payload)
    env.cr.commit()
    job = job.sudo()
    job._work()
    if job.count_done != len(practices):
        left = job.problem_ids[:3].mapped("message")
        raise AssertionError(f"{action}: {job.count_done}, {left}")


def _acknowledge(env, world, practices):
    spec = env["cmor.flow.layout"]._find("claim_ack", env.company, the_day())._spec()
    rows = [(practice.id, practice.code) for practice in practices]
    data = _acknowledgements(env, spec, rows, "csv")
    env["cmor.flow.file"].with_user(world.operator)._receive(
        "ack.csv", data, env.company
    )
    env.cr.commit()


def _check(practices, state):
    practices.invalidate_recordset()
    found = set(practices.mapped("state"))
    if found != {state}:
        raise AssertionError(f"{found}, not {state}")
