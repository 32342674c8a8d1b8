import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.utility_supply.models.bulk import plain_values, update_changed

from ..rules import lifecycle

_logger = logging.getLogger(__name__)

# what a practice takes from its contract, and what makes it the claim of this supply
FOLLOWED = ("supply_point_id", "partner_id", "date_end", "date_start")
KEY = FOLLOWED[:3]
# nothing runs and nothing was kept: the supply may be claimed anew
CLAIMABLE_ANEW = ("cancelled", "closed_lost", "expired")


class CmorPractice(models.Model):
    """The supply that a practice claims for: what is put right on the contract, and a
    claim that is made anew."""

    _inherit = "cmor.practice"

    can_claim_anew = fields.Boolean(compute="_compute_can_claim_anew")
    claimed_anew_id = fields.Many2one(
        "cmor.practice",
        string="Claimed anew by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The claim that took the place of this one: its money is asked there.",
    )

    def _compute_can_claim_anew(self):
        over = self.filtered(lambda practice: practice._may_be_claimed_anew())
        # the supply is claimed by another practice already: nothing to offer
        claimed = self.sudo().search_fetch(
            Domain("side", "=", "outgoing")
            & Domain("contract_id", "in", over.contract_id.ids)
            & Domain("state", "not in", lifecycle.DEAD_STATES),
            ["contract_id"],
        )
        free = over - over.filtered_domain(
            Domain("contract_id", "in", claimed.contract_id.ids)
        )
        for practice in self:
            practice.can_claim_anew = practice in free

    def _may_be_claimed_anew(self):
        """Whether it is over and left the debt as it was."""
        # closed: only what was annulled after CSEA had paid, and given back
        over = self.state in CLAIMABLE_ANEW or (
            self.state == "closed" and bool(self.refund_from)
        )
        return over and self.side == "outgoing" and bool(self.contract_id)

    # --- actions ----------------------------------------------------------------

    def action_claim_anew(self):
        """Button of an operator: a new practice for a supply whose claim is over.

        After an annulment for a wrong amount, or when it was given up or had expired
        by a mistake. What was stays as it was, with its code burnt.

        :return: action that shows the new practices
        :raise UserError: a claim is not over, or none can be made any more
        """
        self._check_may_operate()
        running = self.filtered(lambda practice: not practice._may_be_claimed_anew())
        if running:
            raise UserError(
                self.env._(
                    "%(names)s: only what is annulled, given up or expired is claimed"
                    " anew.",
                    names=", ".join(running.mapped("display_name")),
                )
            )
        today = fields.Date.context_today(self)
        made = self.sudo().browse()
        for company, practices in self.sudo().grouped("company_id").items():
            contracts = practices._candidate_contracts(
                company, today, practices.contract_id, anew=True
            )
            made |= practices._open_for(contracts, today)
        if not made:
            raise UserError(
                self.env._(
                    "No new claim can be made: the window is closed, no bill is open,"
                    " or another practice runs for this supply."
                )
            )
        new = {practice.contract_id: practice for practice in made}
        old = self.sudo().filtered(lambda practice: practice.contract_id in new)
        rows = {p: {"claimed_anew_id": new[p.contract_id].id} for p in old}
        update_changed(old, rows)
        old._log("claimed_anew", lambda p: {"name": new[p.contract_id].name})
        return made.with_env(self.env)._action_show()

    # --- business ---------------------------------------------------------------

    def _follow_contracts(self):
        """Take over what was put right on the contracts: as long as nothing has left,
        the window and the credit are those of the supply as it is known now."""
        mine = self.filtered("contract_id")
        told = plain_values(mine.contract_id, FOLLOWED)
        kept = plain_values(mine, (*FOLLOWED, "contract_id"))
        rows = {}
        for practice in mine:
            *known, contract_id = kept[practice.id]
            vals = {
                name: now
                for name, before, now in zip(
                    FOLLOWED, known, told[contract_id], strict=True
                )
                if now and now != before
            }
            if vals:
                rows[practice] = vals
        if rows:
            self.browse(p.id for p in rows)._follow(rows)

    def _follow(self, rows):
        """Write ``rows`` ({practice: values}), those left out that would be a second
        claim of a supply."""
        keys = {
            practice: tuple(
                vals.get(name)
                or (practice[name].id if name in KEY[:2] else practice[name])
                for name in KEY
            )
            for practice, vals in rows.items()
        }
        taken = self._live_keys({key[0] for key in keys.values()}, self.ids)
        fine = {p: vals for p, vals in rows.items() if keys[p] not in taken}
        update_changed(self, fine)
        self.browse(p.id for p in fine)._log(
            "contract_changed",
            lambda p: {
                "customer": p.partner_id.display_name,
                "point": p.supply_point_id.code or "-",
                "start": p.date_start or "-",
                "end": p.date_end,
            },
        )

    def _live_keys(self, point_ids, but=()):
        """{key: practice} of the supplies of these points that a live one claims
        for."""
        live = self.sudo().search_fetch(
            Domain("side", "=", "outgoing")
            & Domain("supply_point_id", "in", list(point_ids))
            & Domain("state", "not in", lifecycle.DEAD_STATES)
            & Domain("id", "not in", list(but)),
            (*KEY, "contract_id"),
        )
        return {practice._supply_key(): practice for practice in live}

    def _without_twins(self, contracts):
        """Those of ``contracts`` that are not the supply of a live practice, nor of
        another one of them: the same supply under two codes is claimed once."""
        contracts.fetch(KEY)
        taken = self._live_keys(contracts.supply_point_id.ids) if contracts else {}
        fine, twins = contracts.browse(), []
        for contract in contracts:
            key = (
                contract.supply_point_id.id,
                contract.partner_id.id,
                contract.date_end,
            )
            if contract.supply_point_id and key in taken:
                practice = taken[key]
                # of none yet: the next night tells it
                if not practice:
                    _logger.warning(
                        "CMOR: contract %s is left out, its supply is claimed under"
                        " another contract",
                        contract.code,
                    )
                # its own claim runs: nothing to tell
                elif practice.contract_id != contract:
                    twins.append((practice, contract))
                continue
            taken[key] = self.browse()
            fine |= contract
        self._tell_twins(twins)
        return fine

    @api.model
    def _tell_twins(self, twins):
        """Each practice is told once of a contract of the same supply that is left out:
        its bills are not in the claim, a person has to know.

        :param twins: list of (practice, contract)
        """
        if not twins:
            return
        event = self.env["cmor.practice.event"].sudo()
        known = event.search_fetch(
            Domain("practice_id", "in", [practice.id for practice, _c in twins])
            & Domain("kind", "=", "twin_contract"),
            ["practice_id", "params"],
        )
        told = {(e.practice_id, (e.params or {}).get("contract")) for e in known}
        event._append(
            [
                event._prepare_vals(
                    practice, "twin_contract", {"contract": contract.code}
                )
                for practice, contract in twins
                if (practice, contract.code) not in told
            ]
        )
