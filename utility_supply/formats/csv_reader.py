"""CSV: encoding, separator and structure found out before the first row is given.

The whole file is walked through once when it is opened (0.2 s for 100,000 rows), so a
file that is cut off or whose quotes never close is refused before anything is applied.
"""

import codecs
import csv
import io
import re
from collections import Counter
from contextlib import suppress
from itertools import islice

from . import cells
from .cells import Cell
from .issues import make, refuse

DELIMITERS = (";", ",", "\t")
_OTHER_DELIMITERS = ("|",)  # when the profile says so
_HINT = re.compile("sep=(.)[\r\n]")  # Excel's own first line, to be left out
ENCODINGS = ("utf-8", "utf-16", "cp1252", "iso-8859-1", "iso-8859-15")
_SAMPLE_RECORDS = 30
_CHUNK = 1 << 20


class CsvSource:
    """The records of a CSV. ``records()`` can be walked more than once."""

    kind = "csv"
    sheet = ""
    merges = ()

    def __init__(self, data, limits, *, encoding=None, delimiter=None, header_row=None):
        self._limits = limits
        self._data = data.removesuffix(b"\x1a")  # end of file in the days of DOS
        self._size = len(data)
        self._widths = None  # (least, most) columns, set once the headings are known
        self.progress = 0.0
        self.encoding, self.cut = find_encoding(self._data, encoding)
        self.warnings = []
        if delimiter and delimiter not in DELIMITERS + _OTHER_DELIMITERS:
            refuse("unknown_delimiter", value=delimiter)
        self._hint = _HINT.match(self._open()[1].read(10))
        hinted = self._hint and self._hint[1]
        if hinted not in DELIMITERS:
            hinted = self._hint = None
        self._delimiter = delimiter or hinted or self._find_delimiter(header_row or 0)
        found = self._walk()
        self.count, self._last_number, self._last_width, self._seen_widths = found

    def _open(self):
        stream = io.BytesIO(self._data)
        errors = "ignore" if self.cut else "strict"  # only the severed last character
        text = io.TextIOWrapper(stream, self.encoding, errors, newline="")
        return stream, text

    def _reader(self, text, delimiter=None):
        return csv.reader(text, delimiter=delimiter or self._delimiter, strict=True)

    def _find_delimiter(self, header_row):
        """The separator under which the headings and the rows below agree."""
        found = []
        for delimiter in DELIMITERS:
            widths = self._sample_widths(delimiter, header_row)
            if widths and widths[0] > 1:
                agree = sum(width == widths[0] for width in widths) == len(widths)
                found.append((agree, delimiter))
        if len(found) > 1:
            found = [pair for pair in found if pair[0]]
            if len(found) != 1:
                refuse("ambiguous_delimiter")
        return found[0][1] if found else DELIMITERS[0]

    def _sample_widths(self, delimiter, header_row):
        _stream, text = self._open()
        reader = self._reader(text, delimiter)
        widths = []
        # an error ends the sample; the walk over the whole file reports it
        with suppress(csv.Error):
            for number, record in enumerate(islice(reader, 1000), 1):
                if number >= header_row and any(field.strip() for field in record):
                    widths.append(len(record))
                if len(widths) > _SAMPLE_RECORDS:
                    break
        return widths

    def _walk(self):
        """Count the records with something in them; refuse what cannot be read whole.

        Returns (count, number of the last record, its width, {width: records}).
        """
        count, last, widths = 0, (0, 0), Counter()
        limits = self._limits
        for number, record, trouble in self._parse():
            if trouble == "unterminated":
                refuse("unterminated_quote", row=number)
            if trouble or not "".join(record).strip():
                continue
            count += 1
            if count > limits.max_rows:
                refuse("too_many_rows", row=number, limit=limits.max_rows)
            if len(record) > limits.max_columns:
                refuse("too_many_columns", row=number, limit=limits.max_columns)
            if max(map(len, record)) > limits.max_cell_chars:
                refuse("cell_too_long", row=number, limit=limits.max_cell_chars)
            last = (number, len(record))
            widths[len(record)] += 1
        if not count:
            refuse("empty_file")
        return (count, *last, widths)

    def set_header(self, number, width):
        """Tell the row of the headings and how many columns they have. Refuses a file
        that is cut in the middle of a row."""
        whole = next(len(r) for n, r, _trouble in self._parse() if n == number)
        if self._seen_widths == {whole: 1, whole + 1: self.count - 1}:
            whole += 1  # all rows but the headings end with a separator
        self._widths = (width, whole)
        unfinished = self.cut or not _ends_with_newline(self._data, self.encoding)
        if not unfinished:
            return
        if self.cut or (self.count > 1 and self._last_width < width):
            refuse("file_cut", row=self._last_number)
        self.warnings = [make("no_final_newline", row=self._last_number)]

    def _parse(self):
        """(number, fields, trouble) of each record; number counts records, as a
        spreadsheet does; trouble: "", "quoting" (fields = [the error]), "unterminated".
        """
        stream, text = self._open()
        reader = self._reader(text)
        number = 0
        while True:
            number += 1
            start = reader.line_num
            try:
                record = next(reader)
            except StopIteration:
                self.progress = 1.0
                return
            except csv.Error as error:
                yield number, [str(error)], self._trouble(error, reader, start)
                continue
            if not number % 500:
                self.progress = min(stream.tell() / self._size, 1.0)
            if number == 1 and self._hint:
                continue
            yield number, record, ""

    @staticmethod
    def _trouble(error, reader, start):
        """A quote that swallowed more than its own line loses good rows: that is not
        one bad row but an unreadable file."""
        swallowed = reader.line_num - start > 1
        ended = "unexpected end of data" in str(error) or "limit" in str(error)
        return "unterminated" if swallowed or ended else "quoting"

    def records(self):
        """Yield (number, [(column, Cell)], issues) of the rows that are not blank."""
        for number, record, trouble in self._parse():
            if trouble:
                yield (
                    number,
                    [(0, Cell(record[0], cells.ERROR))],
                    (make("bad_quoting", row=number),),
                )
                continue
            found = [
                (column, Cell(field, cells.TEXT))
                for column, field in enumerate(record)
                if field and not field.isspace()
            ]
            if found:
                last = found[-1][0]
                yield number, found, self._width_issues(number, len(record), last)

    def _width_issues(self, number, found, last):
        """``found``: columns of the record; ``last``: index of the last one filled."""
        if self._widths is None:
            return ()
        least, most = self._widths
        if least <= found <= most and last < least:
            return ()
        code = "row_short" if found < least else "row_long"
        return (make(code, row=number, found=found, expected=least),)


def find_encoding(data, declared=None):
    """(codec, cut): the codec to read with, and whether the last character is severed.

    Without ``declared``: a byte order mark decides; else UTF-8 when all bytes are; else
    cp1252, unless some bytes are UTF-8 beyond ASCII (two encodings in one file).
    """
    declared = (declared or "").lower().replace("utf8", "utf-8")
    if declared in ("", "auto"):
        declared = ""
    elif declared == "utf-8-sig":
        declared = "utf-8"
    elif declared not in ENCODINGS:
        refuse("unknown_encoding", value=declared)
    mark = _byte_order_mark(data)
    if mark and declared and declared != mark:
        refuse("encoding_mismatch", expected=declared, found=mark)
    if mark:
        codec = "utf-8-sig" if mark == "utf-8" else "utf-16"
        return codec, _check_decodes(data, codec)
    if declared:
        return declared, _check_decodes(data, declared)
    try:
        return "utf-8", _check_decodes(data, "utf-8", quiet=True)
    except UnicodeDecodeError:
        _check_not_mixed(data)
        _check_decodes(data, "cp1252")
        return "cp1252", False


def _byte_order_mark(data):
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return ""


def _check_decodes(data, codec, *, quiet=False):
    """True when only the very last character is incomplete; refuses what is wrong."""
    decoder = codecs.getincrementaldecoder(codec)()
    view = memoryview(data)
    try:
        for start in range(0, len(data), _CHUNK):
            if "\0" in decoder.decode(view[start : start + _CHUNK]):
                refuse("nul_bytes")
    except UnicodeDecodeError:
        if quiet:
            raise
        refuse("undecodable", encoding=codec.replace("-sig", ""))
    return bool(decoder.getstate()[0])


def _check_not_mixed(data):
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    view = memoryview(data)
    for start in range(0, len(data), _CHUNK):
        chunk = decoder.decode(view[start : start + _CHUNK])
        if not chunk.replace("\N{REPLACEMENT CHARACTER}", "").isascii():
            refuse("mixed_encoding")


def _ends_with_newline(data, codec):
    if codec == "utf-16":
        return data[-2:] in (b"\n\0", b"\0\n", b"\r\0", b"\0\r")
    return data[-1:] in (b"\n", b"\r")
