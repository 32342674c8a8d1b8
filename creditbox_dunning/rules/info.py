"""What an information provider answers about a customer: address, score."""

from dataclasses import dataclass
from datetime import date

from . import work
from .technical import APPLY, UNCHANGED

ADDRESS, SCORE, BOTH = "address", "score", "both"
FOUND, NOT_FOUND = "found", "not_found"
# outcomes of a letter after which somebody looks for the address
LOST_ADDRESS = frozenset({"unknown", "moved", "untraceable", "bad_address"})
# what may be told of a customer
TOLD = ("score", "score_class", "street", "zip", "city", "province", "phone", "pec")


@dataclass(frozen=True)
class Question:
    """A question as it stands; ``told``: (name, value) pairs known from the answer."""

    wanted: str
    state: str
    sent: date | None = None
    answered: date | None = None
    told: frozenset = frozenset()


@dataclass(frozen=True)
class Answer:
    """One row of the provider; ``told``: {name of TOLD: value}, blanks left out."""

    result: str
    day: date | None
    told: tuple = ()


def place_key(street, zip_code, city):
    """An address as a word that is the same however it is written: capitals, blanks
    and punctuation do not count."""
    text = "|".join(part or "" for part in (street, zip_code, city))
    return "".join(c for c in text.casefold() if c.isalnum() or c == "|")


def judge(question, answer, today):
    """What becomes of ``answer``: APPLY, UNCHANGED or the code of its problem."""
    if not answer.day:
        return "work_no_day"
    if answer.day > today:
        return "work_future"
    if question.sent and answer.day < question.sent:
        return "work_before_order"
    if question.state == work.TO_SEND:
        return "work_not_sent"
    told = dict(answer.told)
    if answer.result == FOUND and not told:
        return "info_nothing_told"
    has_place = bool(told.get("street"))
    if has_place != bool(told.get("city")):
        return "info_half_address"
    if question.state in work.OVER:
        same = question.answered == answer.day
        same = same and question.told == frozenset(answer.told)
        same = same and (question.state == work.DONE) == (answer.result == FOUND)
        return UNCHANGED if same else "work_over"
    return APPLY


def after(question, answer):
    """The question once an answer judged APPLY was recorded."""
    state = work.DONE if answer.result == FOUND else work.FAILED
    told = frozenset(answer.told)
    return Question(question.wanted, state, question.sent, answer.day, told)
