"""Whether a customer's PEC address may be used: by its source and the service's rule.

A PEC counts as a registered letter at an address that the customer gave or that a
public register holds (CAD, art. 6, 6-bis, 6-ter, 6-quater). The rules of a service may
want more: so each source is a dated number of the law, ``pec_from_<source>``, 1 or 0.
"""

SOURCES = ("customer", "inipec", "inad", "ipa")
# an address whose source nobody wrote down was given by the customer
DEFAULT_SOURCE = "customer"

NO_PEC, DEAD, BAD_SOURCE = "no_pec", "pec_dead", "pec_source"


def parameter_of(source):
    """Name of the number of the law that says whether ``source`` counts."""
    return f"pec_from_{source or DEFAULT_SOURCE}"


def address_fault(address, source, service, dead, numbers, day):
    """Why ``address`` may not be used on ``day`` (code of a reason), or "".

    :param address: normalised, "" when there is none
    :param dead: an address of the customer that a receipt told does not exist, or ""
    :param numbers: rules/legal_parameters.Parameters
    """
    if not address:
        return NO_PEC
    if dead and address == dead:
        return DEAD
    rule = numbers.get(service or "", parameter_of(source), day)
    # no number: nothing speaks against it
    return BAD_SOURCE if rule is not None and not rule.value else ""
