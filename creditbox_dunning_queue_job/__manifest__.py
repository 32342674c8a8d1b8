{
    "name": "CreditBox on many hosts",
    "summary": "The chunks of the nightly dunning run spread by OCA's queue_job",
    "version": "19.0.1.0.0",
    "author": "Odoo Utilities Italia",
    "license": "LGPL-3",
    "category": "Accounting/Accounting",
    "depends": ["creditbox_dunning", "queue_job"],
    "data": ["data/queue_job_data.xml"],
    "auto_install": True,
}
