"""What has to happen once, when the module comes and when it goes."""

from odoo.addons.utility_supply.uninstall import drop_foreign_keys


def post_init_hook(env):
    """Give every company that exists its numbering and its standard action table."""
    env["res.company"].search([])._dunning_set_up()


def uninstall_hook(env):
    """The rules that the users wrote must not hold back the shipped action types."""
    drop_foreign_keys(env, "dunning_")
