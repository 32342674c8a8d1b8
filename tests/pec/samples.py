"""The samples of the module's own tests, without loading the module (nor Odoo)."""

import importlib.util
from pathlib import Path

_FILE = Path(__file__).parents[2] / "creditbox_dunning" / "tests" / "pec_samples.py"
_spec = importlib.util.spec_from_file_location("pec_samples", _FILE)
pec_samples = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(pec_samples)
