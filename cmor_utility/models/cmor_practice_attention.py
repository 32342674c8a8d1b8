from odoo import fields, models

# next step -> the button that does it; other parts add theirs
NEXT_METHODS = {
    "declare": "action_declare",
    "declare_art4": "action_declare",
    "confirm": "action_confirm",
    "export": "action_export",
    "mark_sent": "action_mark_sent",
    "return_excess": "action_return_money",
    "return_refund": "action_return_money",
    "close_paid": "action_close_paid",
    "answer_late": "action_ask_cancel",
    "match": "action_match",
    "charge_customer": "action_charge_customer",
    "refund_customer": "action_refund_customer",
    "check_difference": "action_accept_difference_dialog",
    "report": "action_report",
    "report_again": "action_report",
    "close_incoming": "action_close_incoming",
    "say_past": "action_say_past",
}


class CmorPractice(models.Model):
    """The work list: what is to be done, by when, why, and the button that does it."""

    _inherit = "cmor.practice"

    # for the search only: the terms are chosen by their names
    term_key = fields.Selection(related="deadline_ids.key", string="Term")

    def _next_methods(self):
        """{key of the next step: name of the action method}."""
        return dict(NEXT_METHODS)

    def action_next(self):
        """Button of the work list: do the next step, or open the practice for it."""
        self.ensure_one()
        self.check_access("read")
        method = self._next_methods().get(self.next_action)
        if method and self.can_operate:
            return getattr(self, method)()
        return self.get_formview_action()

    def action_open_deadlines(self):
        """Smart button: the terms of this practice."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "cmor_utility.cmor_deadline_action"
        )
        return {**action, "domain": [("practice_id", "=", self.id)], "context": {}}
