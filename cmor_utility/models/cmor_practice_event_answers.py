from odoo import fields, models

KINDS = [
    ("accepted", "Accepted by the SII"),
    ("rejected", "Refused by the SII"),
    ("adopted", "Adopted"),
    ("code_told", "SII code"),
    ("claim_again", "To be claimed again"),
    ("suspended", "Suspended"),
    ("resumed", "Going on"),
    ("cancel_admitted", "Annulment admitted"),
    ("cancel_refused", "Annulment refused"),
    ("cancelled", "Annulled"),
    ("deemed_term", "Deemed by the term"),
    ("request_exported", "Request in a file"),
    ("request_sent", "Request sent"),
    ("request_discarded", "File of the request discarded"),
    ("file_refused", "File refused by the portal"),
    ("cc_request", "Asked by the seller"),
    ("cc_received", "Received from the seller"),
    ("contract_changed", "Contract corrected"),
    ("claimed_anew", "Claimed anew"),
    ("twin_contract", "Second contract"),
]


class CmorPracticeEvent(models.Model):
    """What answers and requests bring into the history of a practice."""

    _inherit = "cmor.practice.event"

    kind = fields.Selection(
        selection_add=KINDS, ondelete=dict.fromkeys(dict(KINDS), "cascade")
    )
