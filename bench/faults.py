"""Kills at random statements: of a dunning run and a nightly valuation, each followed
by the same final state; of the sender of messages, each of which leaves at most once;
of the booking of losses, each of which is in the books once.

Usage: ./dev bench faults [--what run|valuation|outbox|losses] [--kills 200] [--seed 1]
       [--skip 0] [--write FILE]

`./dev test` does five of each. Exit status 1 when a state differs.
"""

import argparse
import sys
import time
from pathlib import Path

from tests import test_dunning_kill, test_loss_kill, test_valuation_kill
from tests.test_dunning_kill import kill_and_compare
from tests.test_outbox_kill import kill_and_judge

JOBS = {"run": test_dunning_kill.JOBS, "valuation": test_valuation_kill.JOBS}


def main(args):
    parser = argparse.ArgumentParser(prog="faults")
    parser.add_argument("--what", choices=(*JOBS, "outbox", "losses"), default="run")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--write", default="")
    options = parser.parse_args(args)
    begun, killed_at = time.monotonic(), []

    def told(batch):
        killed_at.extend(batch)
        seconds = time.monotonic() - begun
        held = "one state" if options.what in JOBS else "none twice, none forgotten"
        print(f"{len(killed_at)} kills, {held}, {seconds:.0f} s", flush=True)

    if options.what == "outbox":
        statements, doubts = kill_and_judge(options.kills, options.seed, told)
        middle = sum(point < 0 for point in killed_at)
        text = (
            f"{len(killed_at)} kills of the sender, {middle} in the middle of talking"
            f" to the server, the others at {statements} statements: no message left"
            f" twice, none was forgotten, {doubts} times one was in doubt,"
            f" {time.monotonic() - begun:.0f} s."
        )
    elif options.what == "losses":
        statements, between = test_loss_kill.kill_and_judge(
            options.kills, options.seed, told
        )
        text = (
            f"{len(killed_at)} kills of the booking of losses at {statements}"
            f" statements, {between} of them between two commits of the work: no loss"
            f" was booked twice, none without its record, none was forgotten,"
            f" {time.monotonic() - begun:.0f} s."
        )
    else:
        statements = kill_and_compare(
            options.kills, options.seed, options.skip, told, JOBS[options.what]
        )
        text = (
            f"{len(killed_at)} kills at {len(set(killed_at))} of {statements}"
            f" statements (from {min(killed_at)} to {max(killed_at)}): all the same"
            f" state, {time.monotonic() - begun:.0f} s."
        )
    print(text)
    if options.write:
        command = " ".join(["./dev bench faults", *args])
        Path(options.write).write_text(f"`{command}`\n\n```\n{text}\n```\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
