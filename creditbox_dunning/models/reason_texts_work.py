"""The reasons about orders to others in words."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

TEXTS_WORK = {
    "order_paid": _lt("Taken back: the bills that it was about are paid."),
    "order_sent": _lt("Sent with %(name)s."),
    "order_given_back": _lt("Who had the order confirmed that nothing will be done."),
    "told_by_file": _lt("Told by %(file)s. %(note)s"),
    "payment_plan": _lt("Payment plan %(name)s."),
    "mandate_over": _lt("The mandate of the agency ended on %(date)s."),
}
