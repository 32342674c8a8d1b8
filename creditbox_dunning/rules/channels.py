"""Channel expressions of a row: ``a|b`` = the first usable, ``a+b`` = both."""

from functools import lru_cache

# channels that are always there: they are work lists, not addresses
WORK_CHANNELS = frozenset({"task", "file", "event", ""})


def usable_channels(channel, missing, without=()):
    """(channels to use, reason codes of what lacks) for a row's channel expression.

    Of ``a+b`` at least one must be usable. Work channels can always be used.
    ``without``: channels that were tried in vain.
    """
    lacks = []
    for parts in _alternatives(channel or ""):
        if without and set(parts) <= set(without):
            continue
        usable = tuple(p for p in parts if p in WORK_CHANNELS or p not in missing)
        if usable:
            return usable, ()
        lacks += [missing[part] for part in parts]
    return (), tuple(lacks)


def other_channels(channel, tried):
    """True when ``channel`` names an alternative that is not among ``tried``."""
    return any(not set(parts) <= set(tried) for parts in _alternatives(channel or ""))


@lru_cache(maxsize=1000)
def _alternatives(channel):
    """The parts of each alternative: ("a|b+c") -> (("a",), ("b", "c")). A table has a
    dozen of them, a run asks for them once for every row that it looks at."""
    return tuple(
        tuple(part.strip() for part in alternative.split("+"))
        for alternative in channel.split("|")
    )
