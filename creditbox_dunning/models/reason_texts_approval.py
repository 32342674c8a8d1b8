"""The reasons of approvals in words."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

TEXTS_APPROVAL = {
    "needs_approval": _lt("It needs the approval of level %(level)s."),
    "approved_by": _lt("Approved by %(name)s. %(note)s"),
    "refused_by": _lt("Refused by %(name)s: %(note)s"),
    "asked_again_by": _lt("Asked again by %(name)s. %(note)s"),
    "approval_lapsed": _lt("The approval lapsed. %(what)s"),
    "held_meanwhile": _lt("Suspended in the meantime: %(reason)s."),
    "guard_refuses_now": _lt("The legal guard no longer allows it."),
    "guard_postpones": _lt("Approved; the legal guard allows it from %(date)s."),
    "in_the_queue": _lt("Approved; it leaves within minutes."),
    "waits_approval": _lt("The step waits for the approval of the level it needs."),
    "waits_queue": _lt("The step is approved and is carried out as soon as it may be."),
    "waits_outcome": _lt("The step is under way: its outcome has to be recorded."),
    "to_be_done": _lt("To be done by hand: record the outcome."),
}
