from odoo import models

from ..rules import info

PLACE = frozenset({"street", "zip", "city", "state_id", "country_id"})


class UtilityImportLoaderCustomers(models.AbstractModel):
    """The billing system goes on sending the address at which letters came back: the
    one that was found stays. Another address than the lost one is the customer's new
    one, and is taken."""

    _inherit = "utility.import.loader.customers"

    def _facts(self, batch, records):
        # EXTENDS
        facts = super()._facts(batch, records)
        answers = (
            self.env["dunning.info.request"]
            .sudo()
            .search_fetch(
                [
                    ("partner_id", "in", [p.id for p in facts["partners"].values()]),
                    ("is_used", "=", True),
                    ("old_place", "!=", False),
                ],
                ["partner_id", "old_place", "street", "zip", "city"],
                order="id",
            )
        )
        # {customer: (where letters came back, where the customer was found)}
        facts["lost_places"] = {}
        for one in answers:
            lost, _found = facts["lost_places"].get(one.partner_id.id, (set(), ""))
            found = info.place_key(one.street, one.zip, one.city)
            facts["lost_places"][one.partner_id.id] = (lost | {one.old_place}, found)
        return facts

    def _partner_changes(self, partner, record, facts):
        # EXTENDS
        changes = super()._partner_changes(partner, record, facts)
        lost, found = facts["lost_places"].get(partner.id, ((), ""))
        told = info.place_key(
            *(record.get(n) or partner[n] for n in ("street", "zip", "city"))
        )
        here = info.place_key(partner.street, partner.zip, partner.city)
        if told in lost and here == found:
            return {name: changes[name] for name in changes if name not in PLACE}
        return changes
