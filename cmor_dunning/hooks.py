"""What has to happen once, when the module is installed."""


def post_init_hook(env):
    """Link the cases and the practices that are there already."""
    env["cmor.practice"].search([])._link_dunning_cases()
