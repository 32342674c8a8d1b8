from . import test_bridge, test_incoming_bridge
