"""What may be written only by the product's own code.

A state, a proof or a decision must not be writable by whoever knows how to call
`write` over RPC, not even by an administrator. Hiding the field is no guard, and a
context flag is none either: RPC clients choose their context. The guard here is an
object that lives in this process only and is compared by identity: nothing that comes
through JSON can be that object.
"""

from odoo import api, models
from odoo.exceptions import AccessError

GUARD = object()


class UtilityGuardedMixin(models.AbstractModel):
    """Fields listed in ``_guarded_fields`` change only through ``_guarded()``.

    A class that extends a model lists only its own: they add up.
    """

    _name = "utility.guarded.mixin"
    _description = "Fields that only the program itself may write"

    _guarded_fields = frozenset()

    def _guarded(self):
        """This recordset, allowed to write its guarded fields. Private: not RPC."""
        return self.with_context(utility_guard=GUARD)

    def _all_guarded_fields(self):
        """The fields that the model and all that extends it guard."""
        listed = (vars(each).get("_guarded_fields", ()) for each in type(self).mro())
        return frozenset().union(*listed)

    def _is_guard_open(self):
        return self.env.context.get("utility_guard") is GUARD

    def _check_guarded(self, vals):
        """Raise AccessError when ``vals`` sets a guarded field from outside."""
        if self._is_guard_open():
            return
        refused = sorted(self._all_guarded_fields() & set(vals))
        if refused:
            labels = self.fields_get(refused, ["string"])
            raise AccessError(
                self.env._(
                    "%(fields)s of %(model)s is set by the program only, use the"
                    " buttons.",
                    fields=", ".join(labels[name]["string"] for name in refused),
                    model=self.env["ir.model"]._get(self._name).display_name,
                )
            )

    def _check_guarded_create(self, vals_list):
        """Raise AccessError when new records would start with a guarded value."""
        if self._is_guard_open():
            return
        defaults = self.default_get(list(self._all_guarded_fields()))
        for vals in vals_list:
            # forms send the default back: that is no attempt to set it
            self._check_guarded(
                {
                    name: value
                    for name, value in vals.items()
                    if value and value != defaults.get(name)
                }
            )

    @api.model_create_multi
    def create(self, vals_list):
        self._check_guarded_create(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        self._check_guarded(vals)
        return super().write(vals)
