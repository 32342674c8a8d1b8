"""What leaves for others in the demonstration: orders, assignments, questions.

Everything goes by files, written and loaded as a person does it with the buttons; the
answers are invented row by row, so that every list has something to show.
"""

import base64
import csv
import io
from collections import Counter
from datetime import timedelta

from .check import Line
from .credit import as_user

#: kind -> (name, further fields of the provider)
PROVIDERS = {
    "technical": ("Distributore Rete Chiara S.p.A.", {}),
    "agency": ("Recupero Crediti Aurora S.r.l.", {"fee_percent": 12, "fee_class": "A"}),
    "info": ("Rintracci & Punteggi S.r.l.", {}),
}
MODELS = {
    "technical": "dunning.technical.order",
    "agency": "dunning.agency.assignment",
    "info": "dunning.info.request",
}
PLANNED = {"list"}


def providers(demo, company):
    """An office, an agency and an information provider for ``company``."""
    env = as_user(demo, "amministratore", company)
    for kind, (name, more) in PROVIDERS.items():
        env["dunning.service.provider"].create(
            {
                "name": name,
                "kind": kind,
                "company_id": company.id,
                "processor_since": demo.anchor,
                **more,
            }
        )


def work(demo, company):
    """Files out, answers in; returns the lines of the comparison."""
    providers(demo, company)
    clerk = as_user(demo, "operatore", company)
    ask(clerk, company)
    for kind, model in MODELS.items():
        send(clerk, model)
        demo.env.cr.commit()
        orders = demo.env[model].search(
            [("company_id", "=", company.id), ("state", "=", "sent")], order="id"
        )
        if orders:
            load(demo, company, kind, orders)
    return list(compare(demo, company))


def ask(clerk, company):
    """Address and score of some customers with a case."""
    cases = clerk["dunning.case"].search(
        [("company_id", "=", company.id), ("state", "=", "open")], order="id", limit=4
    )
    cases.partner_id.action_ask_info()


def send(clerk, model):
    """The button Write the files, then Handed over."""
    action = clerk[model].action_send()
    if action.get("res_model") == "dunning.work.file":
        clerk["dunning.work.file"].search(action["domain"]).action_delivered()


def load(demo, company, kind, orders):
    """A file of answers through the acquisition; one row is about nothing known."""
    env = as_user(demo, "operatore", company)
    profile = env["utility.import.profile"].search(
        [("dataset", "=", f"{kind}_answers"), ("is_shipped", "=", True)]
    )
    rows = [row for n, one in enumerate(orders) for row in ANSWERS[kind](demo, n, one)]
    unknown = {**rows[0], next(iter(rows[0])): f"{orders[0].name[:2]}/999999"}
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows([*rows, unknown])
    name = f"risposte_{kind}_{demo.today:%Y%m%d}.csv"
    upload = env["utility.import.upload"].create(
        {
            "company_id": company.id,
            "filename": name,
            "data": base64.b64encode(stream.getvalue().encode()),
            "profile_id": profile.id,
        }
    )
    upload.action_apply()
    demo.env.cr.commit()
    batches = demo.env["utility.import.batch"].search(
        [("filename", "=", name), ("company_id", "=", company.id)]
    )
    batches._work()
    demo.env.cr.commit()


def _technical(demo, number, order):
    """A plan for a list; of the works one is refused, the others are accepted."""
    row = {
        "Ordine": order.name,
        "POD/PDR/Punto": order.point_code or "",
        "Risposta": "Accettato",
        "Data": "",
        "Motivo": "",
        "Nota": "",
    }
    if order.op in PLANNED:
        guard = demo.env["dunning.guard"].sudo()
        day = demo.today + timedelta(days=5)
        is_open, later = guard._open_day(order.contract_id, day)
        day = day if is_open else later
        yield {**row, "Risposta": "Pianificato", "Data": f"{day:%d/%m/%Y}"}
    elif number % 3 == 1:
        yield {
            **row,
            "Risposta": "Non eseguito",
            "Data": f"{demo.today:%d/%m/%Y}",
            "Motivo": "Contatore non raggiungibile",
            "Nota": "Cancello chiuso",
        }
    else:
        yield row


def _agency(demo, number, one):
    today = f"{demo.today:%d/%m/%Y}"
    row = {
        "Affidamento": one.name,
        "Esito": "Preso in carico",
        "Data": today,
        "Importo": "",
        "Data promessa": "",
        "Riferimento": "",
        "Nota": "",
    }
    yield row
    if number % 3 == 1:
        yield {
            **row,
            "Esito": "Incasso",
            "Importo": "20,00",
            "Riferimento": f"R{number}",
        }
    if number % 3 == 2:
        promised = demo.today + timedelta(days=15)
        yield {
            **row,
            "Esito": "Promessa di pagamento",
            "Data promessa": f"{promised:%d/%m/%Y}",
        }


def _info(demo, number, one):
    row = {
        "Richiesta": one.name,
        "Esito": "Trovato",
        "Data": f"{demo.today:%d/%m/%Y}",
        "Punteggio": str(30 + 7 * number),
        "Classe": "ABCD"[number % 4],
        "Indirizzo": "",
        "CAP": "",
        "Comune": "",
        "Provincia": "",
    }
    if number % 2:
        place = {"Indirizzo": "Via del Ritorno 12", "CAP": "20121", "Comune": "Milano"}
        row |= {**place, "Provincia": "MI"}
    yield row


ANSWERS = {"technical": _technical, "agency": _agency, "info": _info}


def compare(demo, company):
    """What must hold whatever was ordered."""
    env = demo.env
    for model in MODELS.values():
        sent = env[model].search(
            [("company_id", "=", company.id), ("state", "!=", "to_send")]
        )
        lost = sent.filtered(lambda one: not one.file_id and one.state != "withdrawn")
        yield Line(f"{model}: sent without a file", len(lost), 0)
    orders = env["dunning.technical.order"].search([("company_id", "=", company.id)])
    cuts = orders.filtered(
        lambda o: (
            o.op not in ("list", "reactivate")
            and o.state in ("sent", "taken", "planned", "done")
            and o.contract_id.suspendibility == "not_suspendible"
        )
    )
    yield Line("orders to cut a protected supply", len(cuts), 0)


def tables(demo):
    """(title, headings, rows) of what was ordered."""
    counts = Counter()
    for kind, model in MODELS.items():
        for one in demo.env[model].search([]):
            counts[kind, one.state] += 1
    yield (
        "Orders to others",
        ["to", "state", "count"],
        [[*key, count] for key, count in sorted(counts.items())],
    )
