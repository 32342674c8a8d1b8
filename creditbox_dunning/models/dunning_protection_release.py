from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

READER = "utility_supply.group_protected_data_reader"
# whoever ends a legal protection: a director, whatever the matrix says
RELEASE_LEVEL = 3
FACTS = [
    ("protection", "Protection of the customer"),
    ("public_function", "Public function of the supply point"),
    ("public_service", "Public service (gas)"),
]


class DunningProtectionRelease(models.Model):
    """The end of the fact behind a legal protection: proof, four eyes, level 3.

    Read by the readers of protected data only; the approver sees that there is a
    proof and its checksum, never why the supply was protected.
    """

    _name = "dunning.protection.release"
    _description = "End of a legal protection"
    _inherit = "utility.guarded.mixin"
    _order = "id desc"
    _check_company_auto = True

    _kept_attachment_field = "attachment_ids"
    _kept_attachment_domain = ()
    _guarded_fields = frozenset(
        {
            "company_id",
            "fact",
            "protection_id",
            "supply_point_id",
            "date_to",
            "reason",
            "attachment_ids",
            "state",
            "request_id",
        }
    )

    company_id = fields.Many2one("res.company", required=True, index=True)
    fact = fields.Selection(FACTS, required=True, readonly=True)
    protection_id = fields.Many2one(
        "utility.protection", readonly=True, index="btree_not_null", check_company=True
    )
    supply_point_id = fields.Many2one(
        "utility.supply.point",
        readonly=True,
        index="btree_not_null",
        check_company=True,
    )
    partner_id = fields.Many2one(related="protection_id.partner_id", string="Customer")
    date_to = fields.Date(string="Last day of protection", readonly=True)
    reason = fields.Text(required=True, readonly=True)
    attachment_ids = fields.Many2many("ir.attachment", string="Proof", readonly=True)
    state = fields.Selection(
        [
            ("requested", "Requested"),
            ("approved", "Ended"),
            ("refused", "Refused"),
            ("lapsed", "Lapsed"),
        ],
        string="Status",
        required=True,
        default="requested",
        readonly=True,
    )
    request_id = fields.Many2one(
        "dunning.approval.request", readonly=True, index="btree_not_null"
    )
    decided_by = fields.Many2one(related="request_id.decided_by")
    decided_on = fields.Datetime(related="request_id.decided_on")

    def _compute_display_name(self):
        """Shown to approvers: no word of why the supply was protected."""
        for release in self:
            release.display_name = self.env._(
                "End of a legal protection, no. %(number)s", number=release.id
            )

    @api.model_create_multi
    def create(self, vals_list):
        if not self._is_guard_open():
            raise AccessError(self.env._("The end of a protection is asked for."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(
            self.env._("The end of a protection is history: it is never deleted.")
        )

    @api.model
    def ask_release(self, fact, res_id, date_to, reason, attachment_ids):
        """Ask to end a protection (``fact`` protection: its id) or a fact of a supply
        point; returns the id. ``attachment_ids``: the proof, at least one file.
        """
        if not self.env.user.has_group(READER):
            raise AccessError(
                self.env._("Only the readers of protected data ask for its end.")
            )
        vals = self._prepare_release_vals(fact, res_id, date_to)
        proof = self.env["ir.attachment"].browse(attachment_ids).exists()
        proof.check_access("read")
        if not proof or not all(proof.mapped("raw")):
            raise UserError(self.env._("The end of a protection needs its proof."))
        if not (reason or "").strip():
            raise UserError(self.env._("Say why the protection ends."))
        release = self.sudo()._guarded().create({**vals, "reason": reason})
        kept = proof.sudo().copy({"res_model": self._name, "res_id": release.id})
        release.write({"attachment_ids": [fields.Command.set(kept.ids)]})
        request = self.env["dunning.approval.request"]._ask(
            release,
            "release",
            facts=release._approval_facts()[release.id],
            case=self.env["dunning.case"],
            level=RELEASE_LEVEL,
        )
        release.write({"request_id": request.id})
        return release.id

    def _prepare_release_vals(self, fact, res_id, date_to):
        day = fields.Date.to_date(date_to)
        if fact == "protection":
            protection = self.env["utility.protection"].browse(res_id).exists()
            protection.ensure_one().check_access("write")
            if not day or day < protection.date_from:
                raise UserError(self.env._("Give the last day of the protection."))
            return {
                "company_id": protection.company_id.id,
                "fact": fact,
                "protection_id": protection.id,
                "date_to": day,
            }
        if fact not in dict(FACTS):
            raise UserError(self.env._("%(fact)s protects nobody.", fact=fact))
        point = self.env["utility.supply.point"].browse(res_id).exists()
        point.ensure_one().check_access("read")
        return {
            "company_id": point.company_id.id,
            "fact": fact,
            "supply_point_id": point.id,
        }

    def _approval_facts(self):
        """{id: what the answer is about}: never the kind of the protection."""
        facts = {}
        for release in self.sudo():
            proof = release.attachment_ids.sorted("id")
            facts[release.id] = {
                "protection": release.protection_id.id,
                "point": release.supply_point_id.id,
                "until": str(release.protection_id.date_to or ""),
                "last_day": str(release.date_to or ""),
                "proof": proof.mapped("checksum"),
            }
        return facts

    def _on_approved(self, requests):
        for release in self._settle("approved"):
            release._end()

    def _on_refused(self, requests):
        self._settle("refused")

    def _on_lapsed(self, requests):
        self._settle("lapsed")

    def _settle(self, state):
        waiting = self.sudo().filtered(lambda release: release.state == "requested")
        waiting._guarded().write({"state": state})
        return waiting

    def _end(self):
        """Write the end of the fact; the class of the supply follows by itself."""
        self.ensure_one()
        if self.protection_id:
            self.protection_id.sudo().write({"date_to": self.date_to})
        elif self.fact == "public_function":
            self.supply_point_id.sudo().write({"public_function": False})
        else:
            self.supply_point_id.sudo().write({"gas_use": "other"})


class UtilityProtection(models.Model):
    _inherit = "utility.protection"

    # who it protects and why; changing one of them ends the protection of before
    _protected_fields = frozenset({"company_id", "partner_id", "supply_point_id"})

    def write(self, vals):
        # EXTENDS utility_supply: by hand a protection may grow, never shrink
        if not self.env.su:
            self._check_not_weakened(vals)
        return super().write(vals)

    def _check_not_weakened(self, vals):
        for protection in self:
            if protection._is_weakened(vals):
                raise UserError(
                    self.env._(
                        "A legal protection ends only with its proof and the approval"
                        " of a director: ask for its end."
                    )
                )

    def _is_weakened(self, vals):
        """True when ``vals`` would protect less than before."""
        self.ensure_one()
        for name in self._protected_fields & set(vals):
            if (vals[name] or False) != self[name].id:
                return True
        if vals.get("kind", self.kind) != self.kind:
            return True
        if "date_to" in vals:
            end = fields.Date.to_date(vals["date_to"])
            if end and (not self.date_to or end < self.date_to):
                return True
        start = fields.Date.to_date(vals.get("date_from"))
        return bool(start and start > self.date_from)

    def action_ask_release(self):
        """Button: ask to end this protection."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("End of the protection"),
            "res_model": "dunning.protection.release.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_protection_id": self.id},
        }


class UtilitySupplyPoint(models.Model):
    _inherit = "utility.supply.point"

    def write(self, vals):
        # EXTENDS utility_supply: what protects a point ends with proof only
        if not self.env.su:
            ends_function = not vals.get("public_function", True)
            ends_service = vals.get("gas_use", "public_service") != "public_service"
            for point in self:
                if (ends_function and point.public_function) or (
                    ends_service and point.gas_use == "public_service"
                ):
                    raise UserError(
                        self.env._(
                            "%(code)s is protected by law: that ends only with its"
                            " proof and the approval of a director.",
                            code=point.code,
                        )
                    )
        return super().write(vals)

    def action_ask_release(self):
        """Button: ask to end the protection of this point."""
        self.ensure_one()
        is_service = self.gas_use == "public_service" and not self.public_function
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("End of the protection"),
            "res_model": "dunning.protection.release.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_supply_point_id": self.id,
                "default_fact": "public_service" if is_service else "public_function",
            },
        }


class DunningApprovalRequest(models.Model):
    _inherit = "dunning.approval.request"

    @api.model
    def _approvable_models(self):
        # EXTENDS creditbox_dunning
        return super()._approvable_models() | {"dunning.protection.release"}
