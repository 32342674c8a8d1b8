from odoo import fields, models


class CmorPracticeEvent(models.Model):
    """What the money of a practice brings into its history."""

    _inherit = "cmor.practice.event"

    kind = fields.Selection(
        selection_add=[
            ("receipt", "CSEA receipt"),
            ("deemed", "Deemed"),
            ("receipt_reversed", "Receipt reversed"),
            ("excess", "Excess"),
            ("returned", "Returned to the customer"),
            ("paid_on_seller", "Paid on to the seller"),
            ("return_cancelled", "Return cancelled"),
            ("refund_due", "Refund due"),
            ("refund_reported", "Refund reported"),
            ("cancel_asked", "Annulment asked"),
            ("cancel_withdrawn", "Annulment withdrawn"),
            ("late_payment", "Paid after the claim"),
            ("late_payment_over", "Payment reversed"),
            ("late_payment_answered", "Late payment answered"),
            ("amount_updated", "Amount updated"),
            ("approval", "Approval"),
            ("loaded", "Loaded"),
        ],
        ondelete=dict.fromkeys(
            (
                "receipt",
                "deemed",
                "receipt_reversed",
                "excess",
                "returned",
                "paid_on_seller",
                "return_cancelled",
                "refund_due",
                "refund_reported",
                "cancel_asked",
                "cancel_withdrawn",
                "late_payment",
                "late_payment_over",
                "late_payment_answered",
                "amount_updated",
                "approval",
                "loaded",
            ),
            "cascade",
        ),
    )
