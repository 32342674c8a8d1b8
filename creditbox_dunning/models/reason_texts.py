"""The planner's reasons in words.

The database keeps codes and figures; the words are made for who reads, in the reader's
language.
"""

from odoo import fields
from odoo.tools import LazyTranslate
from odoo.tools.misc import format_amount, format_date

from .day_words import DAY_WORDS, day_count, day_word
from .reason_texts_approval import TEXTS_APPROVAL
from .reason_texts_explain import TEXTS_EXPLAIN
from .reason_texts_guard import FACTS_GUARD, TEXTS_GUARD
from .reason_texts_holds import TEXTS_HOLDS
from .reason_texts_planner import TEXTS_PLANNER
from .reason_texts_run import TEXTS_RUN
from .reason_texts_table import TEXTS_TABLE
from .reason_texts_work import TEXTS_WORK

_lt = LazyTranslate(__name__)

TEXTS = {
    "paid": _lt("Nothing is owed any more."),
    "covered_by_credits": _lt("Open credit notes cover what is owed."),
    "unallocated_payment": _lt(
        "A payment of %(amount)s is not matched with any bill and would cover it: match"
        " it first."
    ),
    "on_hold": _lt("Suspended: %(reason)s."),
    "excluded": _lt("the bills are excluded from reminders"),
    "no_set": _lt(
        "The action table has no rows for this type of customer, service, state and"
        " class: a person has to decide."
    ),
    "end_of_table": _lt(
        "All the rows of the table are behind: a person has to decide."
    ),
    "waits_person": _lt("The step waits for a person to decide it."),
    "waits_sending": _lt(
        "The letter is ready and has to be sent by hand: record the day of sending."
    ),
    "waits_notification": _lt(
        "It was sent; the day on which it reached the customer has to be recorded."
    ),
    "waits_outbox": _lt(
        "It is in the outbox: it leaves by itself, as hours and pace of the provider"
        " allow."
    ),
    "waits_receipt": _lt(
        "It was sent: what became of it is told by who carries it, and not yet known."
    ),
    "waits_plan": _lt(
        "The next step counts from the date planned by the technical office: it waits"
        " for the technical office."
    ),
    "waits_operation": _lt(
        "The next step counts from the work carried out on the supply: it waits for the"
        " technical office."
    ),
    "waits_payment": _lt("The next step counts from a payment: it waits for that."),
    "below_threshold": _lt(
        "What is owed is below %(amount)s: parked until another bill falls overdue."
    ),
    "out_of_band": _lt("The amount owed is outside the limits of the row."),
    "overtaken": _lt("A later step is due as well: this reminder was left out."),
    "no_first_reminder": _lt(
        "The bills are not in any first reminder by registered letter or PEC, which"
        " water needs before a notice of default."
    ),
    "notice_failed": _lt(
        "The formal notice failed on every channel: a person has to find an address."
    ),
    "no_mobile": _lt("The customer has no mobile number."),
    "no_gateway": _lt("No gateway for text messages is configured."),
    "no_email": _lt("The customer has no valid e-mail address."),
    "no_sender": _lt("The company has no e-mail address to send from."),
    "no_pec": _lt("The customer has no valid PEC address."),
    "pec_dead": _lt(
        "The customer's PEC address does not work any more: a new one is needed."
    ),
    "pec_source": _lt(
        "The customer's PEC does not come from a source that counts for this service."
    ),
    "no_address": _lt("The postal address of the customer is not complete."),
    "after_due": _lt(
        "The oldest open bill was due on %(date)s; the row asks for %(days)s"
        " %(day_kind)s."
    ),
    "after_previous": _lt("The wait after the previous action runs until %(date)s."),
    "after_previous_wait": _lt(
        "The wait after the previous action ended on %(date)s; the row asks for"
        " %(days)s more %(day_kind)s."
    ),
    "fallback_public_body": _lt("The rows of public bodies are used."),
    "fallback_deactivable": _lt(
        "The table has no rows for this class: those of suspendible supplies are used."
    ),
    "fallback_suspended_protected": _lt(
        "Attention: the supply is suspended although its class may not be. Check the"
        " data."
    ),
    "case_paid": _lt("Withdrawn: the bills were paid."),
    "bills_paid": _lt(
        "Withdrawn: the bills it was about are paid, newer ones are open."
    ),
    "key_changed": _lt("Withdrawn: the state or class of the supply changed."),
    "paid_before_sending": _lt("Not sent: the bills were paid in the meantime."),
    "address_gone": _lt("Not sent: the address is no longer valid."),
    "text_lacks": _lt(
        "Not written: the text must tell %(contents)s, and the data for it are missing."
        " Complete them (legal numbers, earlier notices, the supply), then plan the"
        " step again."
    ),
    "needs_person": _lt("This step is never done by the program alone."),
    "needs_guard": _lt(
        "This step touches the supply: it is never ordered by the program."
    ),
    "returned": _lt("Came back: %(note)s"),
    "by_hand": _lt("Recorded by hand: %(note)s"),
    "sent_again": _lt("Sent again: %(note)s"),
    "arrived": _lt("It reached the customer: %(note)s"),
    "message_failed": _lt("The message did not arrive: %(note)s"),
    "payment_returned": _lt("A payment was returned: the bill is open again."),
}
TEXTS |= TEXTS_EXPLAIN
TEXTS |= TEXTS_GUARD
TEXTS |= TEXTS_HOLDS
TEXTS |= TEXTS_PLANNER
TEXTS |= TEXTS_RUN
TEXTS |= TEXTS_TABLE
TEXTS |= TEXTS_APPROVAL
TEXTS |= TEXTS_WORK


def pack(reasons):
    """Reasons of the planner as JSON values for a Json field."""
    return [
        {"code": reason.code, "params": {k: _plain(v) for k, v in reason.params}}
        for reason in reasons
    ]


def _plain(value):
    if hasattr(value, "isoformat"):
        return {"date": value.isoformat()}
    if hasattr(value, "quantize"):
        return {"amount": str(value)}
    return value


def _shown(env, name, value, params, currency):
    if isinstance(value, dict) and "date" in value:
        return format_date(env, fields.Date.to_date(value["date"]))
    if isinstance(value, dict) and "amount" in value:
        return format_amount(env, float(value["amount"]), currency)
    if name == "day_kind":
        count = params.get("days", params.get("number"))
        return day_word(env, count, value) if value in DAY_WORDS else value
    if name == "days" and "day_kind" not in params:
        return day_count(env, value)
    if name == "fact" and value in FACTS_GUARD:
        return env._(FACTS_GUARD[value])
    if name == "contents":
        field = env["dunning.template.part"]._fields["content"]
        labels = dict(field._description_selection(env))
        return ", ".join(f"\u201c{labels.get(code, code)}\u201d" for code in value)
    if name == "reason" and value in TEXTS:
        return env._(TEXTS[value])
    return value


def unpack(env, packed, currency):
    """The sentences for ``packed`` reasons in the language of ``env``."""
    sentences = []
    for item in packed or ():
        text = TEXTS.get(item.get("code"))
        if text is None:
            sentences.append(item.get("code") or "")
            continue
        params = item.get("params") or {}
        params = {
            name: _shown(env, name, value, params, currency)
            for name, value in params.items()
        }
        sentence = env._(text)
        sentences.append(sentence % params if params else sentence)
    return " ".join(sentences)
