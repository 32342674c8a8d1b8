{
    "name": "CMOR and dunning",
    "summary": "A switched-out supply with an overdue case becomes a CMOR candidate",
    "version": "19.0.1.0.0",
    "author": "Odoo Utilities Italia",
    "license": "LGPL-3",
    "category": "Accounting/Accounting",
    "depends": ["creditbox_dunning", "cmor_utility"],
    "data": [
        "security/ir.model.access.csv",
        "data/dunning_hold_reason_data.xml",
        "views/cmor_practice_views.xml",
        "views/dunning_case_views.xml",
    ],
    "assets": {"web.assets_tests": ["cmor_dunning/static/tests/tours/*.js"]},
    "post_init_hook": "post_init_hook",
    "auto_install": True,
}
