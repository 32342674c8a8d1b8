from . import dunning_outcome_wizard
from . import dunning_run_wizard
