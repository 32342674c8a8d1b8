"""When the incoming seller may ask the suspension of a CMOR (TISIND art. 15).

The point is suspended for default, or a request of suspension is pending or was tried
in vain; the CMOR is not collected; the term of 8.4 still runs. That it is on a bill
does not matter: as long as it is unpaid it may be asked, and what was billed is
credited when it is granted. For gas the wording was
not seen: the same conditions are taken, with closure for suspension (assumed).
"""

from dataclasses import dataclass
from datetime import date

# facts behind a request, by sector; the codes are assumed
FACTS = ("suspended", "requested", "failed")
CODES = {
    ("electricity", "suspended"): "S1",
    ("electricity", "requested"): "S2",
    ("electricity", "failed"): "S3",
    ("gas", "suspended"): "G1",
    ("gas", "requested"): "G2",
    ("gas", "failed"): "G3",
}


# the claim runs, and the customer has not paid it
OPEN_STATES = ("matched", "to_charge", "charged", "uncollected")


@dataclass(frozen=True)
class Facts:
    """``fact`` is one of FACTS, known or declared with its proof, or ""."""

    state: str
    fact: str
    is_collected: bool
    last_day: date | None
    today: date


def problems(facts):
    """Why the suspension may not be asked.

    :return: tuple of codes, () when it may
    """
    found = []
    if facts.is_collected:
        found.append("collected")
    elif facts.state not in OPEN_STATES:
        found.append("state")
    if facts.fact not in FACTS:
        found.append("no_fact")
    if facts.last_day is None:
        found.append("no_term")
    elif facts.today > facts.last_day:
        found.append("late")
    return tuple(found)
