"""How many text messages a text becomes on the network: GSM 03.38, 3GPP TS 23.040.

A text of the GSM alphabet takes 160 characters in one message, 153 in each part of a
longer one (the header that joins the parts takes room); some characters, the euro sign
among them, take two. One character outside the alphabet turns the whole text into
UCS-2: 70, or 67 in each part. Nothing is split in the middle of a character.
"""

from dataclasses import dataclass

GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# escape and character: they take two places
GSM_EXTENDED = frozenset("\f^{}\\[~]|€")
ROOM = {"gsm7": (160, 153), "ucs2": (70, 67)}
# what word processors write instead of what the alphabet has
PLAIN = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u00ab": '"',
        "\u00bb": '"',
        "\u2013": "-",
        "\u2014": "-",
        "\u2026": "...",
        "\u00a0": " ",
        "\u202f": " ",
    }
)


@dataclass(frozen=True)
class SmsSize:
    """``encoding`` gsm7 or ucs2; ``places`` used; ``parts`` messages paid for; ``left``
    places in the last of them; ``strange`` the characters that the alphabet lacks."""

    encoding: str
    places: int
    parts: int
    left: int
    strange: str = ""


def plain(text):
    """``text`` with typographic quotes, dashes and hard blanks as the plain ones."""
    return (text or "").translate(PLAIN)


def size(text):
    """The :class:`SmsSize` of ``text``; an empty text is no message at all."""
    text = text or ""
    strange = "".join(
        dict.fromkeys(c for c in text if c not in GSM and c not in GSM_EXTENDED)
    )
    encoding = "ucs2" if strange else "gsm7"
    widths = [_width(char, encoding) for char in text]
    one, many = ROOM[encoding]
    places = sum(widths)
    if places <= one:
        parts = 1 if text else 0
        return SmsSize(encoding, places, parts, one - places, strange)
    parts, left = 1, many
    for width in widths:
        if width > left:
            parts, left = parts + 1, many
        left -= width
    return SmsSize(encoding, places, parts, left, strange)


def _width(char, encoding):
    if encoding == "gsm7":
        return 2 if char in GSM_EXTENDED else 1
    # outside the first plane: two 16-bit units
    return 2 if ord(char) > 0xFFFF else 1
