from . import cmor_practice, cmor_practice_incoming, dunning_case, dunning_engine
from . import dunning_valuation_facts
from . import cmor_practice_plan
from . import cmor_practice_told
