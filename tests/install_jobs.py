"""Jobs of install_checks that run inside a real Odoo process."""

OURS = ("utility_supply", "creditbox_dunning", "cmor_utility", "cmor_dunning")


def uninstall(env, name):
    """Uninstall a module the way the Apps page does."""
    module = env["ir.module.module"].search([("name", "=", name)])
    module.button_immediate_uninstall()


def check_menus(env):
    """Every menu's action opens: its model is there and its views are sound."""
    menus = env["ir.ui.menu"].search([("action", "!=", False)])
    for menu in menus:
        action = menu.action
        if action._name == "ir.actions.act_window":
            views = [(False, mode) for mode in action.view_mode.split(",")]
            env[action.res_model].get_views(views)
