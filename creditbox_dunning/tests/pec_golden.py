"""The golden set: messages of every kind, whole and malformed, and what they must say.

``python creditbox_dunning/tests/pec_golden.py`` writes the files of ``files/pec``; they
are kept in the repository, so that a reader is compared with bytes and not with the
program that made them.
"""

import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    import pec_samples as pec
else:
    from . import pec_samples as pec

FOLDER = Path(__file__).parent / "files" / "pec"
SUMMER = datetime(2027, 7, 1, 0, 30, 0, tzinfo=timezone(timedelta(hours=2)))
OURS = "dun.0123456789abcdef@pec.fornitrice.example"
OURMAIL = (
    f"Message-ID: {pec.MSGID}\r\nFrom: {pec.MAILBOX}\r\nTo: {pec.CUSTOMER}\r\n"
    "Subject: Sollecito di pagamento\r\nX-TipoRicevuta: completa\r\n\r\nTesto\r\n"
).encode()


def _evidence(kind, old, new, **facts):
    text = pec.daticert(kind, **facts)
    assert old in text, old
    return text.replace(old, new).encode()


def _doubled():
    """A receipt with a second daticert.xml that says something else."""
    one = pec.receipt("accettazione")
    start = one.index(b"Content-Type: application/xml")
    end = one.index(b"--", start)
    boundary = one[one.rindex(b"\r\n--", 0, start) : start]
    other = pec.receipt("accettazione", msgid="<dun.other@pec.fornitrice.example>")
    begin = other.index(b"Content-Type: application/xml")
    piece = other[begin : other.index(b"--", begin)]
    return one[:end] + boundary.lstrip() + piece + one[end:]


def messages():
    """{file name: bytes}"""
    return {**_kinds(), **_hostile(), **_malformed()}


def _kinds():
    return {
        "accettazione": pec.receipt("accettazione"),
        "non_accettazione": pec.receipt(
            "non-accettazione",
            error="altro",
            error_text="Il messaggio contiene destinatari in copia nascosta",
        ),
        "presa_in_carico": pec.receipt("presa-in-carico"),
        "consegna": pec.receipt("avvenuta-consegna", original=OURMAIL),
        "consegna_breve": pec.receipt(
            "avvenuta-consegna", receipt_type="breve", when=SUMMER, original=OURMAIL
        ),
        "consegna_sintetica": pec.receipt(
            "avvenuta-consegna", receipt_type="sintetica"
        ),
        "errore_indirizzo": pec.receipt(
            "errore-consegna",
            error="no-dest",
            error_text="5.1.1 - Gestore - indirizzo non valido",
        ),
        "errore_piena": pec.receipt(
            "errore-consegna", error="altro", error_text="5.2.2 - casella piena"
        ),
        "preavviso": pec.receipt("preavviso-errore-consegna", error="altro"),
        "preavviso_finale": pec.receipt(
            "preavviso-errore-consegna",
            error="altro",
            error_text="Messaggio non consegnato nelle 24 ore dal suo invio",
        ),
        "virus": pec.receipt("rilevazione-virus", error="virus", error_text="EICAR"),
        "busta": pec.envelope(inner=pec.reply()),
        "anomalia": pec.envelope(
            inner=pec.reply(sender="mario@example.com"),
            sender="mario@example.com",
            transport="errore",
        ),
        "ordinaria": pec.ordinary(),
    }


def _hostile():
    forged = pec.receipt("avvenuta-consegna", original=OURMAIL)
    return {
        "accettazione_esterno": pec.receipt(
            "accettazione", recipient="mario@example.com", recipient_kind="esterno"
        ),
        "intestazioni_maiuscole": pec.receipt("accettazione")
        .replace(b"X-Ricevuta: accettazione", b"x-ricevuta:  ACCETTAZIONE ")
        .replace(b"X-Riferimento-Message-ID", b"X-RIFERIMENTO-MESSAGE-ID"),
        "ricevuta_falsa_nella_busta": pec.envelope(inner=forged, subject="Consegna"),
        "ricevuta_falsa_ordinaria": pec.receipt(
            "avvenuta-consegna", issuer="mario@example.com"
        ),
        "due_intestazioni": pec.receipt(
            "accettazione", headers=["X-Ricevuta: avvenuta-consegna"]
        ),
        "ricevuta_e_busta": pec.receipt(
            "accettazione", headers=["X-Trasporto: posta-certificata"]
        ),
        "tipo_sconosciuto": pec.receipt("accettazione").replace(
            b"X-Ricevuta: accettazione", b"X-Ricevuta: lettura"
        ),
        "tipo_diverso": pec.receipt(
            "avvenuta-consegna", evidence=pec.daticert("errore-consegna").encode()
        ),
        "mancata_consegna": pec.receipt(
            "errore-consegna", evidence=pec.daticert("mancata-consegna").encode()
        ).replace(b"X-Ricevuta: errore-consegna", b"X-Ricevuta: mancata-consegna"),
    }


def _malformed():
    return {
        "senza_daticert": pec.receipt("avvenuta-consegna", evidence=b""),
        "daticert_due": _doubled(),
        "daticert_msgid_nudo": pec.receipt(
            "accettazione",
            evidence=_evidence("accettazione", "&lt;", "<").replace(b"&gt;", b">"),
        ),
        "daticert_msgid_doppio": pec.receipt(
            "accettazione", evidence=_evidence("accettazione", "&lt;", "&amp;lt;")
        ),
        "daticert_senza_msgid": pec.receipt("accettazione", msgid=None),
        "daticert_carattere": pec.receipt(
            "accettazione", evidence=_evidence("accettazione", "<dati>", "`<dati>")
        ),
        "daticert_troncato": pec.receipt(
            "avvenuta-consegna",
            evidence=pec.daticert("avvenuta-consegna").encode()[:-70],
        ),
        "daticert_latin1": pec.receipt(
            "accettazione",
            evidence=pec.daticert("accettazione", subject="Città").encode("latin-1"),
        ),
        "daticert_dtd": pec.receipt(
            "accettazione",
            evidence=_evidence(
                "accettazione",
                "<postacert",
                '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><postacert',
                subject="x",
            ),
        ),
        "daticert_senza_zona": pec.receipt(
            "avvenuta-consegna",
            evidence=_evidence("avvenuta-consegna", ' zona="+0100"', ""),
        ),
        "daticert_giorno_impossibile": pec.receipt(
            "avvenuta-consegna",
            evidence=_evidence("avvenuta-consegna", "19/02/2027", "31/02/2027"),
        ),
        "senza_message_id": pec.receipt("accettazione").replace(
            b"Message-ID: <accettazione.1", b"X-Id: <accettazione.1"
        ),
        "oggetto_codificato": pec.receipt("accettazione").replace(
            b"Subject: ACCETTAZIONE: Sollecito di pagamento",
            b"Subject: =?utf-8?Q?ACCETTAZIONE=3A_citt=C3=A0?= =?x?b?!!!?=",
        ),
        "troncata": pec.receipt("avvenuta-consegna", original=OURMAIL)[:700],
        "vuota": b"",
        "rumore": bytes(range(256)) * 8,
    }


def write():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in messages().items():
        (FOLDER / f"{name}.eml").write_bytes(data)


if __name__ == "__main__":
    write()
