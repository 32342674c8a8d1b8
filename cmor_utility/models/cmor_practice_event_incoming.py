from odoo import fields, models

KINDS = [
    ("notice_in", "Notice"),
    ("matched", "Matched"),
    ("matched_by_hand", "Matched by hand"),
    ("matched_seller", "Matched to a seller"),
    ("seller_by_hand", "Matched to a seller by hand"),
    ("unmatched", "Not matched"),
    ("annulled", "Annulled"),
    ("annulled_paid", "Annulled after CSEA's payment"),
    ("network_charged", "Charged by the network"),
    ("billed", "Billed"),
    ("cmor_collected", "CMOR collected"),
    ("cmor_unpaid", "CMOR unpaid"),
    ("cmor_given_up", "CMOR given up"),
    ("customer_left", "Customer left"),
    ("refund_customer", "To be given back"),
    ("difference_accepted", "Difference accepted"),
    ("charge_made", "Charged to the customer"),
    ("refund_made", "Given back"),
    ("prev_proposed", "Previous CMOR"),
    ("suspension_asked", "Suspension asked"),
    ("suspension_failed", "Suspension not granted"),
    ("cancel_failed", "Annulment not granted"),
    ("resumption_asked", "End of suspension asked"),
    ("request_answered", "Request answered"),
    ("report_made", "Report"),
    ("closed_done", "Closed"),
    ("opened_again", "Opened again"),
    ("past_bill", "Bill of the past"),
    ("past_ended", "Ended before the program"),
]


class CmorPracticeEvent(models.Model):
    """What the incoming side brings into the history of a practice."""

    _inherit = "cmor.practice.event"

    kind = fields.Selection(
        selection_add=KINDS, ondelete={key: "cascade" for key, _label in KINDS}
    )
