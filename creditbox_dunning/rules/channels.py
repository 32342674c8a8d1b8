"""Channel expressions of a row: ``a|b`` = the first usable, ``a+b`` = both."""

import functools

# channels that are always there: they are work lists, not addresses
WORK_CHANNELS = frozenset({"task", "file", "event", ""})


@functools.lru_cache(maxsize=256)
def alternatives(channel):
    """The parts of each alternative of a channel expression, in order."""
    return tuple(
        tuple(part.strip() for part in alternative.split("+"))
        for alternative in channel.split("|")
    )


def usable_channels(channel, missing, without=()):
    """(channels to use, reason codes of what lacks) for a row's channel expression.

    Of ``a+b`` at least one must be usable. Work channels can always be used.
    ``without``: channels that were tried in vain.
    """
    lacks = []
    for parts in alternatives(channel or ""):
        if without and set(parts) <= set(without):
            continue
        usable = tuple(p for p in parts if p in WORK_CHANNELS or p not in missing)
        if usable:
            return usable, ()
        lacks += [missing[part] for part in parts]
    return (), tuple(lacks)


def other_channels(channel, tried):
    """True when ``channel`` names an alternative that is not among ``tried``."""
    return any(not set(parts) <= set(tried) for parts in alternatives(channel or ""))
