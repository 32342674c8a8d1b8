"""The letters of the demonstration: two jobs for a mail house and its outcomes.

Done with the buttons of the clerk and the administrator; the outcomes are invented,
so that every list of the post has something to show.
"""

import base64
from datetime import datetime, timedelta

from .check import Line
from .credit import as_user

HOUSE = "Stampa e Imbusta S.r.l."
#: letters of the first job; the others wait in a second one, to be handed over
FIRST = 12
#: what the mail house tells of the letters of the first job, one after the other
RESULTS = ("DP1", "DP11", "DP10", "DP2", "B20", "DP1", "DP88")
COLUMNS = (
    "Codice lettera;Numero raccomandata;Codice esito;Descrizione esito;Data esito;"
    "Ricevente;Costo"
)


def work(demo, company):
    """Jobs out, outcomes in; returns the lines of the comparison."""
    admin, clerk = (
        as_user(demo, login, company) for login in ("amministratore", "operatore")
    )
    house = admin["dunning.service.provider"].create(
        {
            "name": HOUSE,
            "kind": "post",
            "company_id": company.id,
            "postal_driver": "hand",
            "postal_sender_code": "SI-0427",
            "postal_is_duplex": True,
            "postal_max_letters": FIRST,
        }
    )
    house.action_load_postal_codes()
    waiting = clerk["dunning.communication"].search(
        [
            ("company_id", "=", company.id),
            ("state", "=", "to_send"),
            ("channel", "in", ("ar", "pp")),
            ("provider_id", "=", False),
        ],
        order="channel, id",
        limit=2 * FIRST,
    )
    # what was paid since it was written is not printed
    owed = waiting.filtered(
        lambda letter: any(item.residual > 0 for item in letter.action_id.item_ids)
    )
    waiting.action_give_to_post()
    demo.env.cr.commit()
    jobs = clerk["dunning.postal.job"]
    for turn in range(2):
        house.with_env(clerk).action_make_postal_job()
        jobs = clerk["dunning.postal.job"].search(
            [("provider_id", "=", house.id)], order="id"
        )
        if not turn:
            jobs.action_mark_sent()
        demo.env.cr.commit()
    # a small demonstration has fewer letters than fill a job
    wanted = min(FIRST, len(owed))
    return list(_told(demo, company, clerk, house, jobs[:1], wanted))


def _told(demo, company, clerk, house, job, wanted):
    """The file of outcomes of ``job``, loaded; what it has to have made of it."""
    letters = job.letter_ids.sorted("postal_row")
    now = datetime.combine(demo.today, datetime.min.time())
    rows = []
    for number, letter in enumerate(letters):
        registered = f"61{demo.today:%y}{company.id:04d}{number:04d}"
        code = RESULTS[number % len(RESULTS)]
        for hours, told, text in ((1, "ACC", "Consegnata alla posta"), (2, code, "")):
            moment = now + timedelta(hours=hours)
            rows.append(
                f"{letter.key};{registered};{told};{text};{moment:%d/%m/%Y %H:%M};;4,10"
            )
    rows.append(f"sconosciuta;;DP1;;{now:%d/%m/%Y};;")
    clerk["dunning.postal.receive"].create(
        {
            "company_id": company.id,
            "provider_id": house.id,
            "filename": f"esiti_posta_{demo.today:%Y%m%d}.csv",
            "data": base64.b64encode("\r\n".join([COLUMNS, *rows, ""]).encode()),
        }
    ).action_receive()
    demo.env.cr.commit()
    letters.invalidate_recordset()
    unknown = sum(RESULTS[n % len(RESULTS)] == "DP88" for n in range(len(letters)))
    told = letters.postal_event_ids
    yield Line("letters given to the post", len(letters.filtered("protocol")), wanted)
    yield Line(
        "events of the post that nobody understands",
        len(told.filtered(lambda event: not event.code)),
        unknown,
    )
    yield Line("letters told of twice", len(told), 2 * len(letters))
