{
    "name": "Utility Supply",
    "summary": "Supply points, contracts, bills and data acquisition for utilities",
    "version": "19.0.1.0.0",
    "author": "Odoo Utilities Italia",
    "license": "LGPL-3",
    "category": "Accounting/Accounting",
    "depends": ["account", "mail", "sms", "l10n_it_edi"],
    "external_dependencies": {
        "python": [
            "fsspec",
            "holidays",
            "lxml",
            "openpyxl",
            "paramiko",
            "python-dateutil",
            "python-stdnum",
            "xlrd",
        ],
    },
    "data": [
        # groups first, then access, then the rest; menus last
        "security/utility_supply_groups.xml",
        "security/ir.model.access.csv",
        "security/utility_supply_security.xml",
        "views/utility_supply_menus.xml",
    ],
    "application": False,
}
