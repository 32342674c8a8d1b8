from odoo import api, models

from odoo.addons.utility_supply.models.import_folders import FolderError

from ..rules.outbox import ChannelInDoubt, ChannelTemporary


class DunningPostalDriver(models.AbstractModel):
    """How the files of a job get to a mail house: one small class each.

    To add one: a class that inherits this one with ``_driver`` and ``_label``. No other
    file changes: the form of the provider offers it by itself.
    """

    _name = "dunning.postal.driver"
    _description = "Way of handing over a postal job"

    # the word kept on the provider, and what people read
    _driver = ""
    _label = ""
    # a person hands the files over and says so
    _is_by_hand = False

    @api.model
    def _all(self):
        """{word: the driver's model} of every driver installed."""
        names = self.env.registry.descendants(["dunning.postal.driver"], "_inherit")
        return {
            self.env[name]._driver: self.env[name]
            for name in names
            if self.env[name]._driver
        }

    @api.model
    def _alerts(self, provider):
        """Texts of what is wrong in how ``provider`` is set up for this driver."""
        return []

    @api.model
    def _deliver(self, job):
        """Hand the files of ``job`` (``job._files()``) over; called once for each try.

        :return: the provider's reference, or ""
        :raise ChannelError: one of those of rules/outbox.py
        """
        raise NotImplementedError

    @api.model
    def _was_delivered(self, job):
        """Whether the files of a job whose sender died surely got there.

        :return: True; False when they surely did not; None when nobody can say
        """
        return


class DunningPostalDriverHand(models.AbstractModel):
    _name = "dunning.postal.driver.hand"
    _inherit = "dunning.postal.driver"
    _description = "Postal job handed over by a person"

    _driver = "hand"
    _is_by_hand = True

    @property
    def _label(self):
        return self.env._("By hand: somebody takes the files from here")


class DunningPostalDriverFolder(models.AbstractModel):
    """The files are left in a folder, local or SFTP, for the mail house to take."""

    _name = "dunning.postal.driver.folder"
    _inherit = "dunning.postal.driver"
    _description = "Postal job left in a folder"

    _driver = "folder"

    @property
    def _label(self):
        return self.env._("Left in a folder (local or SFTP)")

    @api.model
    def _alerts(self, provider):
        # OVERRIDE
        if not provider.work_folder_id:
            return [self.env._("Choose the folder that the jobs are left in.")]
        return []

    @api.model
    def _deliver(self, job):
        # OVERRIDE
        folder = job.provider_id.work_folder_id
        if not folder:
            raise ChannelTemporary(self.env._("There is no folder to leave it in."))
        try:
            folder._put(job._files())
        except FolderError as error:
            words = folder._problem_text(error)
            if error.code == "in_doubt":
                raise ChannelInDoubt(words, error.code) from error
            raise ChannelTemporary(words, error.code, is_provider=True) from error
        return ""

    @api.model
    def _was_delivered(self, job):
        # OVERRIDE: what lies there still surely arrived; what does not may have been
        # taken already
        folder = job.provider_id.work_folder_id
        try:
            return True if folder and folder._holds(job._files()) else None
        except FolderError:
            return None
