"""Invented proofs of delivery: one-page PDF files in a ZIP, always the same bytes."""

import zipfile
from io import BytesIO

MIDNIGHT = (2026, 1, 1, 0, 0, 0)


def pack(lines_by_name):
    """ZIP bytes of PDF files: ``{file name: [line of text]}``; None when empty."""
    if not lines_by_name:
        return None
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, lines in sorted(lines_by_name.items()):
            archive.writestr(zipfile.ZipInfo(name, MIDNIGHT), pdf(lines))
    return buffer.getvalue()


def pdf(lines):
    """A page with ``lines`` of plain Latin text, as PDF bytes."""
    escaped = (
        line.replace("\\", "").replace("(", "").replace(")", "") for line in lines
    )
    text = " T* ".join(f"({line}) Tj" for line in escaped)
    stream = f"BT /F1 12 Tf 60 760 Td 18 TL {text} ET".encode("latin-1", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        + b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"xref\n0 6\n0000000000 65535 f \n" + rows
    out += b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start
    return out
