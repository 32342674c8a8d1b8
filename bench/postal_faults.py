"""Files of a mail house broken at random: read or refused, never an exception.

Usage: ./dev bench postal_faults [--mutations 10000] [--seed 1]

So many of each kind of fault (bytes, cuts, gaps, repetitions, junk) of a table of
events and of an archive with its cards. The test suite reads 500 of each.
"""

import argparse
import sys
import time
from pathlib import Path

import odoo.addons


def main(args):
    parser = argparse.ArgumentParser(prog="postal_faults")
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(args)
    odoo.addons.__path__.append(str(Path(__file__).parents[1]))
    from odoo.addons.creditbox_dunning.tests import test_postal_formats as tests

    start = time.monotonic()
    read, refused = tests.read_mutants(
        tests.TestEvents.GOOD, options.mutations, options.seed
    )
    seconds = time.monotonic() - start
    print(f"{read} broken files read, {refused} refused in {seconds:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
