"""Lines per second of our run against OCA account_credit_control and INSERT ... SELECT.

Usage: ./dev bench run [--sizes 10000,100000] [--peer 20000] [--per 3] [--write FILE]

Bills made by set-based SQL, three a supply; every case gets its step (work for a
person: rendering messages is another matter), every bill is listed with what is open.
The peer proposes the same bills in a clone of the same database, in the same run of the
benchmark. Exit status 1 when a bound does not hold:

* at least 20 times the peer's lines a second;
* at most 3 times one INSERT ... SELECT of the same rows;
* time per bill at 50,000 at most 1.25 times that at 5,000;
* two companies at once at most 1.3 times the slower alone;
* memory does not grow with the bills.
"""

import argparse
import json
import sys
import threading
from pathlib import Path

from devtools import databases, oca, processes, testkit

RATIO_BOUND, INSERT_BOUND, GROWTH_BOUND, TOGETHER_BOUND = 20, 3, 1.25, 1.3
# MB from the smallest to the largest number of bills
MEMORY_BOUND = 100
JOBS = "bench._run_jobs"
PEER = "account_credit_control"


def main(args):
    options = parse(args)
    bench = Bench(options)
    good = bench.run()
    bench.say("All bounds hold." if good else "A BOUND DOES NOT HOLD.")
    if options.write:
        command = "./dev bench run " + " ".join(args)
        text = "\n".join(bench.lines)
        Path(options.write).write_text(f"`{command}`\n\n```\n{text}\n```\n")
    return 0 if good else 1


def parse(args):
    parser = argparse.ArgumentParser(prog="run")
    parser.add_argument("--sizes", default="10000,100000")
    parser.add_argument("--growth", default="5000,50000")
    parser.add_argument("--together", type=int, default=20000)
    parser.add_argument("--peer", type=int, default=20000)
    parser.add_argument("--per", type=int, default=3)
    parser.add_argument("--write", default="")
    return parser.parse_args(args)


def peer_figures(database):
    """The peer installed into ``database``, then its figures."""
    room = testkit.current()
    ours = room.config("paths").read_text().split("addons_path = ")[1].split("\n")[0]
    path = f"{ours},{oca.addons(PEER)}"
    config = room.config("peer", addons_path=path)
    command = processes.odoo_command(room, "server", config, "-d", database, "-i", PEER)
    log = Path(room.run_dir) / "peer.log"
    command += ["--stop-after-init", "--no-http", "--log-level=warn"]
    if processes.run(room, command, log=log):
        raise SystemExit(processes.tail(log))
    command = databases.job_command(room, config, database, f"{JOBS}:peer", 1)
    status = processes.run(room, command, log=log)
    return figures_of(status, log.read_text(), "peer")


def job(database, entry, *args):
    """Figures that a job of _run_jobs tells."""
    status, log = testkit.job(database, f"{JOBS}:{entry}", *args, timeout=7200)
    return figures_of(status, log, entry)


def figures_of(status, log, entry):
    found = [line for line in log.splitlines() if line.startswith("RESULT ")]
    if status or not found:
        raise SystemExit(f"{entry} failed:\n{log[-3000:]}")
    return json.loads(found[-1].removeprefix("RESULT "))


class Bench:
    def __init__(self, options):
        self.options = options
        self.lines = []

    def say(self, *columns):
        line = "  ".join(f"{column!s:<24}" for column in columns).rstrip()
        self.lines.append(line)
        print(line, flush=True)

    def run(self):
        options = self.options
        good = self.growth([int(size) for size in options.growth.split(",") if size])
        good &= self.sizes([int(size) for size in options.sizes.split(",") if size])
        if options.together:
            good &= self.together(options.together)
        if options.peer:
            good &= self.peer(options.peer)
        return good

    def once(self, size, database):
        job(database, "prepare", 1, size, self.options.per)
        figures = job(database, "ours", 1)
        if figures["errors"] or figures["lines"] < size - self.options.per:
            raise SystemExit(f"wrong result: {figures}")
        return figures

    def growth(self, sizes):
        if not sizes:
            return True
        per_item = []
        self.say("growth: bills", "seconds", "ms a bill")
        for size in sizes:
            with testkit.database() as database:
                seconds = self.once(size, database)["seconds"]
            per_item.append(seconds / size)
            self.say(size, f"{seconds:.1f}", f"{1000 * seconds / size:.3f}")
        ratio = per_item[-1] / per_item[0]
        self.say("growth", f"{ratio:.2f} x", f"bound {GROWTH_BOUND} x")
        return ratio <= GROWTH_BOUND

    def sizes(self, sizes):
        good, peaks = True, []
        self.say(
            "run: bills", "cases", "lines/s", "statements/chunk", "peak MB",
            "x INSERT..SELECT", "quiet night s",
        )  # fmt: skip
        for size in sizes:
            with testkit.database() as database:
                ours = self.once(size, database)
                plain = job(database, "insert_select", 1)
                quiet = job(database, "again", 1)
            ratio = ours["seconds"] / plain["seconds"]
            good &= ratio <= INSERT_BOUND
            peaks.append(ours["memory"])
            self.say(
                size,
                ours["cases"],
                f"{ours['lines'] / ours['seconds']:.0f}",
                f"{ours['statements'] / max(1, ours['chunks']):.0f}",
                f"{ours['memory']:.0f}",
                f"{ratio:.1f} (bound {INSERT_BOUND})",
                f"{quiet['seconds']:.1f}",
            )
        if len(peaks) > 1:
            grown = peaks[-1] - peaks[0]
            self.say("memory grows by", f"{grown:.0f} MB", f"bound {MEMORY_BOUND} MB")
            good &= grown <= MEMORY_BOUND
        return good

    def together(self, size):
        """Two companies one after the other and at once, in processes of their own."""
        with testkit.database() as database:
            company = job(database, "second_company")["company"]
            for which in (1, company):
                job(database, "prepare", which, size, self.options.per)
            with testkit.database(source=database) as other:
                alone = [job(other, "ours", c)["seconds"] for c in (1, company)]
            found = {}

            def work(which):
                found[which] = job(database, "ours", which)["seconds"]

            threads = [threading.Thread(target=work, args=(c,)) for c in (1, company)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        ratio = max(found.values()) / max(alone)
        self.say("two companies at once", f"{ratio:.2f} x", f"bound {TOGETHER_BOUND} x")
        return ratio <= TOGETHER_BOUND

    def peer(self, size):
        """The same bills by ours and by the peer, in clones of one database."""
        with testkit.database() as database:
            job(database, "prepare", 1, size, self.options.per)
            with testkit.database(source=database) as other:
                theirs = peer_figures(other)
            ours = job(database, "ours", 1)
        self.say("proposal", "lines", "seconds", "lines/s", "statements")
        speeds = []
        for label, figures in (("account_credit_control", theirs), ("ours", ours)):
            speeds.append(figures["lines"] / figures["seconds"])
            self.say(
                label,
                figures["lines"],
                f"{figures['seconds']:.1f}",
                f"{speeds[-1]:.0f}",
                figures["statements"],
            )
        ratio = speeds[1] / speeds[0]
        self.say("ratio to the peer", f"{ratio:.1f} x", f"bound {RATIO_BOUND} x")
        return ratio >= RATIO_BOUND


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
