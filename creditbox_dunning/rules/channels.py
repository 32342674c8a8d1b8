"""Channel expressions of a row: ``a|b`` = the first usable, ``a+b`` = both."""

# channels that are always there: they are work lists, not addresses
WORK_CHANNELS = frozenset({"task", "file", "event", ""})


def usable_channels(channel, missing, without=()):
    """(channels to use, reason codes of what lacks) for a row's channel expression.

    Of ``a+b`` at least one must be usable. Work channels can always be used.
    ``without``: channels that were tried in vain.
    """
    lacks = []
    for alternative in (channel or "").split("|"):
        parts = [part.strip() for part in alternative.split("+")]
        if without and set(parts) <= set(without):
            continue
        usable = tuple(p for p in parts if p in WORK_CHANNELS or p not in missing)
        if usable:
            return usable, ()
        lacks += [missing[part] for part in parts]
    return (), tuple(lacks)


def other_channels(channel, tried):
    """True when ``channel`` names an alternative that is not among ``tried``."""
    return any(
        not {part.strip() for part in alternative.split("+")} <= set(tried)
        for alternative in (channel or "").split("|")
    )
