"""A number of days in words, in the reader's language: one day is told as one."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

# how days are counted -> (the word for one, the word for more)
DAY_WORDS = {
    "": (_lt("day"), _lt("days")),
    "solar": (_lt("calendar day"), _lt("calendar days")),
    "weekdays": (_lt("weekday"), _lt("weekdays")),
    "working": (_lt("working day"), _lt("working days")),
}


def day_word(env, count, kind=""):
    """The word that goes with ``count`` days."""
    one, more = DAY_WORDS[kind]
    return env._(one if count in (1, -1) else more)


def day_count(env, count, kind="", shown=None):
    """ "1 day", "30 working days".

    :param shown: the number as it is to be written, where it is no plain one
    """
    word = day_word(env, count, kind)
    return env._("%(count)s %(days)s", count=shown or count, days=word)
