"""Flow files broken at random: whole rows, rows with issues, or a refusal.

Usage: ./dev bench flow_faults [--mutations 10000] [--seed 1]

So many files of each kind of fault (bytes, lines, cells, encodings, tags, workbooks)
are read by the layouts that ship. The test suite reads 500 of each. Exit status 1 when
a file raised something else than a refusal, lost a row, or gave a row without issues
that is not whole.
"""

import argparse
import sys
import time
from pathlib import Path

import odoo.addons


def main(args):
    parser = argparse.ArgumentParser(prog="flow_faults")
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("--seed", default="1")
    options = parser.parse_args(args)
    odoo.addons.__path__.append(str(Path(__file__).parents[1]))
    from odoo.addons.cmor_utility.tests import flow_mutations

    start = time.monotonic()
    files, wrong = flow_mutations.run(options.mutations, options.seed)
    for form, kind, number, reason in wrong[:20]:
        print(f"{form} {kind} {number}: {reason[:500]}")
    seconds = time.monotonic() - start
    print(f"{files} broken files in {seconds:.0f} s: {len(wrong)} badly read.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
