"""The life of a message: the states it may go through, when it may leave, when it is
tried again, and what its channel may answer.

Nothing here knows a channel: a channel raises one of the errors below and the sender
does the rest.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

TO_SEND, SENDING, SENT, ACCEPTED = "to_send", "sending", "sent", "accepted"
DELIVERED, UNCERTAIN, FAILED, CANCELLED = (
    "delivered",
    "uncertain",
    "failed",
    "cancelled",
)
STATES = (
    TO_SEND,
    SENDING,
    SENT,
    ACCEPTED,
    DELIVERED,
    UNCERTAIN,
    FAILED,
    CANCELLED,
)
# state -> the states that it may become without anybody's word
MOVES = {
    # sent by hand leaves without ever being with a sender; what is refused before it
    # leaves has failed
    TO_SEND: frozenset({SENDING, SENT, FAILED, CANCELLED}),
    # a receipt may be faster than the sender that writes down what it did
    SENDING: frozenset({SENT, ACCEPTED, DELIVERED, UNCERTAIN, TO_SEND, FAILED}),
    SENT: frozenset({ACCEPTED, DELIVERED, FAILED}),
    ACCEPTED: frozenset({DELIVERED, FAILED}),
    UNCERTAIN: frozenset({SENT, ACCEPTED, DELIVERED, FAILED}),
    # the same step planned again takes its message up again
    CANCELLED: frozenset({TO_SEND}),
    DELIVERED: frozenset(),
    FAILED: frozenset(),
}
# ... and those that only a person may decide, with a reason
PERSON_MOVES = {
    UNCERTAIN: frozenset({TO_SEND, CANCELLED}),
    FAILED: frozenset({TO_SEND}),
}
# it is out of the house, or may be
GONE = frozenset({SENDING, SENT, ACCEPTED, DELIVERED, UNCERTAIN})
# it surely left
LEFT = frozenset({SENT, ACCEPTED, DELIVERED})
# minutes before each new try after a temporary error; then it has failed
BACK_OFF = (5, 15, 60, 240, 720, 1440)


class ChannelError(Exception):
    """What a channel may answer instead of a reference.

    :param reason: in plain words for people, no secret in it
    :param code: the provider's own code, as it came
    """

    def __init__(self, reason, code=""):
        super().__init__(reason)
        self.reason = str(reason)
        self.code = str(code or "")


class ChannelTemporary(ChannelError):
    """It surely did not leave, and may later: tried again by the back-off.

    ``is_provider``: the provider is not reachable at all, so that the other messages
    need not be tried now.
    """

    def __init__(self, reason, code="", is_provider=False):
        super().__init__(reason, code)
        self.is_provider = is_provider


class ChannelRefused(ChannelError):
    """It surely did not leave and never will: the message has failed.

    ``outcome``: the code of rules/outcomes.py for its action; the channel's own by
    default.
    """

    def __init__(self, reason, code="", outcome=""):
        super().__init__(reason, code)
        self.outcome = outcome


class ChannelInDoubt(ChannelError):
    """It may have left: nobody may send it again but a person who looked."""


class ProviderRefused(ChannelError):
    """The provider does not know us (login, credit, sender): it did not leave, and the
    provider is stopped at once, because trying again may lock the account."""


def may_move(source, target, *, by_person=False):
    """Whether a message in ``source`` may become ``target``."""
    if target in MOVES[source]:
        return True
    return by_person and target in PERSON_MOVES.get(source, ())


def next_try(attempts, now):
    """When to try again after ``attempts`` vain tries (1 = the first), or None when
    there were enough."""
    if attempts > len(BACK_OFF):
        return None
    return now + timedelta(minutes=BACK_OFF[max(attempts, 1) - 1])


def allowance(pace, left_in_last_minute):
    """How many messages may leave now at ``pace`` a minute (0 = as many as there
    are: None)."""
    if not pace:
        return None
    return max(0, pace - left_in_last_minute)


@dataclass(frozen=True)
class Window:
    """When messages may leave: hours of the day (``hour_to`` not included, fractions
    are minutes), weekdays (0 = Monday), and the days on which nothing leaves."""

    hour_from: float = 0.0
    hour_to: float = 24.0
    weekdays: frozenset = frozenset(range(7))
    closed_days: frozenset = field(default_factory=frozenset)

    def is_open(self, now):
        """Whether a message may leave at the local time ``now``."""
        if now.weekday() not in self.weekdays or now.date() in self.closed_days:
            return False
        hour = now.hour + now.minute / 60 + now.second / 3600
        return self.hour_from <= hour < self.hour_to

    def next_open(self, now, days=366):
        """The first local time from ``now`` on at which it is open; None if never."""
        if self.is_open(now):
            return now
        for count in range(days):
            day = now.date() + timedelta(days=count)
            start = datetime.combine(day, datetime.min.time(), now.tzinfo)
            start += timedelta(seconds=round(self.hour_from * 3600))
            if start >= now and self.is_open(start):
                return start
        return None
