"""Jobs of test_acquisition_kill that run, and die, inside a real Odoo process."""

import os
import signal
from unittest import mock

from odoo.addons.utility_supply.formats import workbook
from odoo.addons.utility_supply.formats.datasets import DATASETS
from odoo.addons.utility_supply.models import import_engine

ROWS = 500
CHUNK = 100
HEADINGS = ("Codice cliente", "Denominazione", "Tipo soggetto")


def receive(env):
    """Keep a workbook of ROWS customers, the 7th of each hundred without a name."""
    rows = [
        [f"KILL{n:04d}", None if n % 100 == 7 else f"Cliente {n}", "Consumatore"]
        for n in range(ROWS)
    ]
    data = workbook.rows_workbook([(DATASETS["customers"].sheet, HEADINGS, rows)])
    batches = env["utility.import.batch"]
    profiles = env["utility.import.profile"]._detect(env.company, "kill.xlsx", data)
    batch = batches._receive(env.company, "kill.xlsx", data, list(profiles))
    batch._guarded().write({"state": "running"})


def die(env):
    """Work the batch and be killed in the middle of the third chunk's writing."""
    loader = env.registry["utility.import.loader.customers"]
    original, calls = loader._load, []

    def dying(model, batch, records):
        result = original(model, batch, records)
        model.env.flush_all()
        calls.append(1)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    with (
        mock.patch.object(import_engine, "CHUNK", CHUNK),
        mock.patch.object(loader, "_load", dying),
    ):
        env["utility.import.batch"]._cron_process()


def work(env):
    """Work what waits, as the scheduled action does."""
    with mock.patch.object(import_engine, "CHUNK", CHUNK):
        env["utility.import.batch"]._cron_process()
