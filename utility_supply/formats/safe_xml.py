"""XML read without trusting it, piece by piece and never as a tree.

A part is first checked whole by libxml2 (it bounds depth and length) and refused if it
has a DTD, the only place where entities can be declared. Only then its elements are
read, one by one.
"""

import re
from typing import NamedTuple

from lxml import etree

from .issues import refuse

# the XML of one row, or of what stands between two, is far below this
MAX_ELEMENT = 4 * 2**20
MAX_MERGES = 200_000
_SAFE = {"resolve_entities": False, "no_network": True, "huge_tree": False}

# searched in the bytes: the check reads every sheet whole, building nothing
_MERGE = re.compile(
    rb"<(?:[\w.-]{1,60}:)?mergeCell\s[^<>]{0,200}?\bref\s{0,9}=\s{0,9}"
    rb"[\"']([A-Z0-9:$]{1,32})[\"']"
)
_FORMULA = re.compile(rb"<(?:[\w.-]{1,60}:)?f[\s/>]")
_TAG_LENGTH = 300  # longest tag of these two that may straddle two chunks
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)")


class Checked(NamedTuple):
    """What the check of a sheet saw on its way."""

    merges: list  # references of merged cells, "A1:C1"
    formulas: bool  # whether some cell may hold a formula


class XmlParts:
    """XML parts by name. Everything it raises is FileRefused.

    ``encodings``: those a part may declare. Others are legal, never used, and would
    blind the search for tags.
    """

    encodings = frozenset({b"utf-8", b"us-ascii"})

    def chunks(self, part):
        """The bytes of ``part``, piece by piece."""
        raise NotImplementedError

    def check(self, part, *, sheet=False):
        """Refuse ``part`` unless it is whole, well-formed UTF-8 XML free of DTD.

        Returns :class:`Checked`, filled when ``sheet``.
        """
        parser = etree.XMLParser(target=_NoDoctype(part), **_SAFE)
        merges, formulas, tail = [], False, b""
        try:
            for chunk in self.chunks(part):
                if not tail:
                    self._check_encoding(chunk, part)
                parser.feed(chunk)
                window = tail + chunk
                if sheet:
                    merges += _MERGE.findall(window)
                    if len(merges) > MAX_MERGES:
                        refuse("corrupt_workbook", detail=f"{part}: merged cells")
                    formulas = formulas or bool(_FORMULA.search(window))
                # what follows the last tag may begin one that ends in the next chunk
                tail = window[max(window.rfind(b">"), len(window) - _TAG_LENGTH) :]
            parser.close()
        except (etree.XMLSyntaxError, ValueError, AssertionError) as error:
            refuse("corrupt_workbook", detail=f"{part}: {str(error)[:80]}")
        return Checked([found.decode().replace("$", "") for found in merges], formulas)

    def elements(self, part, wanted):
        """The elements of a checked ``part`` whose tag is in ``wanted``, one by one:
        each and all before it are dropped when the next is asked for.

        Yields (element, bytes read so far).
        """
        parser = etree.XMLPullParser(
            ("end",), tag=wanted, remove_comments=True, remove_pis=True, **_SAFE
        )
        done = pending = 0
        try:
            for chunk in self.chunks(part):
                parser.feed(chunk)
                done += len(chunk)
                pending += len(chunk)
                for _event, element in parser.read_events():
                    pending = 0
                    yield element, done
                    _drop(element)
                if pending > MAX_ELEMENT:
                    refuse("corrupt_workbook", detail=f"{part}: too long")
            parser.close()
        except etree.XMLSyntaxError as error:
            refuse("corrupt_workbook", detail=f"{part}: {str(error)[:80]}")

    def _check_encoding(self, start, part):
        found = _ENCODING.search(start[:500])
        declared = found[1].lower() if found else b"utf-8"
        if declared not in self.encodings or b"\0" in start[:500]:
            refuse("corrupt_workbook", detail=f"{part}: {declared.decode('latin-1')}")


class _NoDoctype:
    """A parser target without start, end and data: libxml2 only checks."""

    def __init__(self, part):
        self._part = part

    def doctype(self, *_args):
        refuse("xml_entity", part=self._part)

    def close(self):
        return None


def _drop(element):
    element.clear()
    while element is not None:
        parent = element.getparent()
        while element.getprevious() is not None:
            del parent[0]
        element = parent
