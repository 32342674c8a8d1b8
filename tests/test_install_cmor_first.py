"""The CMOR app alone, then beside the other one (a file each: they run at once)."""

from .install_checks import CMOR, CREDIT, check_order


def test_alone_and_beside_the_other():
    check_order(CMOR, CREDIT)
