from odoo import fields, models

from ..rules import info

OPERATOR = "creditbox_dunning.group_dunning_operator"


class ResPartner(models.Model):
    _inherit = "res.partner"

    dunning_info_ids = fields.One2many(
        "dunning.info.request", "partner_id", groups=OPERATOR
    )
    dunning_score = fields.Integer(
        string="Score", compute="_compute_dunning_info", groups=OPERATOR
    )
    dunning_score_class = fields.Char(
        string="Score class", compute="_compute_dunning_info", groups=OPERATOR
    )
    dunning_score_source = fields.Char(
        string="Score from", compute="_compute_dunning_info", groups=OPERATOR
    )
    dunning_score_date = fields.Date(
        string="Score of", compute="_compute_dunning_info", groups=OPERATOR
    )
    dunning_address_source = fields.Char(
        string="Address from", compute="_compute_dunning_info", groups=OPERATOR
    )
    dunning_address_date = fields.Date(
        string="Address of", compute="_compute_dunning_info", groups=OPERATOR
    )

    def _compute_dunning_info(self):
        """The last answers of information providers, with their source and day."""
        for partner in self:
            answers = partner.dunning_info_ids.sorted(
                lambda one: (one.done_date or one.create_date.date(), one.id)
            )
            scored = answers.filtered(lambda one: one.score or one.score_class)[-1:]
            partner.dunning_score = scored.score
            partner.dunning_score_class = scored.score_class
            partner.dunning_score_source = scored.provider_id.name
            partner.dunning_score_date = scored.done_date
            used = answers.filtered("is_used")[-1:]
            partner.dunning_address_source = used.provider_id.name
            partner.dunning_address_date = used.done_date

    def action_ask_info(self):
        """Button: ask address and score of these customers."""
        self.check_access("read")
        self.env["dunning.case"]._check_is_operator(self)
        cases = self.env["dunning.case"]
        asked = self.env["dunning.info.request"]._ask(
            [(partner, cases) for partner in self],
            info.BOTH,
            self.env._("Asked by %(name)s.", name=self.env.user.name),
        )
        action = self.env["ir.actions.actions"]._for_xml_id(
            "creditbox_dunning.dunning_info_request_action"
        )
        domain = [("partner_id", "in", self.ids)]
        return {
            **action,
            "domain": domain,
            "context": {"create": False, "n": len(asked)},
        }


class DunningAction(models.Model):
    _inherit = "dunning.action"

    def _set_state(self, state, *reasons, **vals):
        # EXTENDS: a letter that nobody received asks for another address
        result = super()._set_state(state, *reasons, **vals)
        if state == "failed" and vals.get("outcome") in info.LOST_ADDRESS:
            self.env["dunning.info.request"]._ask(
                [(action.partner_id, action.case_id) for action in self],
                info.ADDRESS,
                self.env._("A letter came back."),
            )
        return result
