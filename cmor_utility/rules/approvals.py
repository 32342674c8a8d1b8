"""Who may decide what on a practice, by action and amount. Pure.

A rule says: for this action, from this amount to that, these users, and maybe not the
one who asks. All the rules that match have to be satisfied; what matches none needs
nobody.
"""

from dataclasses import dataclass
from decimal import Decimal

GO = "go"
ASK = "ask"


@dataclass(frozen=True)
class Rule:
    """``amount_to`` zero: no limit; both bounds included. ``users``: ids."""

    action: str
    amount_from: Decimal
    amount_to: Decimal
    users: frozenset
    four_eyes: bool = False

    def matches(self, action, amount):
        """Whether the rule speaks of ``action`` for ``amount``."""
        return (
            self.action == action
            and amount >= self.amount_from
            and (not self.amount_to or amount <= self.amount_to)
        )


def matching(rules, action, amount):
    """The rules that speak of ``action`` for ``amount``."""
    return tuple(rule for rule in rules if rule.matches(action, amount))


def may_decide(rules, action, amount, user, asker):
    """Whether ``user`` may approve what ``asker`` asks.

    :param rules: ``Rule`` in force
    :param int user: id of who decides
    :param int asker: id of who asks
    """
    return all(
        user in rule.users and not (rule.four_eyes and user == asker)
        for rule in matching(rules, action, amount)
    )


def clear(rules, action, amount, user):
    """GO when ``user`` may do it alone, ASK when somebody has to approve."""
    return GO if may_decide(rules, action, amount, user, user) else ASK
