from . import test_bridge, test_incoming_bridge
from . import test_valuation_bridge
