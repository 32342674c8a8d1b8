"""Templates as a text that people read and correct: one file for many templates.

A template begins with ``=== name``; lines ``key: value`` follow, then its parts. A part
begins with ``--- kind`` and what it has besides (``service=gas condition=can_cut
content=cmor``); the lines below it are its text: lines next to each other are one, an
empty line is a line break. Lines that begin with ``#`` are notes.
"""

from ..rules.notice_text import PART_KINDS

KEYS = frozenset(
    {
        "language",
        "op",
        "channel",
        "service",
        "customer_type",
        "supply_state",
        "subject",
        "cover",
        "sms",
        "term_from_letter",
        "term_from_pec",
    }
)
PART_KEYS = frozenset({"service", "condition", "content"})


class TemplateTextError(ValueError):
    """The text does not have the form; the message says where and why."""


def read(text):
    """The templates of ``text``.

    :return: list of dicts: ``name``, the keys above, ``parts`` (dicts with ``kind``,
        ``text`` and what the part has besides)
    :raise TemplateTextError: on the first line that says nothing known
    """
    reader = _Reader()
    for number, line in enumerate(text.splitlines(), 1):
        try:
            reader.take(line.rstrip())
        except ValueError as error:
            raise TemplateTextError(f"line {number}: {error}") from error
    reader.end_part()
    return reader.templates


class _Reader:
    def __init__(self):
        self.templates, self.part, self.lines = [], None, []

    def take(self, line):
        if line.startswith("#"):
            return
        if line.startswith("=== "):
            self.end_part()
            self.templates.append({"name": line[4:].strip(), "parts": []})
        elif line.startswith("--- "):
            self.end_part()
            self.part = _part(line[4:].split())
        elif self.part is not None:
            self.lines.append(line)
        elif line:
            self._key(line)

    def _key(self, line):
        key, colon, value = line.partition(":")
        if not self.templates or not colon or key not in KEYS:
            raise ValueError(f"unknown key {key!r}")
        self.templates[-1][key] = value.strip()

    def end_part(self):
        if self.part is None:
            return
        if not self.templates:
            raise ValueError("a part without a template")
        self.part["text"] = _joined(self.lines)
        self.templates[-1]["parts"].append(self.part)
        self.part, self.lines = None, []


def _part(words):
    kind, *others = words
    if kind not in PART_KINDS:
        raise ValueError(f"unknown kind of part {kind!r}")
    part = {"kind": kind}
    for word in others:
        key, equals, value = word.partition("=")
        if not equals or key not in PART_KEYS:
            raise ValueError(f"unknown property {word!r}")
        part[key] = value
    return part


def _joined(lines):
    paragraphs, current = [], []
    for line in [*lines, ""]:
        if line.strip():
            current.append(line.strip())
        elif current:
            paragraphs.append(" ".join(current))
            current = []
    return "\n".join(paragraphs)
