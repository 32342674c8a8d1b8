"""What the answers of the SII mean for a practice of the outgoing side.

Pure: a decision is reckoned from what a record says and what is known; the Odoo side
finds the practice, carries the decision out and keeps the event.
"""

from .lifecycle import INCOMING, OUTGOING

BOTH = (OUTGOING, INCOMING)
#: key of a flow -> sides of the practices that it may be about; the code of the user
#: (CP_UTENTE) counts only for practices of these sides
SIDES = {
    "claim_ack": (OUTGOING,),
    "claim_outcome": (OUTGOING,),
    "claim_paid": (OUTGOING,),
    "suspend_notice": (OUTGOING,),
    "cc_answer": (OUTGOING,),
    "claim_update": BOTH,
    "cancel_ack": BOTH,
    "cancel_outcome": BOTH,
    "cancel_notice": BOTH,
    "claim_notice_in": (INCOMING,),
    "claim_notice_in_cc": (INCOMING,),
    "suspend_ack": (INCOMING,),
    "suspend_outcome": (INCOMING,),
    "report_ack": (INCOMING,),
    "dso_charge": (INCOMING,),
}
#: flows in which PIVA_UTENTE is ourselves; in copies it is our network user
TO_US = frozenset(SIDES) - {"claim_notice_in_cc", "dso_charge", "cc_answer"}
