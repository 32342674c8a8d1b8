"""What has to happen once, when the module is installed."""


def post_init_hook(env):
    """Give every company that exists its numbering and its standard action table."""
    env["res.company"].search([])._dunning_set_up()
