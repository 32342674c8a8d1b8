"""A company's logo for the demonstration: drawn here, nobody's trademark."""

import base64
import io

from PIL import Image, ImageDraw, ImageFont

SIZE = (480, 140)
MARK = 120
COLOURS = {"energy": "#C2570C", "water": "#0B6E99"}


def png(key, name):
    """The PNG, in base64, of a mark (a flash, a drop) beside the name of a company."""
    image = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(image)
    colour = COLOURS[key]
    draw.rounded_rectangle((10, 10, MARK, MARK), radius=24, fill=colour)
    if key == "energy":
        flash = [(72, 22), (38, 72), (62, 72), (54, 110), (94, 56), (68, 56)]
        draw.polygon(flash, fill="white")
    else:
        draw.ellipse((38, 54, 92, 108), fill="white")
        draw.polygon([(65, 20), (41, 68), (89, 68)], fill="white")
    words = name.replace(" S.p.A.", "").split(" ", 1)
    for number, word in enumerate(words):
        font = ImageFont.load_default(40 if not number else 28)
        draw.text((MARK + 24, 22 + 52 * number), word, fill=colour, font=font)
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return base64.b64encode(stream.getvalue())
