"""Lines per second of our run against OCA account_credit_control and INSERT ... SELECT.

Usage: ./dev bench run [--sizes 10000,100000] [--peer 20000] [--per 3] [--write FILE]

Bills made by set-based SQL, three a supply, of amounts and due dates that differ; every
case gets its step (work for a person: rendering messages is another matter), every bill
is listed with what is open.

The peer works on the same bills in clones of the same database, in the same run of the
benchmark, between two runs of ours. Our run opens a case for each customer's supply and
lists its bills with the step; the peer's counterpart is to propose a line for each bill
and to build the communications, a customer's lines put together. The bound of 20 is for
that; the ratio to proposing alone is printed beside it.

INSERT ... SELECT writes again all rows that the run made, whatever the table, by one
statement a table; the rows that the run changed (a receivable names its case) by one
UPDATE, printed apart. The bound of 3 is for all that the run wrote; the stricter ratio
to the made rows alone is printed beside it.

Seconds are wall time; beside it the CPU time of the Odoo process and its PostgreSQL
backend, which says more when others use the machine. Exit status 1 when a bound does
not hold:

* at least 20 times the peer's lines a second;
* at most 3 times INSERT ... SELECT;
* time per bill at 50,000 at most 1.25 times that at 5,000;
* two companies at once at most 1.3 times the slower alone;
* memory does not grow with the bills.
"""

import argparse
import json
import os
import sys
import threading
import time
from collections import defaultdict
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
    parser.add_argument("--repeat", type=int, default=2, help="runs of each size")
    parser.add_argument(
        "--chunks", type=int, default=0, help="stop the runs after so many chunks"
    )
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
        self.say_machine()
        good = self.growth([int(size) for size in options.growth.split(",") if size])
        good &= self.sizes([int(size) for size in options.sizes.split(",") if size])
        if options.together:
            good &= self.together(options.together)
        if options.peer:
            good &= self.peer(options.peer)
        self.say_machine()
        return good

    def say_machine(self):
        """The day and the load: times without them say little."""
        load = " ".join(f"{one:.1f}" for one in os.getloadavg())
        now = time.strftime("%Y-%m-%d %H:%M")
        self.say(f"{now}, {os.cpu_count()} cores, load {load}")

    def once(self, size, database, chunks=0):
        figures = job(database, "ours", 1, chunks)
        if figures["errors"] or (
            not chunks and figures["lines"] < size - self.options.per
        ):
            raise SystemExit(f"wrong result: {figures}")
        return figures

    def growth(self, sizes):
        if not sizes:
            return True
        found = defaultdict(list)
        self.say("growth: bills", "seconds", "CPU s", "ms a bill", "CPU ms a bill")
        for _number in range(self.options.repeat):
            for size in sizes:
                with testkit.database() as database:
                    job(database, "prepare", 1, size, self.options.per)
                    ours = self.once(size, database)
                found[size].append((ours["seconds"] / size, ours["cpu"] / size))
                self.say(
                    size,
                    f"{ours['seconds']:.1f}",
                    f"{ours['cpu']:.1f}",
                    *(f"{1000 * one:.3f}" for one in found[size][-1]),
                )
        few, many = (
            [sum(column) for column in zip(*found[size], strict=True)]
            for size in (sizes[0], sizes[-1])
        )
        wall, cpu = (b / a for a, b in zip(few, many, strict=True))
        self.say("growth", f"{wall:.2f} x", f"CPU {cpu:.2f} x", f"bound {GROWTH_BOUND}")
        return wall <= GROWTH_BOUND

    def sizes(self, sizes):
        good, peaks = True, []
        for size in sizes:
            with testkit.database() as source:
                job(source, "prepare", 1, size, self.options.per)
                found = [self.size(size, source) for _n in range(self.options.repeat)]
            good &= self.say_insert(found)
            peaks.append(max(ours["memory"] for ours, _plain in found))
        if len(peaks) > 1:
            grown = peaks[-1] - peaks[0]
            self.say("memory grows by", f"{grown:.0f} MB", f"bound {MEMORY_BOUND} MB")
            good &= grown <= MEMORY_BOUND
        return good

    def size(self, size, source):
        """(ours, INSERT ... SELECT) in a clone of ``source``, one after the other."""
        chunks = self.options.chunks
        with testkit.database(source=source) as database:
            ours = self.once(size, database, chunks)
            self.say_run(size, ours)
            plain = job(database, "insert_select", 1)
            quiet = {} if chunks else job(database, "again", 1)
        if quiet:
            self.say("  quiet night", f"{quiet['seconds']:.1f} s",
                     f"CPU {quiet['cpu']:.1f} s")  # fmt: skip
        changing = plain["changing"]
        self.say(
            "  INSERT..SELECT",
            f"made {plain['seconds']:.2f} s",
            f"CPU {plain['cpu']:.2f} s",
            f"changed {changing['seconds']:.2f} s",
            f"CPU {changing['cpu']:.2f} s",
        )
        told = ", ".join(f"{name} {n}" for name, n in plain["rows"].items())
        self.say(f"  rows: {told}")
        return ours, plain

    def say_run(self, size, ours):
        self.say(
            f"run: {size} bills",
            f"{ours['cases']} cases",
            f"{ours['lines'] / ours['seconds']:.0f} lines/s",
            f"{ours['seconds']:.1f} s",
            f"opening {ours['begin']:.1f} s",
            f"CPU {ours['cpu']:.1f} s",
            f"Python {ours['python']:.1f} s",
            f"peak {ours['memory']:.0f} MB",
        )
        # not the last chunk, which may be small
        each = ours["each"][:-1] or ours["each"]
        tenth = max(1, len(each) // 10)
        self.say(
            f"  {ours['chunks']} chunks",
            f"first {sum(each[:tenth]) / tenth:.2f} s",
            f"last {sum(each[-tenth:]) / tenth:.2f} s",
            f"{ours['statements'] / max(1, ours['chunks']):.0f} statements a chunk",
        )

    def say_insert(self, found):
        ratios = []
        for name in ("seconds", "cpu"):
            run = sum(ours[name] for ours, _plain in found)
            made = sum(plain[name] for _ours, plain in found)
            changed = sum(plain["changing"][name] for _ours, plain in found)
            ratios.append((run / (made + changed), run / made))
        (wall, strict), (cpu, strict_cpu) = ratios
        self.say(
            "x INSERT..SELECT",
            f"{wall:.1f} (bound {INSERT_BOUND})",
            f"CPU {cpu:.1f}",
            f"to the made rows alone {strict:.1f}",
            f"CPU {strict_cpu:.1f}",
        )
        return wall <= INSERT_BOUND

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
                ours = [self.once(size, other)]
            with testkit.database(source=database) as other:
                theirs = peer_figures(other)
            ours.append(self.once(size, database))
        self.say("peer: bills", "work", "seconds", "CPU s", "lines/s", "statements")
        building = theirs["building"]
        both = {name: theirs[name] + building[name] for name in ("seconds", "cpu")}
        statements = theirs["statements"] + theirs["building_statements"]
        both.update(lines=theirs["lines"], statements=statements)
        for label, figures in (
            ("account_credit_control: proposing", theirs),
            (f"and building {theirs['communications']} communications", both),
            *(("ours: opening cases, steps with their bills", one) for one in ours),
        ):
            self.say(
                figures["lines"],
                label,
                f"{figures['seconds']:.1f}",
                f"{figures['cpu']:.1f}",
                f"{figures['lines'] / figures['seconds']:.0f}",
                figures["statements"],
            )
        ratios = []
        for name in ("seconds", "cpu"):
            speed = sum(one["lines"] / one[name] for one in ours) / len(ours)
            ratios += [speed * one[name] / one["lines"] for one in (both, theirs)]
        same, alone, same_cpu, alone_cpu = ratios
        self.say("ratio, same work", f"{same:.1f} x", f"bound {RATIO_BOUND} x",
                 f"CPU {same_cpu:.1f} x")  # fmt: skip
        self.say("ratio, proposing alone", f"{alone:.1f} x", f"CPU {alone_cpu:.1f} x")
        return same >= RATIO_BOUND


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
