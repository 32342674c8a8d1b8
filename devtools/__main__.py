"""`python -m devtools` is `./dev` once the Python environment stands."""

import sys

from .cli import main

sys.exit(main(sys.argv[1:]))
