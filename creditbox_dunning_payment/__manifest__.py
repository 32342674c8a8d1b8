{
    "name": "CreditBox: all overdue bills paid online",
    "summary": "One online payment for what a customer still owes",
    "version": "19.0.1.0.0",
    "author": "Odoo Utilities Italia",
    "license": "LGPL-3",
    "category": "Accounting/Accounting",
    "depends": ["creditbox_dunning", "account_payment"],
    "data": ["views/portal_templates.xml"],
    "auto_install": True,
}
