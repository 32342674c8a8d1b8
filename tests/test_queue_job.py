"""One run, two Odoo servers on one database: with OCA's queue_job, and without it."""

import contextlib
import itertools
import os
import socket
import socketserver
import threading
import time

from devtools import databases, oca, testkit
from devtools.places import ROOT

from .install_checks import _clean

JOBS = "tests.queue_jobs"
BRIDGE = "creditbox_dunning_queue_job"
SUPPLIES = 4500  # five chunks
PATIENCE = 300  # seconds


class _RoundRobin(socketserver.ThreadingTCPServer):
    """What a load balancer does: each connection goes to the next server."""

    daemon_threads = True

    def __init__(self, ports):
        super().__init__(("127.0.0.1", 0), _Forward)
        self.next_port = itertools.cycle(ports).__next__


class _Forward(socketserver.BaseRequestHandler):
    def handle(self):
        address = ("127.0.0.1", self.server.next_port())
        with socket.create_connection(address) as other, contextlib.suppress(OSError):
            there = threading.Thread(target=_copy, args=(self.request, other))
            there.start()
            _copy(other, self.request)
            there.join()


def _copy(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def _query(name, query):
    with databases.connection(testkit.current(), name) as cr:
        cr.execute(query)
        return cr.fetchall()


def _wait_for_run(name):
    """The run's (state, cases, errors) once it is over."""
    end = time.monotonic() + PATIENCE
    pause = threading.Event()
    while time.monotonic() < end:
        rows = _query(
            name,
            "SELECT state, count_cases, COALESCE(count_errors, 0) FROM dunning_run",
        )
        if rows and rows[0][0] not in ("waiting", "running"):
            return rows[0]
        pause.wait(0.5)
    raise AssertionError(f"the run did not end: {rows}")


def _check_once(name):
    """Every case was looked at once and got its one action."""
    assert _wait_for_run(name) == ("done", SUPPLIES, 0)
    ((cases, actions),) = _query(
        name,
        "SELECT (SELECT count(*) FROM dunning_case),"
        " (SELECT count(DISTINCT case_id) FROM dunning_action"
        "   WHERE state NOT IN ('skipped', 'superseded'))",
    )
    assert (cases, actions) == (SUPPLIES, SUPPLIES)
    doubles = _query(
        name,
        "SELECT case_id FROM dunning_action"
        " WHERE state NOT IN ('skipped', 'superseded')"
        " GROUP BY case_id HAVING count(*) > 1",
    )
    assert not doubles


def test_two_servers_share_the_chunks():
    """The optional bridge: both hosts work at the chunks of one run."""
    room = testkit.current()
    path = [str(ROOT), *room.core_addons, str(oca.addons("queue_job"))]
    options = {"addons_path": ",".join(path)}
    python_path = [room.environ()["PYTHONPATH"], str(oca.fetch("openupgradelib"))]
    env = {"PYTHONPATH": os.pathsep.join(python_path)}
    options["server_wide_modules"] = "base,rpc,web,queue_job"
    with testkit.database() as name, contextlib.ExitStack() as stack:
        _clean(*testkit.odoo(name, "-i", BRIDGE, env=env, **options))
        _clean(*testkit.job(name, f"{JOBS}:fill", SUPPLIES, env=env, **options))
        ports = [testkit.free_port() for _number in range(2)]
        proxy = stack.enter_context(_RoundRobin(ports))
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        env |= {
            "ODOO_QUEUE_JOB_CHANNELS": "root:4",
            "ODOO_QUEUE_JOB_HOST": "127.0.0.1",
            "ODOO_QUEUE_JOB_PORT": str(proxy.server_address[1]),
        }
        servers = [
            stack.enter_context(
                testkit.server(
                    name, env=env, http_port=port, max_cron_threads=1, **options
                )
            )
            for port in ports
        ]
        _clean(*testkit.job(name, f"{JOBS}:start", env=env, **options))
        _check_once(name)
        jobs = _query(name, "SELECT state, count(*) FROM queue_job GROUP BY state")
        assert jobs == [("done", SUPPLIES // 1000 + 2)], "five chunks and the end"
        for server in servers:
            assert "/queue_job/runjob" in server.log.read_text(), "a host did nothing"
        proxy.shutdown()


def test_two_servers_without_a_queue():
    """Without queue_job one of the two schedulers does it, exactly once."""
    with testkit.database() as name, contextlib.ExitStack() as stack:
        _clean(*testkit.job(name, f"{JOBS}:fill", SUPPLIES))
        for _number in range(2):
            stack.enter_context(testkit.server(name, max_cron_threads=1))
        _clean(*testkit.job(name, f"{JOBS}:start"))
        _check_once(name)
