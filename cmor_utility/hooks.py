"""What has to happen once, when the module goes."""

from odoo.addons.utility_supply.uninstall import drop_foreign_keys


def uninstall_hook(env):
    """Files and layouts of the users must not hold back the shipped kinds of flow."""
    drop_foreign_keys(env, "cmor_")
