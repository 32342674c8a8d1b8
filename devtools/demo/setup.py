"""Companies, books, users and roles that the demonstration stands on.

Idempotent: the second call finds what the first one made.
"""

from odoo import Command

from . import logo

BOTH = ("energy", "water")
# login (= password), name, groups, companies: the first is the usual one
USERS = (
    (
        "operatore",
        "Olga Operatore",
        ("creditbox_dunning.group_dunning_operator",),
        ("energy",),
    ),
    (
        "operatore_acqua",
        "Anna Acqua",
        ("creditbox_dunning.group_dunning_operator",),
        ("water",),
    ),
    (
        "responsabile",
        "Renato Responsabile",
        ("creditbox_dunning.group_dunning_manager",),
        ("energy",),
    ),
    (
        "direttore",
        "Daria Direttore",
        ("creditbox_dunning.group_dunning_director",),
        ("energy",),
    ),
    ("gruppo", "Guido Gruppo", ("creditbox_dunning.group_dunning_group",), BOTH),
    ("cmor", "Carla Cmor", ("cmor_utility.group_cmor_user",), ("energy",)),
    (
        "cmor_responsabile",
        "Corrado Cmor",
        (
            "cmor_utility.group_cmor_manager",
            "creditbox_dunning.group_dunning_operator",
        ),
        ("energy",),
    ),
    (
        "amministratore",
        "Ada Amministratore",
        (
            "creditbox_dunning.group_dunning_admin",
            "cmor_utility.group_cmor_manager",
            "utility_supply.group_utility_admin",
        ),
        BOTH,
    ),
    (
        "riservati",
        "Rita Riservati",
        (
            "utility_supply.group_utility_user",
            "utility_supply.group_protected_data_reader",
        ),
        BOTH,
    ),
    ("contabile", "Carlo Contabile", ("account.group_account_invoice",), BOTH),
)
BOOKS = {"energy": "subledger", "water": "full"}
# what a message or an order costs: the reports set it against what was collected
COSTS = {"sms": 0.045, "email": 0.002, "pec": 0.35, "pp": 0.95, "ar": 5.4, "file": 1.5}


def italian(env):
    """The users speak Italian: the language has to be there."""
    if "it_IT" not in dict(env["res.lang"].get_installed()):
        env["res.lang"]._activate_lang("it_IT")
        modules = env["ir.module.module"].search([("state", "=", "installed")])
        modules._update_translations(["it_IT"])


def companies(env, datasets):
    """{"energy": res.company, "water": res.company}, ready for bills."""
    italian(env)
    found = {}
    for key, dataset in datasets.items():
        company = env["res.company"].search([("name", "=", dataset.name)], limit=1)
        if not company and not found:
            company = env.ref("base.main_company")
        if not company:
            company = env["res.company"].create({"name": dataset.name})
        _dress(env, company, dataset)
        company.logo = logo.png(key, dataset.name)
        company.utility_book_mode = BOOKS[key]
        company._utility_setup_books()
        company._utility_check_books()
        found[key] = company
    members = env["res.company"].concat(*found.values())
    users = env.user | env.ref("base.user_admin")
    users.company_ids |= members
    if not env["utility.group"].search([("name", "=", "Gruppo Demo")], limit=1):
        env["utility.group"].create(
            {
                "name": "Gruppo Demo",
                "head_company_id": found["energy"].id,
                "member_ids": [Command.set(members.ids)],
            }
        )
    return found


def _holiday(env, company):
    """A holiday of its own, of a day that no term of the demonstration touches."""
    holidays = env["utility.holiday"]
    if not holidays.search_count([("company_id", "=", company.id)], limit=1):
        holidays.create(
            {
                "name": "Uffici chiusi per neve (esempio)",
                "company_id": company.id,
                "date_from": "2018-02-26",
                "source": "Ordinanza del sindaco",
            }
        )


def _dress(env, company, dataset):
    """Name, VAT number, address and the Italian chart of accounts."""
    italy = env.ref("base.it")
    company.write(
        {
            "name": dataset.name,
            "country_id": italy.id,
            "vat": f"IT{dataset.vat}",
            "street": "Via del Porto, 12",
            "zip": "60121",
            "city": "Ancona",
            "state_id": env.ref("base.state_it_an").id,
            "email": f"credito@{dataset.company}.example.com",
            "phone": "+39 071 000000",
            # what the payment codes of its bills are
            "dunning_slip_kind": "pagopa",
        }
    )
    if company.chart_template != "it":
        env["account.chart.template"].try_loading("it", company, install_demo=False)
    _holiday(env, company)
    costs = env["dunning.channel.cost"]
    if not costs.search_count([("company_id", "=", company.id)], limit=1):
        costs.create(
            [
                {
                    "company_id": company.id,
                    "channel": channel,
                    "date_from": "2020-01-01",
                    "cost": cost,
                    "note": "Listino dimostrativo",
                }
                for channel, cost in COSTS.items()
            ]
        )


def users(env, by_key):
    """The users of each role; {login: res.users}."""
    found = {}
    for login, name, groups, keys in USERS:
        user = env["res.users"].search([("login", "=", login)], limit=1)
        seen = env["res.company"].concat(
            *(by_key[key] for key in keys if key in by_key)
        )
        if not seen:  # of a company that is not set up here
            continue
        values = {
            "name": name,
            "login": login,
            "password": login,
            "email": f"{login}@energy.example.com",
            "lang": "it_IT",
            "tz": "Europe/Rome",
            "company_id": seen[0].id,
            "company_ids": [Command.set(seen.ids)],
            "group_ids": [Command.link(env.ref(group).id) for group in groups],
        }
        if user:
            user.write(values)
        else:
            user = env["res.users"].with_context(no_reset_password=True).create(values)
        found[login] = user
    return found


def roles(env, company, operators, today):
    """The energy seller's accredited roles towards the SII, one a sector."""
    existing = env["cmor.company.role"].search([("company_id", "=", company.id)])
    for sector in ("electricity", "gas"):
        if existing.filtered(lambda role, sector=sector: role.sector == sector):
            continue
        existing |= env["cmor.company.role"].create(
            {
                "company_id": company.id,
                "role": "udd",
                "sector": sector,
                "side_outgoing": True,
                "side_incoming": True,
                "vat": company.vat,
                "date_from": today.replace(year=today.year - 3, day=1),
                "accreditation_state": "accredited",
                "accreditation_date": today.replace(year=today.year - 3, day=1),
                "portal_user": "DEMO01",
                "user_ids": [Command.set(operators.ids)],
            }
        )
    return existing
