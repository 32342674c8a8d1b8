"""What of the cost of a step may be charged to the customer.

A tariff row is the permission: what no row in force allows is not charged. The rest is
refused by the law whatever the tariff says, with the code of the reason.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

ANY = ""
POSTAGE = "postage"
LIMITER = "limiter"
# a low-voltage point whose meter is reached from afar: half the distributor's fee
SMART = "smart"
# the fees of a cut: never after a cut against the law (domain notes 1.4 and 1.5)
TECHNICAL = frozenset({"distributor", "cut", "restore", LIMITER})
# a reduction and the suspension that follows it cost once
ONCE_A_ROUND = TECHNICAL


@dataclass(frozen=True)
class Tariff:
    """``op``, ``channel`` and ``meter`` of the step that it is for, empty = any.
    ``basis``: fixed (``amount``), legal (the legal number ``number``) or channel (what
    our own price list says that the channel costs), of which ``percent`` is asked."""

    key: int
    kind: str
    valid_from: date
    service: str = ANY
    debtor: str = ANY
    op: str = ANY
    channel: str = ANY
    basis: str = "fixed"
    amount: Decimal = Decimal(0)
    number: str = ""
    rank: int = 0
    meter: str = ANY
    percent: Decimal = Decimal(100)

    def fits(self, step):
        pairs = (
            (self.service, step.service),
            (self.debtor, step.debtor),
            (self.op, step.op),
            (self.channel, step.channel),
            (self.meter, step.meter),
        )
        return self.valid_from <= step.day and all(
            mine in (ANY, theirs) for mine, theirs in pairs
        )

    @property
    def weight(self):
        scopes = (self.service, self.debtor, self.op, self.channel, self.meter)
        return (sum(scope != ANY for scope in scopes), self.rank, self.valid_from)


@dataclass(frozen=True)
class Step:
    """A step that was carried out. ``case_round``: (case id, round). ``is_unlawful``:
    it broke the law. ``is_sheltered``: water customer with a social bonus or of public
    use. ``after_unlawful``: the cut that it undoes broke the law. ``meter``: ``smart``
    or not known. ``is_aggravated``: the debt was above three yearly charges, or the
    customer in default in the last 18 months (REMSI); False when nobody knows."""

    key: int
    case_round: tuple
    day: date
    service: str = ANY
    debtor: str = ANY
    op: str = ANY
    channel: str = ANY
    is_unlawful: bool = False
    after_unlawful: bool = False
    is_sheltered: bool = False
    meter: str = ANY
    is_aggravated: bool = False


def refusal(step, kind):
    """Code of the reason why ``kind`` may not be charged for ``step``, or ''."""
    if kind in TECHNICAL and (step.is_unlawful or step.after_unlawful):
        return "cost_unlawful"
    if kind != POSTAGE and step.service == "water" and step.is_sheltered:
        return "cost_sheltered"
    if kind == LIMITER and not step.is_aggravated:
        return "cost_limiter"
    return ""


def costs_of(steps, tariffs, charged):
    """[(step, kind, tariff, refusal)] of what the steps cost the customer.

    :param charged: what was charged or waived already, as :func:`identity` tells it
    :return: one row for each kind that has a tariff and was not charged; with a
        refusal nothing may be charged
    """
    found, seen = [], set(charged)
    for step in sorted(steps, key=lambda step: (step.day, step.key)):
        fit = [tariff for tariff in tariffs if tariff.fits(step)]
        for kind in sorted({tariff.kind for tariff in fit}):
            best = max(
                (tariff for tariff in fit if tariff.kind == kind),
                key=lambda tariff: tariff.weight,
            )
            reason = refusal(step, kind)
            key = identity(step, kind)
            if key in seen:
                continue
            if not reason:
                seen.add(key)
            found.append((step, kind, best, reason))
    return found


def identity(step, kind):
    """What makes a cost the same cost: charged once."""
    if kind in ONCE_A_ROUND:
        return (kind, *step.case_round)
    return (kind, step.key)
