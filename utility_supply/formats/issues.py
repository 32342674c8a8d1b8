"""What is wrong with a file, a row or a cell: data, not sentences.

An issue names the place (sheet, row, column) and the value; its text is made by
``messages.describe`` in the language of the reader.
"""

from dataclasses import dataclass, field

# an offending value is shown, not reproduced: a cell may hold 32,767 characters
MAX_VALUE_LENGTH = 80


@dataclass(frozen=True)
class Issue:
    """One problem.

    ``code``: stable key of ``messages.MESSAGES``; ``sheet``: name of the sheet, "" for
    CSV; ``row``: 1-based row in the file, 0 = the whole file; ``column``: heading or
    letter, "" = the whole row; ``value``: the offending text, shortened; ``params``:
    further values for the placeholders of the message.
    """

    code: str
    sheet: str = ""
    row: int = 0
    column: str = ""
    value: str = ""
    params: dict = field(default_factory=dict, hash=False)

    @property
    def is_notice(self):
        """True when nothing has to be corrected (a totals row that was skipped)."""
        return self.code in NOTICES


# told to the user, but the row is neither applied nor put in quarantine
NOTICES = frozenset({"totals_row_skipped", "unknown_column", "no_final_newline"})


class FileRefused(Exception):
    """The file as a whole cannot be used; ``issues`` (at least one) say why.

    The only exception that the readers raise for what a file may contain.
    """

    def __init__(self, *issues):
        super().__init__(", ".join(issue.code for issue in issues))
        self.issues = list(issues)


def shorten(value, length=MAX_VALUE_LENGTH):
    """``value`` as one short line of text, safe to store and to show."""
    text = " ".join(str(value).replace("\0", "\N{REPLACEMENT CHARACTER}").split())
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= length else f"{text[: length - 1]}…"


def make(code, *, sheet="", row=0, column="", value="", **params):
    """An :class:`Issue` with its value shortened; other arguments become params."""
    return Issue(code, sheet, row, column, shorten(value), params)


def refuse(code, **where):
    """Raise :class:`FileRefused` for one problem; arguments as in :func:`make`."""
    raise FileRefused(make(code, **where))
