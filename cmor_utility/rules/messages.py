"""English source texts of the answers that the rules give, one table.

The rules return a code and parameters; the Odoo side translates the text and formats
the parameters for the reader's language. ``_lt`` only marks a text for the
translation export.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


def _lt(source):
    return source


TEXTS = {
    "c1_no_voltage": _lt("The voltage level of the point is not known."),
    "c1_voltage_in": _lt("Voltage level in scope."),
    "c1_voltage_out": _lt("The voltage level of the point is out of scope."),
    "c1_service": _lt("Only electricity and gas are in scope."),
    "c1_gas_domestic": _lt("Domestic gas use is in scope."),
    "c1_gas_public": _lt(
        "Gas use for a public service: the scope is not confirmed, declare it."
    ),
    "c1_no_gas_use": _lt("The gas use of the point is not known."),
    "c1_no_smc": _lt("The yearly Smc are not known (limit %(limit)s)."),
    "c1_smc_in": _lt("%(smc)s Smc a year, within the limit of %(limit)s."),
    "c1_smc_out": _lt("%(smc)s Smc a year, above the limit of %(limit)s."),
    "c2_credit": _lt("%(amount)s of credit in the window; bills: %(count)s."),
    "c2_no_period": _lt("Open bills without consumption period: %(bills)s."),
    "c2_no_credit": _lt(
        "No open amount refers to the last %(months)s months of supply."
    ),
    "c3_actual": _lt("All bills rest on actual readings or their true-up is issued."),
    "c3_estimated": _lt("Estimated bills whose true-up is not issued: %(bills)s."),
    "c3_no_kind": _lt("The kind of reading is not known for: %(bills)s."),
    "c4_missing": _lt("No formal notice (registered letter or PEC) covers: %(bills)s."),
    "c4_no_warning": _lt(
        "The formal notice does not warn that CMOR may be applied: %(bills)s."
    ),
    "c4_unproved": _lt(
        "The notice with the CMOR warning lacks its delivery date, its bills or"
        " its proof file, for: %(bills)s."
    ),
    "c4_proved": _lt("Notified with CMOR warning and proof: %(notices)s."),
    "c5_passed": _lt("The payment term of the notices has passed."),
    "c5_running": _lt("The payment term runs until %(date)s for: %(bills)s."),
    "c5_no_term": _lt("The notice has no payment term, for: %(bills)s."),
    "c5_no_notice": _lt("No term was set: no formal notice covers %(bills)s."),
    "c6_open": _lt("%(amount)s still open."),
    "c6_paid": _lt("Nothing is open any more."),
    "c6_billing_paid": _lt("The billing system says paid, Odoo says open: %(bills)s."),
    "c6_billing_less": _lt(
        "The billing system has less open than Odoo, a payment may be missing here:"
        " %(bills)s."
    ),
    "c6_open_credit": _lt(
        "The customer has paid %(amount)s that no bill takes: reconcile it with his"
        " bills, or declare that it does not concern them."
    ),
    "c6_said_paid": _lt(
        "The customer says that he has paid: %(what)s. Look for the payment, or declare"
        " that there is none."
    ),
    "c7_no_closing": _lt("The closing bill has not been issued."),
    "c7_declare": _lt(
        "Closing bill %(bills)s issued. Declare that any indemnity of TIF art. 18"
        " was recognised."
    ),
    "c8_none": _lt("No amount comes from a meter malfunction."),
    "c8_left_out": _lt("Left out, from a meter malfunction: %(bills)s."),
    "c8_not_told": _lt(
        "Billing does not say whether these come from a reconstruction: %(bills)s."
    ),
    "c9_declare": _lt(
        "Declare that complaints and correction requests on %(bills)s were answered"
        " and the TIQV indemnities paid."
    ),
    "c9_open": _lt("A complaint waits for its answer: %(complaints)s."),
    "c9_answered": _lt(
        "Complaints answered: %(complaints)s. Declare that the reply covers %(bills)s"
        " and the TIQV indemnities were paid."
    ),
    "c10_reached": _lt("%(amount)s reaches the minimum of %(limit)s."),
    "c10_below": _lt("%(amount)s is below the minimum of %(limit)s."),
    "c11_open": _lt("Window open until %(date)s."),
    "c11_closing": _lt("Window about to close: %(date)s."),
    "c11_not_open": _lt("The window opens on %(date)s."),
    "c11_doubtful_open": _lt(
        "Open by one reading of the end date only; by the safe one from %(date)s."
    ),
    "c11_doubtful_close": _lt(
        "Closed on %(date)s by the safe reading, open until %(latest)s by the other:"
        " declare which one holds."
    ),
    "c11_closed": _lt("The window closed on %(date)s."),
    "c12_reason": _lt("The contract did not end by a switch-out."),
    "c12_transfer": _lt("The point passed to another holder: contract %(contract)s."),
    "c12_by_sii": _lt(
        "No transfer is known here; the SII checks point and holder on its register."
    ),
    "c12_declare": _lt("Declare that the point is active and was not transferred."),
    "c13_alone": _lt("No other live practice for this point, customer and period."),
    "c13_twin": _lt("Another practice is alive: %(practice)s."),
    "c14_recent": _lt("No consumption is older than %(months)s months at billing."),
    "c14_raised": _lt(
        "The customer objects that it is time-barred (%(what)s): leave out %(bills)s."
    ),
    "c14_objected": _lt(
        "The customer objects that it is time-barred (%(what)s), but nothing is older"
        " than the prescription: declare that it does not hold."
    ),
    "c14_old": _lt(
        "Older than the prescription when billed: %(bills)s. Declare that the"
        " customer did not raise it."
    ),
}

TITLES = {
    "C1": _lt("Sector, voltage and use in scope"),
    "C2": _lt("Credit of the last months of supply"),
    "C3": _lt("Actual readings or true-up issued"),
    "C4": _lt("Formal notice with CMOR warning"),
    "C5": _lt("Payment term of the notice passed"),
    "C6": _lt("Debt still unpaid"),
    "C7": _lt("Closing bill issued, TIF indemnities recognised"),
    "C8": _lt("No meter malfunction reconstruction"),
    "C9": _lt("Complaints answered, TIQV indemnities paid"),
    "C10": _lt("Minimum amount reached"),
    "C11": _lt("Request window open"),
    "C12": _lt("Point active, no transfer since"),
    "C13": _lt("No other live claim"),
    "C14": _lt("Time-barred amounts left out"),
}

NOTES = {
    "full": _lt("Whole: inside the window"),
    "straddle": _lt("By days inside the window"),
    "straddle_excluded": _lt("Left out: crosses the border of the window"),
    "outside": _lt("Outside the window"),
    "no_period": _lt("No consumption period"),
    "meter_fault": _lt("Left out: meter malfunction"),
    "excluded": _lt("Left out by hand"),
    "paid": _lt("Paid"),
}


@dataclass(frozen=True)
class Word:
    """A parameter that each reader is told in his own language.

    ``kind`` says where its text is, ``key`` which one it is there (plain JSON),
    ``params`` are those of the text.
    """

    kind: str
    key: object
    params: Mapping = field(default_factory=dict)


@dataclass(frozen=True)
class Words:
    """Parts that make one parameter together: ``Word`` or text as it is."""

    parts: tuple
    joint: str = " "


def encode_params(params):
    """Make parameters storable as JSON, keeping what they are.

    :param dict params: str, int, date, Decimal, ``Word``, ``Words``, list of str, or a
        group: list of dict
    :return: dict; dates become ``{"d": iso}``, decimals ``{"n": text}``, lists
        ``{"l": [...]}``, groups ``{"g": [...]}``, words ``{"w": [kind, key, params]}``,
        several ``{"ws": [...], "j": joint}``
    """
    encoded = {}
    for key, value in params.items():
        if isinstance(value, date):
            encoded[key] = {"d": value.isoformat()}
        elif isinstance(value, Decimal):
            encoded[key] = {"n": str(value)}
        elif isinstance(value, (list, tuple)) and value and isinstance(value[0], dict):
            encoded[key] = {"g": [encode_params(item) for item in value]}
        elif isinstance(value, (list, tuple)):
            encoded[key] = {"l": [str(item) for item in value]}
        elif isinstance(value, Word):
            encoded[key] = {"w": [value.kind, value.key, encode_params(value.params)]}
        elif isinstance(value, Words):
            parts = encode_params(dict(enumerate(value.parts)))
            encoded[key] = {"ws": list(parts.values()), "j": value.joint}
        else:
            encoded[key] = value
    return encoded


def decode_params(params, show_date, show_number, show_word=None, most=6):
    """Turn stored parameters into texts.

    :param show_date: function date -> text
    :param show_number: function Decimal -> text
    :param show_word: function (kind, key, texts of its parameters) -> text
    :param int most: longest list shown; the rest is counted
    :return: dict of texts
    """
    texts = {}
    for key, value in (params or {}).items():
        if isinstance(value, dict) and "d" in value:
            texts[key] = show_date(date.fromisoformat(value["d"]))
        elif isinstance(value, dict) and "n" in value:
            texts[key] = show_number(Decimal(value["n"]))
        elif isinstance(value, dict) and "l" in value:
            items = value["l"]
            more = f" (+{len(items) - most})" if len(items) > most else ""
            texts[key] = ", ".join(items[:most]) + more
        elif isinstance(value, dict) and "w" in value:
            kind, word, own = value["w"]
            own = decode_params(own, show_date, show_number, show_word, most)
            texts[key] = show_word(kind, word, own)
        elif isinstance(value, dict) and "ws" in value:
            parts = dict(enumerate(value["ws"]))
            parts = decode_params(parts, show_date, show_number, show_word, most)
            texts[key] = value["j"].join(parts.values())
        else:
            texts[key] = str(value)
    return texts


def storable(text):
    """Text that a database can hold: no NUL, no half of a surrogate pair."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def storable_texts(texts):
    """``texts`` ({text: text}), all of them storable; the same dict when they are."""
    whole = "".join((*texts, *texts.values()))
    if whole.isascii() and "\x00" not in whole:
        return texts
    return {storable(name): storable(text) for name, text in texts.items()}


def typed_params(params):
    """Stored parameters as plain Python again: the inverse of ``encode_params``.

    :return: dict of str, int, date, Decimal, list of str or list of dict
    """
    values = {}
    for key, value in (params or {}).items():
        if isinstance(value, dict) and "d" in value:
            values[key] = date.fromisoformat(value["d"])
        elif isinstance(value, dict) and "n" in value:
            values[key] = Decimal(value["n"])
        elif isinstance(value, dict) and "l" in value:
            values[key] = list(value["l"])
        elif isinstance(value, dict) and "g" in value:
            values[key] = [typed_params(item) for item in value["g"]]
        else:
            values[key] = value
    return values
