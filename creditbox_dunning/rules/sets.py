"""Choice of the set of rows for a case (domain: choice of the most specific set).

A *set* is all the rows with the same keys. Two sets are never mixed: a case walks
the rows of one set only.
"""

from dataclasses import replace

from .facts import ANY, COUNTS_AS_ACTIVE, Key, Reason

# the customer type of who has no supply, by legal form
KIND_OF_FORM = {"public_body": "public_body", "consumer": "domestic"}
# on a tie the set that names the service wins, then the customer type, the class, the
# state, the score band
PRIORITY = (
    "service",
    "customer_type",
    "suspendibility",
    "supply_state",
    "score_band",
)


def key_of(of_supply, customer_type, service, legal_form, score_band=ANY):
    """The keys of a case.

    ``of_supply``: (customer type, service, supply state, class) of its one supply,
    empty when it has none or several; then ``customer_type`` and ``service`` of the
    case count, and without those the ``legal_form`` of the customer. ``score_band``:
    the customer's last valuation; a row that names a band takes nobody without one.
    """
    band = score_band or ANY
    if of_supply:
        return Key(*(value or ANY for value in of_supply), band)
    # no supply or several: none that could be cut, the class says so
    if not customer_type:
        service = ANY
        customer_type = KIND_OF_FORM.get(legal_form, "non_domestic")
    return Key(customer_type, service or ANY, "active", "not_suspendible", band)


def normal_key(key):
    """``key`` as the table counts it: reduced and limited supplies are active."""
    if key.supply_state in COUNTS_AS_ACTIVE:
        return replace(key, supply_state="active")
    return key


def _matches(row_key, key):
    return all(getattr(row_key, name) in (ANY, getattr(key, name)) for name in PRIORITY)


def _rank(row_key):
    named = tuple(getattr(row_key, name) != ANY for name in PRIORITY)
    return (sum(named), named)


def _best(row_keys, key):
    candidates = [row_key for row_key in row_keys if _matches(row_key, key)]
    return max(candidates, key=_rank) if candidates else None


def fallbacks(key):
    """The keys to try in place of ``key`` when the table has no set for it.

    Yields (key, reason). With the shipped table they cover the 48 combinations of 256
    that find no set of their own; all of them lean to the customer's side: none leads
    to a technical step that the missing set would not have had.
    """
    if key.suspendibility == "public_body" and key.customer_type != "public_body":
        yield (
            replace(key, customer_type="public_body"),
            Reason.of("fallback_public_body"),
        )
    if key.supply_state == "active" and key.suspendibility == "deactivable":
        yield (
            replace(key, suspendibility="suspendible"),
            Reason.of("fallback_deactivable"),
        )
    if key.supply_state == "suspended" and key.suspendibility == "not_suspendible":
        yield (
            replace(key, suspendibility="suspendible"),
            Reason.of("fallback_suspended_protected"),
        )


def choose_set(rules, key):
    """The rows for ``key``: (rows ordered by seq, reasons).

    No rows at all means that the table has a hole there, which the reasons say. Total:
    never raises, whatever the rows and the key.
    """
    key = normal_key(key)
    row_keys = {rule.key for rule in rules}
    found, reasons = _best(row_keys, key), ()
    if found is None:
        for other, reason in fallbacks(key):
            found = _best(row_keys, other)
            if found is not None:
                reasons = (reason,)
                break
    if found is None:
        return (), (Reason.of("no_set"),)
    rows = (rule for rule in rules if rule.key == found)
    return tuple(sorted(rows, key=lambda rule: (rule.seq, rule.id))), reasons
