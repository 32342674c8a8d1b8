"""Which template a message takes: the most particular one that fits."""

from dataclasses import dataclass

# a template for letters serves the three channels; one for a channel comes first
LETTERS = frozenset({"pp", "ar", "pec"})
# what makes a template more particular than another, the weightiest first
WEIGHTS = ("company", "customer_type", "supply_state", "service")


@dataclass(frozen=True)
class Wanted:
    """The keys of a message: all of them known."""

    company: int
    language: str
    op: str
    channel: str
    service: str = ""
    customer_type: str = ""
    supply_state: str = ""


@dataclass(frozen=True)
class Candidate:
    """The keys of a template in use; empty (0 for the company) = any."""

    id: int
    company: int
    language: str
    op: str
    channel: str
    service: str = ""
    customer_type: str = ""
    supply_state: str = ""


def choose(candidates, wanted, languages=(), fallback_op=""):
    """The id of the best :class:`Candidate` for ``wanted``, or None.

    :param languages: languages to try after the customer's own, in order
    :param fallback_op: operation whose text serves when there is none for this one
    """
    for op in dict.fromkeys((wanted.op, fallback_op)):
        for language in dict.fromkeys((wanted.language, *languages)):
            fitting = [
                (_rank(candidate, wanted), candidate.id)
                for candidate in candidates
                if candidate.op == op
                and candidate.language == language
                and _fits(candidate, wanted)
            ]
            if fitting:
                return max(fitting)[1]
    return None


def _fits(candidate, wanted):
    if candidate.channel != wanted.channel and not (
        candidate.channel == "letter" and wanted.channel in LETTERS
    ):
        return False
    return all(
        not getattr(candidate, name)
        or getattr(candidate, name) == getattr(wanted, name)
        for name in WEIGHTS
    )


def _rank(candidate, wanted):
    return (
        *(bool(getattr(candidate, name)) for name in WEIGHTS),
        candidate.channel == wanted.channel,
    )
