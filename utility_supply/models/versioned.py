"""Versions of what people decide: drafts are edited, what is in use never changes.

A table, a text: what was done names the version that it was done with, so that a later
version does not rewrite the past.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError


class UtilityVersionedMixin(models.AbstractModel):
    """One version of something: draft, published, superseded.

    A model says which of its fields are content (``_version_content``) and which
    records are versions of the same thing (:meth:`_versions_domain`); an index of its
    own keeps one of them published.
    """

    _name = "utility.versioned.mixin"
    _inherit = "utility.guarded.mixin"
    _description = "Versions: draft, published, superseded"

    _guarded_fields = frozenset({"state", "version", "published_by"})
    # what stays as it is once published
    _version_content = frozenset()

    name = fields.Char(required=True)
    version = fields.Integer(readonly=True, copy=False, aggregator=None)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("published", "Published"),
            ("superseded", "Superseded"),
        ],
        string="Status",
        required=True,
        default="draft",
        readonly=True,
        copy=False,
    )
    published_by = fields.Many2one("res.users", readonly=True, copy=False)

    @api.depends("name", "version")
    def _compute_display_name(self):
        for one in self:
            one.display_name = self.env._(
                "%(name)s, version %(version)s",
                name=one.name or "",
                version=one.version or "-",
            )

    def write(self, vals):
        if self._version_content & set(vals) and not self._is_guard_open():
            self._check_draft()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_if_draft(self):
        self._check_draft()

    def _check_draft(self):
        """Raise UserError when one of these is no draft."""
        if any(one.state != "draft" for one in self):
            raise UserError(self.env._("A published version stays as it is."))

    def _check_to_publish(self):
        """Raise UserError when one of these cannot be published: it is no draft."""
        if any(one.state != "draft" for one in self):
            raise UserError(self.env._("Only a draft can be published."))

    def _versions_domain(self):
        """Domain of all the versions of the same thing, this one included."""
        raise NotImplementedError

    def _publish(self, **more):
        """Publish these drafts, each with the next number; the ones in use are over.

        ``more``: further values of the published version. Who may is the caller's
        business.
        """
        for one in self.sudo():
            versions = one.search(one._versions_domain())
            earlier = versions.filtered(lambda other: other.state == "published")
            earlier._guarded().write({"state": "superseded"})
            # the index of the published one looks at each statement
            earlier.flush_recordset(["state"])
            one._guarded().write(
                {
                    "state": "published",
                    "version": max(versions.mapped("version"), default=0) + 1,
                    "published_by": self.env.uid,
                    **one._published_values(),
                    **more,
                }
            )

    def _published_values(self):
        """What else is written on the version that is published."""
        return {}

    def _open_form(self):
        """Window action on this version."""
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }
