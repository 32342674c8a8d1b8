"""Days to pay printed in a notice, by service and channel.

The days count from the day of sending (registered letter) or of delivery (PEC).
Printed terms are above the legal minimum on purpose: a letter that travels one day
longer must not become void. The numbers are dated data (``rules/legal_parameters.py``,
``printed_<channel>``); without any given, the shipped ones hold.
"""

from datetime import timedelta

from .legal_parameters import shipped_parameters


def term_days(service, channel, day, parameters=None):
    """The ``Parameter`` in force on ``day`` for a notice by ``channel``, or None."""
    parameters = parameters or shipped_parameters()
    return parameters.get(service or "", f"printed_{channel}", day)


def pay_term(service, channel, sent, reminder_received=None, parameters=None):
    """Last day to pay for a notice sent (PEC: delivered) on ``sent``.

    ``reminder_received``: water only, the day on which the first reminder arrived: the
    term ends at least 40 days after it (REMSI, 221/2020/R/idr). None when the channel
    gives no term.
    """
    parameters = parameters or shipped_parameters()
    number = term_days(service, channel, sent, parameters)
    if number is None:
        return None
    end = sent + timedelta(days=number.count)
    floor = parameters.get(service or "", "term_after_reminder", sent)
    if floor and reminder_received:
        end = max(end, reminder_received + timedelta(days=floor.count))
    return end
