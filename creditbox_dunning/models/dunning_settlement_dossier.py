from odoo import models
from odoo.tools import format_date

# folders of the ZIP
SETTLEMENTS, PROOFS = "stralci", "inesigibilita"


class DunningCase(models.Model):
    """Settlements, losses and what proves them, in the dossier of the case.

    Request, approval, the offer as it was sent, payments, entry: of what the reader may
    read. The letters and messages themselves are among the messages of the case.
    """

    _inherit = "dunning.case"

    def _dossier_values(self, members):
        # EXTENDS dunning.case
        values = super()._dossier_values(members)
        settlements = self._dossier_of("dunning.settlement").sorted("id")
        received = settlements.sudo()._payments_told()
        return {
            **values,
            "settlements": [
                {
                    "one": one,
                    "request": one.sudo().request_id,
                    "messages": one.sudo().action_id.communication_ids.sorted("id"),
                    "payments": received.get(one.id, ()),
                    "moves": one.sudo().event_ids.move_id.sorted("id"),
                }
                for one in settlements
            ],
            "losses": self._dossier_of("dunning.writeoff.line")
            .filtered(lambda line: line.state in ("booked", "income"))
            .sorted("id"),
            "loss_proofs": self._dossier_loss_proofs(),
        }

    def _dossier_of(self, model):
        """The records of ``model`` about this case that the reader may read."""
        records = self.env[model]
        if not records.has_access("read"):
            return records
        return records.search([("case_id", "=", self.id)])

    def _dossier_loss_proofs(self):
        if not self.env["dunning.loss.proof"].has_access("read"):
            return self.env["dunning.loss.proof"]
        return self._loss_proofs().sorted(lambda proof: (proof.date, proof.id))

    def _dossier_originals(self):
        # EXTENDS dunning.case
        yield from super()._dossier_originals()
        seen = set()
        settlements = self._dossier_of("dunning.settlement").sorted("id")
        files = self._documents_of(settlements)
        for one in settlements:
            for file in files.get(one.id, ()):
                yield from self._member(SETTLEMENTS, file, one.name, seen)
        for proof in self._dossier_loss_proofs():
            # whoever may read the proof may have its documents
            for file in proof.sudo().attachment_ids:
                yield from self._member(PROOFS, file, proof.display_name, seen)


class DunningSettlement(models.Model):
    _inherit = "dunning.settlement"

    def _payments_told(self):
        """{settlement id: [(value date, amount, payment)]} matched since the offer."""
        known = {one.id: set(one.known_partials or ()) for one in self}
        found = {one.id: [] for one in self}
        items = self.env["account.move.line"]
        for settlement_id, partial_id, item, amount, _rest, day in self._read_money():
            if partial_id not in known[settlement_id]:
                payment = items.browse(item).sudo().move_id.name
                found[settlement_id].append(
                    (format_date(self.env, day), amount, payment)
                )
        return found
