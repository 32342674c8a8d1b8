from . import cmor_practice, dunning_case, dunning_engine
