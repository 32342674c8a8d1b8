"""A QR code as a picture that needs no file: SVG inside the page.

The encoder is reportlab's, which Odoo prints its own bar codes with.
"""

from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

# white modules around it, without which readers do not find it (ISO/IEC 18004)
QUIET = 4


def modules(text):
    """The rows of the code of ``text``: lists of booleans, True = dark.

    Error correction M, as pagoPA and the EPC ask.
    """
    code = QRCode(None, QRErrorCorrectLevel.M)
    # as bytes: what is not ASCII is UTF-8, as readers expect it
    code.addData(text)
    code.make()
    return code.modules


def svg(text, millimetres=26):
    """An SVG element with the code of ``text``; no text, no element."""
    if not text:
        return ""
    rows = modules(text)
    side = len(rows) + 2 * QUIET
    strokes = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            if not row[x]:
                x += 1
                continue
            start = x
            while x < len(row) and row[x]:
                x += 1
            width = x - start
            strokes.append(f"M{start} {y}h{width}v1h-{width}z")
    return (
        f'<svg class="qr" xmlns="http://www.w3.org/2000/svg" width="{millimetres}mm"'
        f' height="{millimetres}mm" viewBox="-{QUIET} -{QUIET} {side} {side}">'
        f'<path d="{"".join(strokes)}"/></svg>'
    )
