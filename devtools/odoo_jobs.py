"""Small jobs that run inside Odoo (see `odoo_job`)."""

#: bundles of the back end; making them once saves each browser test some seconds
BUNDLES = (
    "web.assets_web",
    "web.assets_tests",
    "web.assets_web_print",
    "web.assets_emoji",
)


def finish_base(env):
    """Two Italian companies with their chart of accounts, and the Italian terms."""
    italy = env.ref("base.it")
    chart = env["account.chart.template"]
    first = env.company
    first.write({"name": "Energia Demo S.p.A.", "country_id": italy.id})
    chart.try_loading("it", first, install_demo=False)
    env["res.lang"]._activate_lang("it_IT")
    installed = env["ir.module.module"].search([("state", "=", "installed")])
    installed._update_translations(["it_IT"])
    second = env["res.company"].create(
        {"name": "Acqua Demo S.p.A.", "country_id": italy.id}
    )
    users = env.user | env.ref("base.user_admin")
    users.company_ids |= second
    chart.try_loading("it", second, install_demo=False)
    users.tz = "Europe/Rome"
    for company in first | second:
        if company.currency_id != env.ref("base.EUR"):
            raise ValueError(f"{company.name} has no Italian chart of accounts")


def finish_all(env):
    """Make the web client's bundles, which a clone then takes along."""
    qweb = env["ir.qweb"]
    for bundle in BUNDLES:
        qweb._get_asset_bundle(bundle, css=False, js=True).js()
        qweb._get_asset_bundle(bundle, css=True, js=False).css()


def console(env, path):
    """Run a Python file with `env` at hand (for `./dev shell < file`)."""
    with open(path) as handle:
        code = compile(handle.read(), path, "exec")
    exec(code, {"env": env, "__name__": "__main__"})  # noqa: S102
