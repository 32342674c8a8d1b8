"""A message as parts: which of them a case gets, and what they become.

A template is an ordered list of parts, its words data that people write: no code in
it, nothing to run. ``{{name}}`` is filled with a value of the case, ``{{law.name}}``
with the number of the law in force that day, ``{{name|day|days}}`` with the word that
goes with that number; ``**words**`` are bold; everything else is text and is escaped.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

PART_KINDS = (
    *("title", "paragraph", "small", "bills", "slip"),
    *("instalments", "instalment_slip"),
)
# when a part is in the message
CONDITIONS = (
    "can_cut",
    "low_voltage",
    "resident",
    "not_resident",
    "prescribable",
    "consumer",
    "business",
    "condominium",
)
# value names and what they hold; a law's number is "law." and its name
NAMES = (
    "customer",
    "customer_code",
    "company",
    "contacts",
    "phone",
    "case",
    "contract",
    "point",
    "supply_address",
    "service",
    "today",
    "total",
    "bills_count",
    "bill_number",
    "due",
    "payment_code",
    "term_days",
    "term_from",
    "term_date",
    "action_date",
    "default_date",
    "reminder_date",
    "reminder_number",
    "prescribable",
    "work_date",
    "settlement_number",
    "settlement_sum",
    "settlement_discount",
    "settlement_until",
    "plan_number",
    "plan_sum",
    "plan_count",
    "plan_first_due",
    "plan_interest",
    "plan_until",
    "plan_sign_by",
    "plan_pay_by",
    "plan_tolerance",
    "plan_missed",
)
LAW = "law."
# a value, or of two words the one that goes with it: for one, for any other number
_PLACE = re.compile(
    r"\{\{\s*(?P<name>[a-z_.0-9]*)\s*(?:\|(?P<one>[^{}|]+)\|(?P<more>[^{}|]+))?\}\}"
)
_ANY_PLACE = re.compile(r"\{\{[^{}]*\}\}")
_BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
# headings of the bills' table and words of the slip, divided by "|"
BILL_WORDS = 6
SLIP_WORDS = 5
INSTALMENT_WORDS = 7
# rows of a letter's table that follow its text, and of each page of their own after
# them: what makes the PDF repeats no heads by itself
ROWS_BEFORE_A_PAGE, ROWS_A_PAGE = 20, 45
# what stands where a value is missing that must be told
MISSING = "_____"


@dataclass(frozen=True)
class Part:
    """``service``, ``condition`` empty = always; ``content``: the mandatory content
    that it fulfils (``rules/notice_contents.py``), or empty."""

    kind: str
    text: str = ""
    service: str = ""
    condition: str = ""
    content: str = ""


@dataclass(frozen=True)
class Row:
    """A bill as it is printed, every value in the customer's language already."""

    number: str = ""
    issued: str = ""
    due: str = ""
    code: str = ""
    amount: str = ""
    qr: str = ""


@dataclass(frozen=True)
class InstalmentRow(Row):
    """An instalment of a payment plan: its day in ``due``, what is to be paid in
    ``amount``; ``capital`` and ``interest`` (empty = none) make it up."""

    capital: str = ""
    interest: str = ""


@dataclass(frozen=True)
class Values:
    """What a case puts into a template. ``words``: {name: text}; ``flags``: the
    conditions that hold; ``rows``: its bills; ``total``: their sum as text;
    ``instalments``: of its payment plan; ``instalments_total``: their sum as text."""

    service: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    rows: tuple[Row, ...] = ()
    instalments: tuple[InstalmentRow, ...] = ()
    instalments_total: str = ""


def placeholders(text):
    """The names that ``text`` asks for, in order."""
    return [place["name"] for place in _PLACE.finditer(text or "")]


def wrong_places(text, law_names=()):
    """Placeholders of ``text`` that nobody fills, as they are written."""
    known = {*NAMES, *(f"{LAW}{name}" for name in law_names)}
    found = []
    for place in _ANY_PLACE.findall(text or ""):
        match = _PLACE.fullmatch(place)
        if not match or match["name"] not in known:
            found.append(place)
    return found


def fill(text, words, must=False):
    """``text`` with its placeholders filled, or None when a value is missing.

    ``must``: the text is there whatever is missing, with a line to be filled in.
    """
    lost = []

    def value(match):
        found = words.get(match["name"]) or ""
        if not found:
            lost.append(match["name"])
        if match["one"]:
            return (match["one"] if found == "1" else match["more"]).strip()
        return found or MISSING

    filled = _PLACE.sub(value, text or "")
    return None if lost and not must else filled


def is_in(part, values):
    """Whether ``part`` is in a message of these values."""
    if part.service and part.service != values.service:
        return False
    return not part.condition or part.condition in values.flags


def chosen(parts, values):
    """(part, its filled text) of the parts that are in the message."""
    found = []
    for part in parts:
        if not is_in(part, values):
            continue
        text = fill(part.text, values.words, must=bool(part.content))
        if text is not None:
            found.append((part, text))
    return found


def lacking(parts, values):
    """Codes of the mandatory contents (``rules/notice_contents.py``) that the message
    would not tell, because a value of the case or a number of the law is not known.

    They are printed with a line to be filled in (:data:`MISSING`), which is good enough
    to look at and not to be sent.
    """
    found = [
        part.content
        for part in parts
        if part.content
        and is_in(part, values)
        and any(not values.words.get(name) for name in placeholders(part.text))
    ]
    return tuple(dict.fromkeys(found))


def marked(text):
    """Escaped HTML of a text: bold words, line breaks."""
    safe = html.escape(text, quote=False)
    return _BOLD.sub(r"<strong>\1</strong>", safe).replace("\n", "<br/>")


def split_words(text, count):
    """The ``count`` words of a table's part, missing ones empty."""
    found = [word.strip() for word in (text or "").split("|")]
    return (found + [""] * count)[:count]


def letter_html(parts, values):
    """The body of a letter: HTML without any style of its own."""
    makers = {
        "title": lambda text: f"<h1>{marked(text)}</h1>",
        "paragraph": lambda text: f"<p>{marked(text)}</p>",
        "small": lambda text: f'<p class="small">{marked(text)}</p>',
        "bills": lambda text: _bills(text, values, LETTER_TABLE),
        "slip": lambda text: _slip(text, values.rows),
        "instalments": lambda text: _instalments(text, values, LETTER_TABLE),
        "instalment_slip": lambda text: _slip(text, values.instalments),
    }
    return "".join(makers[part.kind](text) for part, text in chosen(parts, values))


def mail_html(parts, values):
    """The body of an e-mail: its styles are on the elements, a mail program reads no
    other. A slip is no picture here: the codes stand in the table of the bills."""
    makers = {
        "title": lambda text: f'<h2 style="font-size:17px;">{marked(text)}</h2>',
        "paragraph": lambda text: f"<p>{marked(text)}</p>",
        "small": lambda text: (
            f'<p style="color:#666666; font-size:12px;">{marked(text)}</p>'
        ),
        "bills": lambda text: _bills(text, values, MAIL_TABLE),
        "slip": lambda _text: "",
        "instalments": lambda text: _instalments(text, values, MAIL_TABLE),
        "instalment_slip": lambda _text: "",
    }
    body = "".join(makers[part.kind](text) for part, text in chosen(parts, values))
    return f'<div style="{MAIL_FONT}">{body}</div>'


MAIL_FONT = "font-family:Arial, Helvetica, sans-serif; font-size:14px; color:#222222;"
# attributes of the table, of a heading, of a cell, of a number's cell
LETTER_TABLE = (' class="bills"', "", "", ' class="num"')
MAIL_TABLE = (
    ' style="width:100%; border-collapse:collapse; margin:16px 0; font-size:13px;"',
    ' style="padding:4px; text-align:left; border-bottom:2px solid #444444;"',
    ' style="padding:4px; border-bottom:1px solid #dddddd;"',
    ' style="padding:4px; text-align:right; border-bottom:1px solid #dddddd;"',
)


def _bills(text, values, style):
    """The table of the bills: number, date, due date, payment code, amount, total.

    The column of the codes is there when a bill has one.
    """
    number, issued, due, code, amount, total = split_words(text, BILL_WORDS)
    with_code = any(row.code for row in values.rows)
    names = [number, issued, due, *([code] if with_code else [])]
    rows = [
        ([row.number, row.issued, row.due, *([row.code] if with_code else [])], row)
        for row in values.rows
    ]
    return _table(
        (names, [amount]),
        [(told, [row.amount]) for told, row in rows],
        (total, values.words.get("total", "")),
        style,
    )


def _instalments(text, values, style):
    """The table of a plan: number, day, share of the bills, interest, what is to be
    paid, code of payment, total; nothing without a plan.

    The columns of share and interest are there when the plan bears interest.
    """
    if not values.instalments:
        return ""
    number, due, capital, interest, amount, code, total = split_words(
        text, INSTALMENT_WORDS
    )
    bears = any(row.interest for row in values.instalments)
    with_code = any(row.code for row in values.instalments)
    return _table(
        (
            [number, due, *([code] if with_code else [])],
            [*([capital, interest] if bears else []), amount],
        ),
        [
            (
                [row.number, row.due, *([row.code] if with_code else [])],
                [*([row.capital, row.interest] if bears else []), row.amount],
            )
            for row in values.instalments
        ],
        (total, values.instalments_total),
        style,
    )


def _table(heads, rows, total, style):
    """A table with words at the left and figures at the right, and its sum.

    ``heads``, each of ``rows``: (words, figures); ``total``: (word, figure). A long one
    of a letter goes on on pages of their own, each with the heads.
    """
    if style is not LETTER_TABLE:
        return _sheet(heads, rows, total, style)
    parts = [rows[:ROWS_BEFORE_A_PAGE]]
    parts += [
        rows[start : start + ROWS_A_PAGE]
        for start in range(ROWS_BEFORE_A_PAGE, len(rows), ROWS_A_PAGE)
    ]
    sheets = [_sheet(heads, part, None, style) for part in parts[:-1]]
    sheets.append(_sheet(heads, parts[-1], total, style))
    return '<div class="new-page"></div>'.join(sheets)


def _sheet(heads, rows, total, style):
    """The rows of one page with their heads; ``total``: as above, None = none here."""
    table, head, cell, figure = style
    words, figures = heads
    lines = [f"<table{table}><thead><tr>"]
    lines += [f"<th{head}>{html.escape(name)}</th>" for name in words]
    lines += [f"<th{figure or head}>{html.escape(name)}</th>" for name in figures]
    lines.append("</tr></thead><tbody>")
    for told, numbers in rows:
        lines.append("<tr>")
        lines += [f"<td{cell}>{html.escape(value)}</td>" for value in told]
        lines += [f"<td{figure}>{html.escape(value)}</td>" for value in numbers]
        lines.append("</tr>")
    if total is not None:
        span = len(words) + len(figures) - 1
        lines.append(
            f'<tr><td{cell} colspan="{span}"><strong>{html.escape(total[0])}</strong>'
            f"</td><td{figure}><strong>{html.escape(total[1])}</strong></td></tr>"
        )
    lines.append("</tbody></table>")
    return "".join(lines)


def _slip(text, rows):
    """The payment slips, two abreast: code, amount, due date and QR code.

    Each pair is one line of text for what makes the PDF: a line is never cut by a page
    break, the cells of a table are.
    """
    title, code, amount, due, bill = (
        html.escape(word) for word in split_words(text, SLIP_WORDS)
    )
    boxes = [
        f'<div class="slip">{row.qr}<div class="slip-text">'
        f"<strong>{title}</strong><br/>{bill} {html.escape(row.number)}<br/>"
        f'{code}<br/><span class="code">{html.escape(row.code)}</span><br/>'
        f"{amount} <strong>{html.escape(row.amount)}</strong> {due} "
        f"{html.escape(row.due)}</div></div>"
        for row in rows
        if row.code
    ]
    lines = ["".join(boxes[start : start + 2]) for start in range(0, len(boxes), 2)]
    return "".join(f'<div class="slips">{line}</div>' for line in lines)
