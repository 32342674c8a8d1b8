"""Kills of a dunning run at random statements, each followed by the same final state.

Usage: ./dev bench faults [--kills 200] [--seed 1]

`./dev test` does five of them. Exit status 1 when a state differs.
"""

import argparse
import sys

from tests.test_dunning_kill import kill_and_compare


def main(args):
    parser = argparse.ArgumentParser(prog="faults")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(args)
    statements = kill_and_compare(options.kills, options.seed)
    print(f"{options.kills} kills among {statements} statements: all the same state.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
