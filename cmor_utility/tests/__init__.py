from . import (
    test_candidates,
    test_declarations,
    test_export,
    test_flow_csv,
    test_flow_io,
    test_layouts_shipped,
    test_guards,
    test_race,
    test_rules_amount,
    test_rules_eligibility,
    test_rules_other,
    test_rules_window,
)
