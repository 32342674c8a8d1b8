"""The optional bridge to Odoo's online payments, installed beside the others."""

from devtools import databases, testkit

from .install_checks import _clean

BRIDGE = "creditbox_dunning_payment"


def test_overdue_bills_paid_online():
    with testkit.database() as name:
        _clean(
            *testkit.odoo(name, "-i", BRIDGE, "--test-tags", f"/{BRIDGE}", http=True)
        )
        with databases.connection(testkit.current(), name) as cr:
            cr.execute("SELECT state FROM ir_module_module WHERE name = %s", [BRIDGE])
            assert cr.fetchone() == ("installed",)
