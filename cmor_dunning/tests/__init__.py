from . import test_bridge, test_incoming_bridge, test_readers
from . import test_valuation_bridge
