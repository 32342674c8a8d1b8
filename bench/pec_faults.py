"""PEC messages broken at random: read, or told what is wrong, never an exception.

Usage: ./dev bench pec_faults [--mutations 10000] [--seed 1]

So many messages of each kind of fault (bytes, lines, headers, parts, daticert.xml,
nesting) made from the golden set. The test suite reads 500 of each. Exit status 1 when
a message made the reader raise, or had an effect without certified time.
"""

import argparse
import sys
import time
from pathlib import Path

import odoo.addons


def main(args):
    parser = argparse.ArgumentParser(prog="pec_faults")
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("--seed", default="1")
    options = parser.parse_args(args)
    odoo.addons.__path__.append(str(Path(__file__).parents[1]))
    from odoo.addons.creditbox_dunning.tests import pec_mutations

    start = time.monotonic()
    read, wrong = pec_mutations.run(options.mutations, options.seed)
    for kind, number, reason, _data in wrong[:20]:
        print(f"{kind} {number}: {reason[:500]}")
    seconds = time.monotonic() - start
    print(f"{read} broken messages in {seconds:.0f} s: {len(wrong)} badly read.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
