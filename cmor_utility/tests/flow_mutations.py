"""Flow files broken at random, and what must hold however they are broken.

Pure: used by the tests (some of each kind) and, for many, by
``./dev bench broken_files flow``.
"""

import io
import random
import re
from datetime import date

import xlsxwriter
from lxml import etree

from ..formats import flow_io, flow_sample
from ..formats.flow_rows import encode_record
from .layouts import shipped

CODES = ("SI1.0050", "SI1.0100", "SI2.0200", "AI1.0050", "SI6.0200")
HOSTILE = (
    "",
    " ",
    "=1+1",
    "@SUM(A1)",
    '"',
    '""',
    "a;b",
    "#",
    "|||",
    "0",
    "-1",
    "1e400",
    "NaN",
    "99999999999999999999",
    "1,5",
    "1.234",
    "31/02/2026",
    "2026-01-31",
    "45000",
    "Łódź",
    "\u202e\u2028\u0085",
    "\ufeff",
    "🦆",
    "x" * 30_000,
    "<a>&amp;</a>",
    "]]>",
)


# --- kinds of mutation: (data, rng) -> data ---------------------------------------


def flip(data, rng):
    """A byte becomes another."""
    place = rng.randrange(len(data))
    return data[:place] + bytes([rng.randrange(256)]) + data[place + 1 :]


def flip_many(data, rng):
    for _time in range(rng.randrange(2, 40)):
        data = flip(data, rng)
    return data


def cut(data, rng):
    """A piece is missing."""
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randrange(1, 200) :]


def stop(data, rng):
    """The file ends early."""
    return data[: rng.randrange(len(data))]


def double(data, rng):
    """A piece is there twice."""
    start = rng.randrange(len(data))
    end = min(len(data), start + rng.randrange(1, 300))
    return data[:end] + data[start:end] + data[end:]


def insert(data, rng):
    """Bytes that nobody wrote."""
    place = rng.randrange(len(data))
    noise = bytes(rng.randrange(256) for _n in range(rng.randrange(1, 12)))
    return data[:place] + noise + data[place:]


def hostile(data, rng):
    """A text that means something elsewhere."""
    place = rng.randrange(len(data))
    return data[:place] + rng.choice(HOSTILE).encode() + data[place:]


def lines(data, rng):
    """Lines out of order, lost or twice."""
    found = data.split(b"\n")
    one, two = rng.randrange(len(found)), rng.randrange(len(found))
    how = rng.randrange(3)
    if how == 0:
        found[one], found[two] = found[two], found[one]
    elif how == 1:
        del found[one]
    else:
        found.insert(one, found[two])
    return b"\n".join(found)


def encode(data, rng):
    """Another encoding than the layout's."""
    text = data.decode()
    name = rng.choice(("utf-16", "utf-8-sig", "cp1252", "utf-32", "utf-7", "cp037"))
    return text.encode(name, "replace")


def cell(data, rng):
    """A cell of a CSV says something else."""
    rows = data.decode().split("\r\n")
    number = rng.randrange(len(rows))
    cells = rows[number].split(";")
    cells[rng.randrange(len(cells))] = rng.choice(HOSTILE)
    rows[number] = ";".join(cells)
    return "\r\n".join(rows).encode()


def columns(data, rng):
    """Columns of a CSV in another order, lost, or with another separator."""
    rows = [row.split(";") for row in data.decode().split("\r\n") if row]
    order = list(range(len(rows[0])))
    rng.shuffle(order)
    order = order[: rng.randrange(1, len(order) + 1)] if rng.random() < 0.5 else order
    mark = rng.choice((";", ";", ",", "\t", "|"))
    wide = [row for row in rows if len(row) == len(rows[0])]
    return "\n".join(mark.join(row[i] for i in order) for row in wide).encode()


def element(data, rng):
    """Something of XML that a careless program would follow."""
    text = data.decode()
    piece = rng.choice(
        (
            '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
            "&e;",
            "<!-- -->",
            "<?php x?>",
            "<![CDATA[ <Flusso/> ]]>",
            "<Flusso/>",
            "<Flusso><CP_UTENTE>1</CP_UTENTE></Flusso>",
            "<CP_UTENTE>2</CP_UTENTE>",
            "<a><b>3</b></a>",
            "<a>" * 300 + "</a>" * 300,
            "testo",
            "\0",
        )
    )
    places = [found.end() for found in re.finditer(">", text)]
    place = rng.choice(places)
    return (text[:place] + piece + text[place:]).encode()


def rename(data, rng):
    """A pair of tags has another name."""
    text = data.decode()
    name = rng.choice(re.findall(r"<([A-Za-z_]+)>", text))
    new = rng.choice(("Altro", name.lower(), f"x{name}", "Flusso", "CP_UTENTE"))
    old_pair, new_pair = (f"<{name}>", f"</{name}>"), (f"<{new}>", f"</{new}>")
    for old, made in zip(old_pair, new_pair, strict=True):
        text = text.replace(old, made, 1)
    return text.encode()


ANY = (flip, flip_many, cut, stop, double, insert, hostile, lines)
KINDS = {
    "csv": (*ANY, encode, cell, columns),
    "xml": (*ANY, encode, element, rename),
    "xlsx": (flip, flip_many, cut, stop, double, insert),
}


# --- what must hold -----------------------------------------------------------------


def workbook(layout, data, rng=None):
    """The rows of a CSV as a spreadsheet would keep them; ``rng`` turns cells into
    numbers, dates and truth values that they are not."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    page = book.add_worksheet()
    for number, row in enumerate(data.decode().splitlines()):
        for column, text in enumerate(row.split(";")):
            if rng and rng.random() < 0.05:
                value = rng.choice((1, 0.1, 12345678901234567, True, date(2026, 5, 1)))
                if isinstance(value, date):
                    page.write_datetime(number, column, value, day)
                else:
                    page.write(number, column, value)
            elif text:
                page.write_string(number, column, text)
    book.close()
    return stream.getvalue()


def cases():
    """(form, layout, good file) of what is broken: flows both ways, both repeats."""
    for form in ("csv", "xml"):
        for repeat in ("joined", "rows"):
            layouts = shipped(file_format=form, repeat=repeat)
            for code in CODES[: 2 if repeat == "rows" else None]:
                layout = layouts[code]
                yield form, layout, flow_sample.sample(layout, 4)[0]
    for code in CODES[:3]:
        layout = shipped()[code]
        data = flow_sample.sample(layout, 4)[0]
        yield "xlsx", layout, workbook(layout, data)


def count_rows(layout, data, encoding):
    """Rows of a file counted without our reader, or None where only it can tell."""
    if encoding == "xlsx":
        return None
    if encoding == "xml":
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        root = etree.fromstring(data.removeprefix(b"\xef\xbb\xbf").lstrip(), parser)
        return sum(1 for _found in root.iter(f"{{*}}{layout.xml_record}"))
    text = data.decode(encoding)
    head, *rows = re.split("\r\n|\r|\n", text)
    mark = max(";,|\t", key=head.count)
    return sum(1 for row in rows if row.replace(mark, "").strip())


def problem(layout, data):
    """What is wrong with how ``data`` was read; None when all holds.

    Refused, or every row of the file is there; a row without issues is whole: it can
    be written and reads back the same.
    """
    try:
        result = flow_io.read(layout, data, "x")
    except flow_io.FlowRefused:
        return None
    expected = count_rows(layout, data, result.encoding)
    found = sum(row.lines for row in result.rows)
    # what stands beside the records of an XML is told too: there may be more
    lost = expected is not None and found < expected
    if lost or (expected is not None and result.encoding != "xml" and found > expected):
        return f"{found} rows of {expected}"
    for row in result.rows:
        if not row.issues:
            reason = _not_whole(layout, row)
            if reason:
                return f"row {row.number}: {reason}"
    return None


def _not_whole(layout, row):
    if any(text.strip() for name, text in row.raw.items() if name.startswith("#")):
        return "a text under no heading, and no issue"
    _texts, issues = encode_record(layout, row.values)
    rules = {issue.rule for issue in issues} - {"formula"}
    if rules:
        return f"no issue when read, {rules} when written"
    if issues:
        return None
    again = flow_io.write(layout, [(1, row.values)])
    (read,) = flow_io.read(layout, again.data).rows
    before = {k: _plain(v) for k, v in row.values.items()}
    after = {k: _plain(v) for k, v in read.values.items()}
    return None if before == after else f"{before} became {after}"


def _plain(value):
    # characters that no file may hold become blanks when written
    if isinstance(value, str):
        kept = "".join(c if c.isprintable() and c not in ';#|"' else " " for c in value)
        return re.sub(" +", " ", kept).strip() or None
    if isinstance(value, list):
        return [{k: _plain(v) for k, v in item.items()} for item in value]
    return value


def run(count, seed):
    """Break each file of ``cases`` in each kind of way, ``count`` times a kind.

    :return: (files read, list of (form, kind, number, problem))
    """
    files, wrong = 0, []
    by_form = {}
    for form, layout, data in cases():
        by_form.setdefault(form, []).append((layout, data))
    for form, kinds in KINDS.items():
        for kind in kinds:
            rng = random.Random(f"{seed}-{form}-{kind.__name__}")  # noqa: S311
            for number in range(count):
                layout, data = by_form[form][number % len(by_form[form])]
                found = guarded(layout, kind(data, rng))
                files += 1
                if found:
                    wrong.append((form, kind.__name__, number, found))
    rng = random.Random(f"{seed}-cells")  # noqa: S311
    for number in range(count // 5):
        layout = shipped()[CODES[number % len(CODES)]]
        data = flow_sample.sample(layout, 4)[0]
        found = guarded(layout, workbook(layout, data, rng))
        files += 1
        if found:
            wrong.append(("xlsx", "cells", number, found))
    return files, wrong


def guarded(layout, data):
    """``problem``, an exception being one too."""
    try:
        return problem(layout, data)
    except Exception as error:  # noqa: BLE001  pylint: disable=broad-except
        return f"{type(error).__name__}: {error}"
