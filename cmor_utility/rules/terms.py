"""The numbers that the rules need, as one immutable value.

The add-on keeps them as dated records (``cmor.parameter``); the rules only see this
dataclass. The defaults are those shipped, and are used by tests.
"""

from dataclasses import dataclass, fields
from decimal import Decimal

MEAN = "mean"
DEAREST = "dearest"
PRO_RATA = "pro_rata"
WHOLE = "whole"
EXCLUDE = "exclude"


@dataclass(frozen=True)
class Terms:
    """Terms and thresholds of the TISIND (Allegato A to 593/2017/R/com).

    Units are in the names; amounts are euro as ``Decimal``.
    """

    credit_window_months: int = 5  # art. 2.2
    cap_months: int = 4
    cap_reference_months: int = 12
    request_open_months: int = 6  # art. 7.1
    request_close_months: int = 12  # art. 7.1
    request_close_month_end: bool = True
    closing_soon_days: int = 30
    min_amount: Decimal = Decimal("10.00")
    min_inclusive: bool = True
    cap_method: str = MEAN
    straddle_rule: str = PRO_RATA
    prev_on_top: bool = True
    costs_in_credit: bool = False
    scope_ele_voltages: tuple = ("low", "medium")
    scope_gas_condominium_smc: Decimal = Decimal("200000")
    scope_gas_other_smc: Decimal = Decimal("50000")
    scope_gas_public_service: bool = False
    notice_proof_required: bool = True
    reconstruction_always_told: bool = True
    point_check_by_sii: bool = True
    prescription_months: int = 24
    sii_check_days: int = 2

    @classmethod
    def from_values(cls, values):
        """Build from ``{key: typed value}``; unknown keys are other parameters.

        :param dict values: typed values of the parameters in force on a date
        :return: ``Terms``; a key that is missing keeps the shipped default
        """
        known = {item.name for item in fields(cls)}
        return cls(**{key: val for key, val in values.items() if key in known})
