"""What a payment slip's QR code says, from the bill's payment code.

* pagoPA notice (18 digits, the first one 0 to 3): ``PAGOPA|002|notice|tax code of the
  creditor|cents`` (AgID/pagoPA, guidelines of the paper notice);
* postal slip 674/896 (18 digits, the last two are the first sixteen modulo 93):
  ``18<code>12<account>10<cents>3896``, the code line of the printed slip;
* transfer: EPC069-12, version 002, for euro amounts, reference as free text.

To be compared with the creditor's own contract before the first run: a wrong code line
is money that nobody finds.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

KINDS = ("pagopa", "postal", "transfer", "none")
PAGOPA = re.compile(r"[0-3]\d{17}")
POSTAL = re.compile(r"\d{18}")
TAX_CODE = re.compile(r"\d{11}")
MAX_CENTS = {"pagopa": 10**9, "postal": 10**10}
MAX_EPC = Decimal("999999999.99")


@dataclass(frozen=True)
class Creditor:
    """Who is paid and how: ``kind`` one of :data:`KINDS`, ``tax_code`` for pagoPA,
    ``account`` postal account number, ``iban`` and ``name`` for a transfer."""

    kind: str = "none"
    tax_code: str = ""
    account: str = ""
    iban: str = ""
    name: str = ""


def digits(code):
    """A payment code without blanks, dots and dashes."""
    return re.sub(r"[\s.\-]", "", code or "")


def is_postal(code):
    """True for a code of a slip 674/896: its last two digits check the others."""
    return bool(POSTAL.fullmatch(code)) and int(code[:16]) % 93 == int(code[16:])


def qr_text(creditor, code, amount, reference=""):
    """The text of the QR code, or "" when the code does not allow one.

    :param creditor: :class:`Creditor`
    :param code: payment code of the bill
    :param amount: Decimal, euro
    :param reference: bill number, for a transfer
    """
    code, amount = digits(code), Decimal(amount)
    cents = int((amount * 100).to_integral_value())
    if cents <= 0:
        return ""
    if creditor.kind == "pagopa":
        return _pagopa(creditor, code, cents)
    if creditor.kind == "postal":
        return _postal(creditor, code, cents)
    if creditor.kind == "transfer":
        return _transfer(creditor, amount, reference)
    return ""


def _pagopa(creditor, code, cents):
    tax_code = creditor.tax_code.removeprefix("IT")
    if not (PAGOPA.fullmatch(code) and TAX_CODE.fullmatch(tax_code)):
        return ""
    return f"PAGOPA|002|{code}|{tax_code}|{cents:02d}"


def _postal(creditor, code, cents):
    account = digits(creditor.account)
    if not (is_postal(code) and account.isdigit() and len(account) <= 12):
        return ""
    if cents >= MAX_CENTS["postal"]:
        return ""
    return f"18{code}12{account:0>12}10{cents:010d}3896"


def _transfer(creditor, amount, reference):
    iban = digits(creditor.iban).upper()
    if not iban or amount > MAX_EPC:
        return ""
    name = " ".join(creditor.name.split())[:70]
    text = " ".join(reference.split())[:140]
    lines = ("BCD", "002", "1", "SCT", "", name, iban, f"EUR{amount:.2f}", "", "", text)
    return "\n".join(lines)


def grouped(code):
    """A code in groups of four, as people read and type it."""
    plain = digits(code)
    if not plain.isdigit() or len(plain) < 8:
        return code or ""
    return " ".join(plain[start : start + 4] for start in range(0, len(plain), 4))
