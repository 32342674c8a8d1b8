"""Jobs of test_cmor_kill that run, and die, inside a real Odoo process."""

import os
import signal
from unittest import mock

from odoo import Command

from odoo.addons.cmor_utility.models import cmor_flow_file_receive, cmor_mass_job
from odoo.addons.cmor_utility.models.cmor_practice_evaluation import (
    CmorPractice as Evaluation,
)
from odoo.addons.cmor_utility.models.cmor_practice_export import (
    CmorPractice as Exporter,
)

COUNT, CHUNK = 30, 10
VAT, GESTORE = "12345670017", "05877611003"
HEADER = (
    "COD_SERVIZIO;COD_FLUSSO;PIVA_UTENTE;PIVA_GESTORE;CP_UTENTE;CP_GESTORE;COD_POD;"
    "COD_PDR;VERIFICA_AMM;COD_CAUSALE;MOTIVAZIONE"
)
VALUES = {
    "PIVA_UTENTE": VAT,
    "PIVA_GESTORE": GESTORE,
    "SETTORE": "E",
    "COD_POD": "IT999E00000001",
    "CF": "RSSMRA80A01F205X",
    "CF_STRANIERO": "0",
    "COGNOME": "Rossi",
    "PIVA_CONTROPARTE_COMMERCIALE": VAT,
    "VALORE_CREDITO": 100,
    "VALORE_INDENNIZZO": 100,
    "CMOR_PRECEDENTE": "0",
    "NUM_FATTURE": 1,
    "ELENCO_FATTURE": [{"number": "F1"}],
    "NUM_MORA": 1,
    "ELENCO_MORA": [{"reference": "N1"}],
    "DICH_ART4": "1",
}


def prepare(env, state):
    """COUNT practices in ``state``, and a role that may export them."""
    role = env["cmor.company.role"].create(
        {
            "company_id": env.company.id,
            "role": "udd",
            "sector": "electricity",
            "vat": VAT,
            "date_from": "2020-01-01",
            "accreditation_state": "accredited",
            "user_ids": [Command.set(env.ref("base.user_admin").ids)],
        }
    )
    env["cmor.flow.layout"].search([]).action_acknowledge()
    env["cmor.practice"]._guarded().create(
        [
            {
                "company_id": env.company.id,
                "name": f"KILL/{n}",
                "code": f"K-{n:06d}" if state == "sent" else False,
                "sector": "electricity",
                "side": "outgoing",
                "state": state,
                "role_id": role.id,
                "indemnity": 100.0,
            }
            for n in range(COUNT)
        ]
    )


def prepare_sent(env):
    prepare(env, "sent")


def prepare_ready(env):
    prepare(env, "ready")


def _answers():
    rows = [
        f"SI1;0100;{VAT};{GESTORE};K-{n:06d};SII{n:012d};IT999E00000001;;1;;"
        for n in range(COUNT)
    ]
    return ("\r\n".join([HEADER, *rows]) + "\r\n").encode()


def keep(env):
    """Keep a file of answers; the process ends before it is read."""
    env["cmor.flow.file"]._keep_received("esiti.csv", _answers(), env.company)


def die_applying(env):
    """Apply it and be killed in the middle of the second chunk."""
    records = env.registry["cmor.flow.record"]
    original, calls = records._apply, []

    def dying(model):
        original(model)
        model.env.flush_all()
        calls.append(1)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    with (
        mock.patch.object(cmor_flow_file_receive, "CHUNK", CHUNK),
        mock.patch.object(records, "_apply", dying),
    ):
        env["cmor.flow.file"]._cron_received()


def work(env):
    """Take up what waits, as the scheduled action does."""
    with mock.patch.object(cmor_flow_file_receive, "CHUNK", CHUNK):
        env["cmor.flow.file"]._cron_received()


def _export(env):
    def values(practice, layout, common):
        return {
            **VALUES,
            "CP_UTENTE": practice.code,
            "DATA_CESSAZIONE": practice.create_date.date(),
        }

    with (
        mock.patch.object(Evaluation, "_evaluate", return_value=None),
        mock.patch.object(Evaluation, "_set_next", return_value=None),
        mock.patch.object(Exporter, "_flow_values", values),
    ):
        practices = env["cmor.practice"].search([("name", "like", "KILL/")])
        practices.filtered(lambda p: p.state == "ready").action_export()
        env.flush_all()


def die_exporting(env):
    """The file is written and its records too; killed before the practices are."""
    original = Exporter._flow_written

    def dying(practices, file):
        practices.env.flush_all()
        os.kill(os.getpid(), signal.SIGKILL)
        original(practices, file)

    with mock.patch.object(Exporter, "_flow_written", dying):
        _export(env)


def export(env):
    _export(env)


def ask_mass(env):
    """Give up COUNT practices in the background, one of them poisoned."""
    prepare(env, "ready")
    practices = env["cmor.practice"].search([("name", "like", "KILL/")])
    practices[7]._guarded().write({"state": "sent"})
    env["cmor.mass.job"]._start(practices, "give_up", {"reason": "prova"})


def die_mass(env):
    """Work on it and be killed in the middle of the second chunk."""
    lines = env.registry["cmor.mass.line"]
    original, calls = lines._run, []

    def dying(model, job):
        counts = original(model, job)
        model.env.flush_all()
        calls.append(1)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return counts

    with (
        mock.patch.object(cmor_mass_job, "CHUNK", CHUNK),
        mock.patch.object(lines, "_run", dying),
    ):
        env["cmor.mass.job"]._cron_work()


def work_mass(env):
    """Take up what waits, as the scheduled action does."""
    with mock.patch.object(cmor_mass_job, "CHUNK", CHUNK):
        env["cmor.mass.job"]._cron_work()
