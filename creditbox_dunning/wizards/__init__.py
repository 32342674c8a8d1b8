from . import dunning_approval_wizard
from . import dunning_outcome_wizard
from . import dunning_run_wizard
from . import dunning_hold_wizard
from . import dunning_hold_end_wizard
