from . import test_bill_writer
