from . import dunning_approval_wizard
from . import dunning_outcome_wizard
from . import dunning_run_wizard
from . import dunning_hold_wizard
from . import dunning_hold_end_wizard
from . import dunning_table_import_wizard
from . import dunning_set_copy_wizard
from . import dunning_replan_wizard
