import fnmatch

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.utility_supply.formats import tabular
from odoo.addons.utility_supply.formats.issues import FileRefused, make
from odoo.addons.utility_supply.models import import_folders as folders

from ..formats.postal_events import NAME
from ..formats.postal_package import MAX_BYTES, open_received


class UtilityImportSource(models.Model):
    """A polled folder may bring the outcomes of a mail house."""

    _inherit = "utility.import.source"

    purpose = fields.Selection(
        selection_add=[("postal", "Outcomes of the post")],
        ondelete={"postal": "cascade"},
    )
    postal_provider_id = fields.Many2one(
        "dunning.service.provider",
        string="Mail house",
        domain="[('kind', '=', 'post')]",
        index="btree_not_null",
        check_company=False,
    )

    @api.constrains("purpose", "postal_provider_id")
    def _check_postal_provider(self):
        for source in self:
            if source.purpose == "postal" and not source.postal_provider_id:
                raise ValidationError(self.env._("Choose the mail house."))

    def _waiting(self, folder, now):
        # EXTENDS: here a ZIP is a file like the others
        if self.purpose != "postal":
            return super()._waiting(folder, now)
        return [
            (found, None)
            for found in folder.files()
            if fnmatch.fnmatch(found.name.lower(), self.pattern.lower())
            and now - found.modified >= self.quiet_seconds
        ]

    def _take(self, folder, found, proofs=None):
        # EXTENDS: kept and committed before it is moved aside; applied by the
        # acquisition like every other file
        if self.purpose != "postal":
            return super()._take(folder, found, proofs)
        commit = self.env["ir.cron"]._commit_progress
        data = folder.bytes_of(found, MAX_BYTES)
        provider = self.postal_provider_id
        batches = self._pending(found.name, data)
        where = folders.DONE
        try:
            batches = batches or provider._receive_postal(
                found.name, data, self.company_id, source=self
            )
        except FileRefused as refusal:
            batches = self.env["utility.import.batch"]._receive_refused(
                self, found.name, data, refusal.issues
            )
            where = folders.REJECTED
        commit()
        folder.move(found, where, folders.utc_now())
        batches._guarded().write({"is_in_folder": False})
        commit()
        return None


class DunningServiceProvider(models.Model):
    _inherit = "dunning.service.provider"

    def _receive_postal(self, name, data, company, source=None):
        """Keep what the mail house sent for ``company`` and put it to work.

        The bytes are kept as they came; the same file twice changes nothing.

        :return: the batches of its tables; none when all of it was received before
        :raise FileRefused: it cannot be opened, or nothing in it can be used
        """
        self.ensure_one()
        received = open_received(data, name)
        if not received.tables and not received.proofs:
            raise FileRefused(
                *[found for _name, found in received.damaged]
                or [make("package_empty", value=name)]
            )
        is_archive = tabular.sniff(data) == "ZIP"
        batches = self.env["utility.import.batch"].sudo()
        for table_name, table in received.tables:
            try:
                batches |= batches._receive(
                    company,
                    table_name,
                    table,
                    [self._postal_profile()],
                    source,
                    proofs=data if is_archive else None,
                    values=self._batch_values(received, source),
                ).sudo()
            except UserError:
                continue  # these very rows are here already
        self._keep_cards(name, data, company, received, batches.file_id)
        batches._trigger_work()
        return batches

    def _batch_values(self, received, source):
        """Values of the batches: what of the archive is not understood is told."""
        sentence = self.env["utility.import.message"]._sentence
        lines = [sentence(found) for _name, found in received.damaged]
        if received.others:
            lines.append(
                self.env._(
                    "Neither a table nor a card, kept in the archive: %(names)s.",
                    names=", ".join(received.others[:20]),
                )
            )
        return {
            "state": "running",
            "date_start": fields.Datetime.now(),
            "is_in_folder": bool(source),
            "postal_note": "\n".join(lines) or False,
        }

    def _keep_cards(self, name, data, company, received, files):
        """The scanned cards, for events of this file, of earlier and of later ones."""
        if not received.proofs:
            return
        kept = self.env["utility.import.file"].sudo()
        digest = kept._digest(data)
        file = files[:1] or kept.search(
            [("company_id", "=", company.id), ("sha256", "=", digest)], limit=1
        )
        if not file:
            file = kept._keep(company, name, data)
        self.env["dunning.postal.event"].sudo()._keep_cards(file, received.proofs)

    def _postal_profile(self):
        """How its tables are read."""
        profiles = self.env["utility.import.profile"].sudo()
        return self.postal_profile_id.sudo() or profiles.search(
            [("dataset", "=", NAME), ("is_shipped", "=", True)], limit=1
        )
