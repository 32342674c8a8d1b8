"""Files of others broken at random: read, or told what is wrong, never an exception.

Usage: ./dev bench broken_files flow|pec|post [--mutations 10000] [--seed 1]

So many of each kind of fault, made from files that are whole; the test suite reads 500
of each.

flow: bytes, lines, cells, encodings, tags and workbooks of the SII's flows; each gives
      whole rows, rows with issues, or a refusal. No row is lost.
pec:  bytes, lines, headers, parts, daticert.xml and nesting of the golden messages;
      without a certified time a message has no effect.
post: bytes, cuts, gaps, repetitions and junk of a table of events and of an archive
      with its cards; read or refused.

Exit status 1 when one was badly read.
"""

import argparse
import sys
import time
from pathlib import Path

import odoo.addons


def _flow(options):
    from odoo.addons.cmor_utility.tests import flow_mutations

    files, wrong = flow_mutations.run(options.mutations, options.seed)
    return files, [
        f"{form} {kind} {number}: {why}" for form, kind, number, why in wrong
    ]


def _pec(options):
    from odoo.addons.creditbox_dunning.tests import pec_mutations

    read, wrong = pec_mutations.run(options.mutations, options.seed)
    return read, [f"{kind} {number}: {why}" for kind, number, why, _data in wrong]


def _post(options):
    from odoo.addons.creditbox_dunning.tests import test_postal_formats as tests

    # what a reader raises else than a refusal ends the run
    good = tests.TestEvents.GOOD
    read, refused = tests.read_mutants(good, options.mutations, int(options.seed))
    print(f"{refused} were refused.")
    return read + refused, []


READERS = {"flow": _flow, "pec": _pec, "post": _post}


def main(args):
    parser = argparse.ArgumentParser(prog="broken_files")
    parser.add_argument("what", choices=READERS)
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("--seed", default="1")
    options = parser.parse_args(args)
    odoo.addons.__path__.append(str(Path(__file__).parents[1]))
    start = time.monotonic()
    files, wrong = READERS[options.what](options)
    for line in wrong[:20]:
        print(line[:500])
    seconds = time.monotonic() - start
    print(f"{files} broken files in {seconds:.0f} s: {len(wrong)} badly read.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
