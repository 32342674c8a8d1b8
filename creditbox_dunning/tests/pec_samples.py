"""PEC messages as a provider writes them: for the golden set, the mutations and the
simulator of a provider. Written by us; domains and people are invented.

Pure: no odoo. ``receipt`` and ``envelope`` give bytes with CR LF, as IMAP does.
"""

import base64
import hashlib
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from html import escape

ROME_WINTER = timezone(timedelta(hours=1))
WHEN = datetime(2027, 2, 19, 10, 15, 30, tzinfo=ROME_WINTER)
PROVIDER = "pec.gestore.example"
MAILBOX = "recupero@pec.fornitrice.example"
CUSTOMER = "mario.rossi@pec.cliente.example"
MSGID = "<dun.0123456789abcdef@pec.fornitrice.example>"
REF = "opec21006.20270219101530.04512.345.1.62@pec.gestore.example"

# kind of receipt -> (beginning of the subject, first line of the text)
WORDS = {
    "accettazione": ("ACCETTAZIONE", "è stato accettato dal sistema ed inoltrato."),
    "non-accettazione": (
        "AVVISO DI NON ACCETTAZIONE",
        "è stato rilevato un problema che ne impedisce l'accettazione.",
    ),
    "presa-in-carico": ("PRESA IN CARICO", "è stato accettato dal sistema."),
    "avvenuta-consegna": (
        "CONSEGNA",
        "è stato consegnato nella casella di destinazione.",
    ),
    "errore-consegna": (
        "AVVISO DI MANCATA CONSEGNA",
        "è stato rilevato un errore: il messaggio è stato rifiutato.",
    ),
    "preavviso-errore-consegna": (
        "AVVISO DI MANCATA CONSEGNA",
        "non è stato consegnato nelle prime dodici ore dal suo invio.",
    ),
    "rilevazione-virus": ("PROBLEMA DI SICUREZZA", "è stato rilevato un virus."),
}


def daticert(
    kind,
    *,
    sender=MAILBOX,
    recipient=CUSTOMER,
    recipient_kind="certificato",
    msgid=MSGID,
    ref=REF,
    when=WHEN,
    subject="Sollecito di pagamento",
    error="nessuno",
    error_text="",
    receipt_type="completa",
    provider="Gestore Esempio S.p.A.",
):
    """daticert.xml as text; ``msgid`` None leaves it out."""
    zone = when.strftime("%z")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<postacert tipo="{kind}" errore="{error}">',
        "<intestazione>",
        f"<mittente>{escape(sender)}</mittente>",
        f'<destinatari tipo="{recipient_kind}">{escape(recipient)}</destinatari>',
        f"<risposte>{escape(sender)}</risposte>",
        f"<oggetto>{escape(subject)}</oggetto>",
        "</intestazione>",
        "<dati>",
        f"<gestore-emittente>{escape(provider)}</gestore-emittente>",
        f'<data zona="{zone}">',
        f"<giorno>{when:%d/%m/%Y}</giorno><ora>{when:%H:%M:%S}</ora>",
        "</data>",
        f"<identificativo>{escape(ref)}</identificativo>",
    ]
    if msgid is not None:
        lines.append(f"<msgid>{escape(msgid)}</msgid>")
    if kind == "avvenuta-consegna":
        lines.append(f'<ricevuta tipo="{receipt_type}"/>')
    if kind in ("avvenuta-consegna", "errore-consegna", "preavviso-errore-consegna"):
        lines.append(f"<consegna>{escape(recipient)}</consegna>")
    if kind == "presa-in-carico":
        lines.append(f"<ricezione>{escape(sender)}</ricezione>")
    if error_text:
        lines.append(f"<errore-esteso>{escape(error_text)}</errore-esteso>")
    return "\n".join([*lines, "</dati>", "</postacert>", ""])


def receipt(
    kind,
    *,
    number=1,
    evidence=None,
    headers=(),
    issuer=f"posta-certificata@{PROVIDER}",
    reference=None,
    original=None,
    **facts,
):
    """A receipt of ``kind`` (value of X-Ricevuta) about a message of ours.

    ``facts``: of :func:`daticert`; ``evidence``: the daticert.xml to use instead, as
    bytes, b"" for none; ``headers``: more header lines; ``original``: bytes of
    postacert.eml; ``reference``: X-Riferimento-Message-ID, by default the msgid.
    """
    prefix, text = WORDS[kind]
    when = facts.get("when", WHEN)
    subject = facts.get("subject", "Sollecito di pagamento")
    sender = facts.get("sender", MAILBOX)
    msgid = facts.get("msgid", MSGID)
    reference = (msgid or "") if reference is None else reference
    head = [
        f"Return-Path: <{issuer}>",
        f"Message-ID: <{kind}.{number}.{facts.get('ref', REF)}>",
        f"Date: {format_datetime(when)}",
        f"From: {issuer}",
        f"To: {sender}",
        f"Subject: {prefix}: {subject}",
        f"X-Ricevuta: {kind}",
    ]
    if reference:
        head.append(f"X-Riferimento-Message-ID: {reference}")
    if kind == "avvenuta-consegna":
        head.append(f"X-TipoRicevuta: {facts.get('receipt_type', 'completa')}")
    if evidence is None:
        evidence = daticert(kind, **facts).encode()
    words = (
        f"Il giorno {when:%d/%m/%Y} alle ore {when:%H:%M:%S} ({when:%z}) il messaggio"
        f'\n"{subject}" proveniente da "{sender}"\ned indirizzato a'
        f' "{facts.get("recipient", CUSTOMER)}"\n{text}'
    )
    if facts.get("error_text"):
        words += f"\n{facts['error_text']}"
    return assemble([*head, *headers], words, evidence, original)


def envelope(
    *,
    inner,
    number=1,
    transport="posta-certificata",
    headers=(),
    evidence=None,
    **facts,
):
    """A transport envelope (or anomaly) that holds the mail ``inner`` (bytes)."""
    when = facts.get("when", WHEN)
    subject = facts.get("subject", "Re: Sollecito di pagamento")
    sender = facts.get("sender", CUSTOMER)
    prefix = "POSTA CERTIFICATA" if transport != "errore" else "ANOMALIA MESSAGGIO"
    head = [
        f"Message-ID: <busta.{number}.{facts.get('ref', REF)}>",
        f"Date: {format_datetime(when)}",
        f'From: "Per conto di: {sender}" <posta-certificata@{PROVIDER}>',
        f"Reply-To: {sender}",
        f"To: {facts.get('recipient', MAILBOX)}",
        f"Subject: {prefix}: {subject}",
        f"X-Trasporto: {transport}",
        f"X-Riferimento-Message-ID: {facts.get('msgid', '<reply.1@cliente.example>')}",
    ]
    if evidence is None:
        facts.setdefault("msgid", "<reply.1@cliente.example>")
        facts.update(sender=sender, recipient=facts.get("recipient", MAILBOX))
        facts.setdefault("subject", subject)
        evidence = daticert(transport, **facts).encode()
    return assemble([*head, *headers], "Messaggio allegato.", evidence, inner)


def reply(text="Ho pagato ieri.", *, to=MSGID, number=1, sender=CUSTOMER):
    """The mail that a customer writes in answer to ours, as bytes."""
    lines = [
        f"Message-ID: <reply.{number}@cliente.example>",
        f"Date: {format_datetime(WHEN)}",
        f"From: Mario Rossi <{sender}>",
        f"To: {MAILBOX}",
        "Subject: Re: Sollecito di pagamento",
        f"In-Reply-To: {to}",
        f"References: {to}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "",
        text,
        "",
    ]
    return "\r\n".join(lines).encode()


def ordinary(subject="Newsletter", sender="news@example.com", *, headers=()):
    """Mail that no provider certifies."""
    lines = [
        "Message-ID: <news.1@example.com>",
        f"Date: {format_datetime(WHEN)}",
        f"From: {sender}",
        f"To: {MAILBOX}",
        f"Subject: {subject}",
        *headers,
        "Content-Type: text/plain; charset=utf-8",
        "",
        "Testo.",
        "",
    ]
    return "\r\n".join(lines).encode()


def assemble(head, text, evidence, original):
    """Signed and, in it, mixed: texts, daticert.xml inline, postacert.eml."""
    # a mail inside another has other boundaries
    mark = hashlib.sha256("".join(head).encode()).hexdigest()[:12]
    outer, inner, both = (f"----PEC{mark}{number}" for number in (1, 2, 3))
    lines = [
        *head,
        "MIME-Version: 1.0",
        'Content-Type: multipart/signed; protocol="application/x-pkcs7-signature";',
        f' micalg="sha-256"; boundary="{outer}"',
        "",
        "This is an S/MIME signed message",
        "",
        f"--{outer}",
        f'Content-Type: multipart/mixed; boundary="{inner}"',
        "",
        f"--{inner}",
        f'Content-Type: multipart/alternative; boundary="{both}"',
        "",
        *_text_part(both, "plain", text),
        *_text_part(both, "html", f"<html><body><p>{escape(text)}</p></body></html>"),
        f"--{both}--",
        "",
    ]
    if evidence:
        lines += [
            f"--{inner}",
            'Content-Type: application/xml; name="daticert.xml"',
            "Content-Transfer-Encoding: base64",
            'Content-Disposition: inline; filename="daticert.xml"',
            "",
            *as_base64(evidence),
            "",
        ]
    data = "\r\n".join(lines).encode()
    if original:
        data += (
            f"--{inner}\r\n"
            'Content-Type: message/rfc822; name="postacert.eml"\r\n'
            'Content-Disposition: attachment; filename="postacert.eml"\r\n\r\n'
        ).encode() + original
    tail = [
        "",
        f"--{inner}--",
        "",
        f"--{outer}",
        'Content-Type: application/x-pkcs7-signature; name="smime.p7s"',
        "Content-Transfer-Encoding: base64",
        'Content-Disposition: attachment; filename="smime.p7s"',
        "",
        *as_base64(b"not a real signature " * 20),
        f"--{outer}--",
        "",
    ]
    return data + "\r\n".join(tail).encode()


def _text_part(boundary, subtype, text):
    return [
        f"--{boundary}",
        f"Content-Type: text/{subtype}; charset=utf-8",
        "Content-Transfer-Encoding: base64",
        "",
        *as_base64(text.encode()),
        "",
    ]


def as_base64(data):
    return base64.encodebytes(data).decode().splitlines()
