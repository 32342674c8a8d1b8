"""Files of a mail house made by hand, good and spoiled, for the tests and the bench."""

import io
import random
import zipfile
from functools import cache

from reportlab.pdfgen import canvas

COLUMNS = (
    "Id evento;Codice lettera;Numero raccomandata;Codice esito;Causale;"
    "Descrizione esito;Data esito;Ricevente;Immagine;Pagine;Costo;Lotto"
).split(";")


@cache
def pdf(text="Lettera", pages=1):
    """A PDF of some pages, each with a text and its number."""
    stream = io.BytesIO()
    page = canvas.Canvas(stream, invariant=1)
    for number in range(1, pages + 1):
        page.drawString(72, 720, f"{text} {number}/{pages}")
        page.showPage()
    page.save()
    return stream.getvalue()


def tiff():
    """The smallest thing that begins as a scanned card."""
    return b"II*\0" + b"\x08\0\0\0" + bytes(range(64))


def events_csv(*rows, columns=COLUMNS, encoding="utf-8"):
    """A file of events in the form of our own template.

    :param rows: dicts by heading
    """
    lines = [columns]
    lines += [[str(row.get(name, "")) for name in columns] for row in rows]
    return ("\r\n".join(map(";".join, lines)) + "\r\n").encode(encoding)


def archive(members):
    """A ZIP of {name: bytes}."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return stream.getvalue()


# --- spoiled ------------------------------------------------------------------------


def _flip(data, rng):
    spoiled = bytearray(data)
    for _turn in range(rng.randint(1, 8)):
        spoiled[rng.randrange(len(spoiled))] = rng.randrange(256)
    return bytes(spoiled)


def _cut(data, rng):
    return data[: rng.randrange(len(data))]


def _drop(data, rng):
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randint(1, 40) :]


def _double(data, rng):
    start = rng.randrange(len(data))
    end = start + rng.randint(1, 200)
    return data[:end] + data[start:end] + data[end:]


def _insert(data, rng):
    start = rng.randrange(len(data))
    junk = rng.choice(
        [b"\0", b'"', b";", b"\r\n", b"\xff\xfe", b"=1+1", b"PK\x03\x04", b"<!DOCTYPE"]
    )
    return data[:start] + junk * rng.randint(1, 30) + data[start:]


MUTATIONS = {
    "flip": _flip,
    "cut": _cut,
    "drop": _drop,
    "double": _double,
    "insert": _insert,
}


def mutants(data, kind, count, seed=5):
    """``count`` spoiled copies of ``data``."""
    rng = random.Random(f"{seed}-{kind}")  # noqa: S311 no secret is made of it
    for _turn in range(count):
        yield MUTATIONS[kind](data, rng)
