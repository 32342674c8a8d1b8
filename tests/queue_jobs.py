"""Jobs of test_queue_job that run inside a real Odoo process."""

from odoo import fields

from odoo.addons.creditbox_dunning.tests.many import clone_bills

from .install_jobs import supply_with_bill


def fill(env, count):
    """``count`` supplies with an overdue bill each."""
    clone_bills(supply_with_bill(env), int(count) - 1)


def start(env):
    """What the button of the background run does."""
    env["dunning.run"].start_for(env.company, fields.Date.today())
