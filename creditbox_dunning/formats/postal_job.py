"""A postal job as files: the letters as PDFs and an index that says whose they are.

    job = build(form, "PL/2026/0007", pieces)
    for name, data in job.files: ...

A letter that cannot go (no PDF, an address too long for its column) is left out with
the reason and never stops the others. The same letters make the same bytes.
"""

import hashlib
import io
import re
import zipfile
from dataclasses import dataclass

import pypdf

from ...utility_supply.formats.record_layout import Issue
from .work_file import WorkFile

ZIP, MERGED = "zip", "merged"
PACKINGS = (ZIP, MERGED)
# files of one job carry no clock: the same letters make the same bytes
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_TOKEN = re.compile(r"\{(\w+)\}")
TOKENS = ("job", "date", "sender", "kind")


@dataclass(frozen=True)
class Piece:
    """One letter: its code, what the index may say of it (by source), its PDF."""

    uuid: str
    values: dict
    pdf: bytes


@dataclass(frozen=True)
class Form:
    """How a provider wants its jobs.

    ``index``: the columns and the form of the index (sources "post" of work_file);
    ``packing``: zip = one archive with a PDF a letter and the index; merged = one PDF
    of all letters and the index beside it. ``blank_backs``: in a merged PDF printed on
    both sides, each letter begins on a front page. ``file_name``: without extension,
    with ``{job}``, ``{date}``, ``{sender}``.
    """

    index: WorkFile
    packing: str = ZIP
    file_name: str = "{job}"
    blank_backs: bool = False


@dataclass(frozen=True)
class Row:
    """A letter that is in the job: its row in the index and its pages."""

    uuid: str
    number: int
    pdf_name: str
    pages: int
    sha256: str


@dataclass(frozen=True)
class Refused:
    """A letter left out: ``issues`` name the column and its rule, or say not_pdf."""

    uuid: str
    issues: tuple


@dataclass(frozen=True)
class Job:
    """``files``: [(name, bytes)] in the order in which they have to arrive: whoever
    sees the last one finds all the others. Empty when no letter could go."""

    files: tuple
    rows: tuple
    refused: tuple

    @property
    def sha256(self):
        """One digest over all files, names and bytes."""
        whole = hashlib.sha256()
        for name, data in self.files:
            whole.update(f"{name}\0{hashlib.sha256(data).hexdigest()}\n".encode())
        return whole.hexdigest()


def file_name(pattern, tokens):
    """``pattern`` with its tokens filled, safe as a file name anywhere.

    :param dict tokens: by the words of TOKENS; an unknown token becomes nothing
    """
    text = _TOKEN.sub(lambda found: str(tokens.get(found[1], "")), pattern or "{job}")
    return _UNSAFE.sub("-", text).strip("-.")[:120] or "lotto"


def count_pages(pdf):
    """Pages of a PDF; 0 when it is none or cannot be read."""
    if not pdf.startswith(b"%PDF"):
        return 0
    try:
        return len(pypdf.PdfReader(io.BytesIO(pdf)).pages)
    except Exception:  # noqa: BLE001 pypdf raises whatever the bytes make it raise
        return 0


def build(form, name, pieces, common=None):
    """The files of a job.

    :param Form form: how the provider wants it
    :param str name: number of the job
    :param pieces: iterable of ``Piece``
    :param dict common: values of the index that are the same for all letters
    :return: ``Job``
    """
    kept, refused = [], []
    page = 1
    for piece in pieces:
        pages = count_pages(piece.pdf)
        number = len(kept) + 1
        row, values = _row_values(form, name, piece, number, pages, page, common)
        issues = form.index.check(values) if pages else [Issue("not_pdf")]
        if issues:
            refused.append(Refused(piece.uuid, tuple(issues)))
            continue
        kept.append((row, values, piece.pdf))
        page += pages + (pages % 2 if form.blank_backs else 0)
    files = _files(form, _stem(form, name, common), kept) if kept else ()
    return Job(files, tuple(row for row, _v, _p in kept), tuple(refused))


def _stem(form, name, common):
    common = common or {}
    day = common.get("send_date")
    tokens = {
        "job": name,
        "date": day.strftime("%Y%m%d") if day else "",
        "sender": common.get("sender_code") or "",
    }
    return file_name(form.file_name, tokens)


def _row_values(form, name, piece, number, pages, page, common):
    is_merged = form.packing == MERGED
    pdf_name = f"{number:06d}_{piece.uuid}.pdf"
    if is_merged:
        pdf_name = f"{_stem(form, name, common)}.pdf"
    digest = hashlib.sha256(piece.pdf).hexdigest()
    first = page if is_merged else 1
    values = {
        **(common or {}),
        **piece.values,
        "job": name,
        "row": number,
        "ref": piece.uuid,
        "pdf_name": pdf_name,
        "pages": pages,
        "first_page": first,
        "last_page": first + pages - 1,
        "sha256": digest,
    }
    return Row(piece.uuid, number, pdf_name, pages, digest), values


def _files(form, stem, kept):
    index = form.index.to_bytes([values for _row, values, _pdf in kept])
    index_name = f"{stem}.{form.index.file_format}"
    if form.packing == MERGED:
        merged = _merge([pdf for _row, _values, pdf in kept], form.blank_backs)
        # the index last: whoever finds it finds the letters
        return ((f"{stem}.pdf", merged), (index_name, index))
    members = [(row.pdf_name, pdf) for row, _values, pdf in kept]
    return ((f"{stem}.zip", _zip([*members, (index_name, index)])),)


def _zip(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name, _NO_TIME)
            info.external_attr = 0o644 << 16
            # PDFs are compressed already
            is_pdf = name.endswith(".pdf")
            info.compress_type = zipfile.ZIP_STORED if is_pdf else zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return stream.getvalue()


def _merge(pdfs, blank_backs):
    writer = pypdf.PdfWriter()
    for pdf in pdfs:
        pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
        for page in pages:
            writer.add_page(page)
        if blank_backs and len(pages) % 2:
            box = pages[-1].mediabox
            writer.add_blank_page(box.width, box.height)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()
