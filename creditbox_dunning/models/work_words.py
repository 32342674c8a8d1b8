"""What the files that go out say: Italian by nature, as the datasets that come in."""

from decimal import Decimal

from .amounts import exact

OP_WORDS = {
    "list": "Elenco",
    "reduce": "Riduzione",
    "limit": "Limitazione",
    "suspend": "Sospensione",
    "deactivate": "Disattivazione",
    "reactivate": "Riattivazione",
}
SERVICE_WORDS = {
    "water": "Acqua",
    "gas": "Gas",
    "electricity": "Energia elettrica",
    "telephone": "Telefonia",
}
STATE_WORDS = {
    "active": "Attivo",
    "suspended": "Sospeso",
    "ceased": "Cessato",
    "to_reactivate": "Da riattivare",
    "reduced": "Ridotto",
    "limited": "Limitato",
}


def debt_row(items, currency):
    """The sources of formats/work_file.py about a debt.

    :param items: [(dunning.action.item, residual of today)]; what is paid is left out
    """
    digits = currency.decimal_places
    left = [(item, exact(residual, digits)) for item, residual in items]
    left = [(item, residual) for item, residual in left if residual > 0]
    texts = [
        f"{item.bill_number}:{item.date_maturity:%d/%m/%Y}:{residual:.2f}".replace(
            ".", ","
        )
        for item, residual in left
    ]
    return {
        "amount": sum((residual for _item, residual in left), Decimal(0)),
        "bill_count": len(left),
        "oldest_due": min((item.date_maturity for item, _r in left), default=None),
        "bills": " | ".join(texts),
    }


NOTICE_WORDS = {
    "reminder": "Cortesia",
    "notice": "Sollecito bonario",
    "default": "Costituzione in mora",
    "termination": "Diffida",
}
CHANNEL_WORDS = {
    "sms": "SMS",
    "email": "e-mail",
    "pp": "posta",
    "ar": "raccomandata A/R",
    "pec": "PEC",
}


def notice_text(notices):
    """The history of ``notices`` (utility.notice) on one line, oldest first."""
    texts = []
    for notice in notices.sorted("sent_date"):
        kind = NOTICE_WORDS.get(notice.kind, notice.kind)
        channel = CHANNEL_WORDS.get(notice.channel, notice.channel)
        text = f"{kind} ({channel}) {notice.sent_date:%d/%m/%Y}"
        if notice.notified_date:
            text += f", notificata {notice.notified_date:%d/%m/%Y}"
        texts.append(text)
    return " | ".join(texts)
