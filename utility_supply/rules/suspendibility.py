"""May this supply be cut off? The class of a contract, derived from facts.

Four classes, as the seed's action table knows them: *suspendible*, *not_suspendible*,
*deactivable*, *public_body*. The order of the questions is part of the rule: a public
body is treated apart whatever else it is, a legal protection beats every convenience
of the seller, and an override never lifts a legal protection: that ends only when the
fact behind it ends.
"""

from dataclasses import dataclass

LIFE_SUPPORT = "life_support"
ECONOMIC_BONUS = "economic_bonus"
WATER_BONUS = "water_bonus"
EMERGENCY_PLAN = "emergency_plan"
PUBLIC_FUNCTION = "public_function"
GAS_PUBLIC_SERVICE = "gas_public_service"

# Which protections forbid the cut, by service.
# life support: TIMOE art. 23 (electricity: customers who cannot be disconnected);
# emergency plan: CIPE decision 91/1979, electricity;
# water bonus: REMSI (ARERA 311/2019/R/idr) art. 7, limitation allowed, never the cut.
# The economic bonus of electricity and gas gives rights (instalments), not this one.
# A kind recorded on the supply point itself protects that point whatever the service:
# a wrong protection costs money, a wrong cut may cost a life.
PROTECTING_KINDS = {
    "electricity": frozenset({LIFE_SUPPORT, EMERGENCY_PLAN}),
    "gas": frozenset(),
    "water": frozenset({WATER_BONUS}),
    "telephone": frozenset(),
}
SEASONAL_USES = frozenset({"seasonal", "temporary", "second_home", "irrigation"})


@dataclass(frozen=True)
class SupplyFacts:
    """What is known of one contract on the day of the question.

    ``protections``: kinds of the customer's protections in force that day;
    ``point_protections``: those recorded on the supply point itself;
    ``suspended_days``: full days since the supply was suspended, None when it is not;
    ``deactivable_after``: days of suspension after which the contract counts as
    deactivable, None or 0 to leave that rule out.
    """

    service: str
    customer_type: str = "domestic"
    legal_form: str = "consumer"
    protections: frozenset = frozenset()
    point_protections: frozenset = frozenset()
    public_function: bool = False
    gas_use: str = ""
    seasonal_use: str = "none"
    suspended_days: int | None = None
    deactivable_after: int | None = None


@dataclass(frozen=True)
class Suspendibility:
    """The class, the facts that gave it, whether limiting the flow is still lawful."""

    value: str
    reasons: tuple = ()
    is_protected: bool = False
    limit_only: bool = False


def legal_protections(facts):
    """The facts that forbid disconnecting this supply by law, in a stable order."""
    kinds = facts.protections & PROTECTING_KINDS.get(facts.service, frozenset())
    # a bonus for water says nothing about the electricity of the same house
    kinds |= facts.point_protections & (
        PROTECTING_KINDS.get(facts.service, frozenset())
        | {LIFE_SUPPORT, EMERGENCY_PLAN}
    )
    found = sorted(kinds)
    if facts.public_function:
        found.append(PUBLIC_FUNCTION)
    if facts.service == "gas" and facts.gas_use == "public_service":
        found.append(GAS_PUBLIC_SERVICE)
    return tuple(found)


def is_public_body(facts):
    """Public administrations (in the IPA index) are dunned apart, never cut by rule."""
    return facts.customer_type == "public_body" or facts.legal_form == "public_body"


def classify(facts, override=None):
    """The class of a supply on a day: a :class:`Suspendibility`.

    ``override`` (a class or None) is what a person decided with a reason; it replaces
    the computed class unless a legal protection is in force.
    """
    protections = legal_protections(facts)
    limit_only = protections == (WATER_BONUS,)
    if is_public_body(facts):
        computed = Suspendibility(
            "public_body", ("public_body", *protections), bool(protections), False
        )
    elif protections:
        computed = Suspendibility("not_suspendible", protections, True, limit_only)
    elif facts.seasonal_use in SEASONAL_USES:
        computed = Suspendibility("deactivable", (facts.seasonal_use,))
    elif _suspended_long(facts):
        computed = Suspendibility("deactivable", ("suspended_long",))
    else:
        computed = Suspendibility("suspendible")
    if override and not protections:
        return Suspendibility(override, ("override", *computed.reasons))
    return computed


def _suspended_long(facts):
    return bool(
        facts.deactivable_after
        and facts.suspended_days is not None
        and facts.suspended_days > facts.deactivable_after
    )
