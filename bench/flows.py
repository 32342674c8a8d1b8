"""Practices per second out to a file and answers in, against a bare loop.

Usage: ./dev bench flows [--sizes 2000,10000] [--ready 10000,100000]
                         [--received 10000,100000] [--told 2000,10000]
                         [--steps 2000] [--forms csv,xml]
                         [--source DATABASE] [--write FILE]

Out: ``_export`` of confirmed practices, each with its customer, contract, four bills
and a notice. What is measured is all that the button does but the question about the
layout: lock, facts read again, file checked row by row, records, codes, events, next
steps, terms, commit. ``--sizes`` are found, declared and confirmed by the product and
leave the same day, the next day, and once more with everything judged again as if all
of their facts had changed; ``--ready`` are copies of one of them made by SQL.

In: ``_receive`` of one acknowledgement each (one in ten a refusal), of those practices
(``--sizes``) or of bare ones (``--received``): bytes kept, rows checked, records,
practices found, answers applied, events, terms, commit.

Told: what the SII tells the incoming side. ``--told`` notices of supplies in force are
received, then on copies of the database an update, a suspension and an annulment of
each practice, half of which has its charge to the customer waiting, and the outcome of
a suspension asked for the other half.

Steps (``--steps``): each step from the candidate to the annulment that is asked. No
bare side: there is nothing to compare a judgement with.

The bare side, in the same process just after: a csv or lxml loop over the same rows,
SELECTs of the rows that the work is about, one COPY a table of the rows that were
inserted, one UPDATE a table of those that were changed. ``same columns``: of the
columns that changed to the values that they changed to, which is what the bound is
judged by. ``one column``: of ``write_date`` only, which no index has; less than any
program can do that keeps what the flow says. ``--source`` clones an existing database
instead of the template. Exit status 1 when a bound does not hold:

* at most 3 times the CPU of the bare side (process and PostgreSQL backend: the clock of
  a machine that others use says less) that writes the same columns, both ways;
  ``judged again`` has no bound: it is the file and, before it, all the conditions,
  amounts and windows, which the night has judged otherwise and no bare loop judges;
* memory does not grow with the practices, but for the bytes of the file itself;
* 10,000 answers checked and split into records, each with its result, within 60 s.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from devtools import testkit

RATIO_BOUND = 3
# MB from the smallest to the largest number of practices
MEMORY_BOUND = 100
# seconds for 10,000 rows: all of the receiving, which includes check and split
SPLIT_BOUND = 60
JOBS, GROUND = "bench._flow_jobs", "bench._flow_ground"
INCOMING, STEPS = "bench._flow_incoming", "bench._flow_steps"


def main(args):
    options = parse(args)
    bench = Bench(options)
    bench.say(f"load {os.getloadavg()[0]:.1f} at the start")
    good = bench.run()
    bench.say(f"load {os.getloadavg()[0]:.1f} at the end")
    bench.say("All bounds hold." if good else "A BOUND DOES NOT HOLD.")
    if options.write:
        command = "./dev bench flows " + " ".join(args)
        text = "\n".join(bench.lines)
        Path(options.write).write_text(f"`{command}`\n\n```\n{text}\n```\n")
    return 0 if good else 1


def parse(args):
    parser = argparse.ArgumentParser(prog="flows")
    parser.add_argument("--sizes", default="2000,10000")
    parser.add_argument("--ready", default="10000,100000")
    parser.add_argument("--received", default="10000,100000")
    parser.add_argument("--told", default="2000,10000")
    parser.add_argument("--steps", default="2000")
    parser.add_argument("--forms", default="csv,xml")
    parser.add_argument("--source", default=None)
    parser.add_argument("--write", default="")
    options = parser.parse_args(args)
    for name in ("sizes", "ready", "received", "told", "steps"):
        texts = getattr(options, name).split(",")
        setattr(options, name, [int(text) for text in texts if text])
    options.forms = [form for form in options.forms.split(",") if form]
    return options


def job(database, entry, *args, module=JOBS):
    """Figures that a job tells."""
    status, log = testkit.job(database, f"{module}:{entry}", *args, timeout=14400)
    found = [line for line in log.splitlines() if line.startswith("RESULT ")]
    if status or not found:
        raise SystemExit(f"{entry} failed:\n{log[-3000:]}")
    return json.loads(found[-1].removeprefix("RESULT "))


class Bench:
    def __init__(self, options):
        self.options = options
        self.lines = []
        self.good = True
        self.peaks = {}

    def say(self, *columns):
        line = "  ".join(f"{column!s:<16}" for column in columns).rstrip()
        self.lines.append(line)
        print(line, flush=True)

    def run(self):
        self.say(
            "flow", "practices", "seconds", "CPU", "rows/s", "x bare", "x by CPU",
            "x one column", "bare seconds", "bare CPU", "grown MB", "file MB",
            "statements/500",
        )  # fmt: skip
        for size in self.options.sizes:
            with testkit.database(source=self.options.source) as database:
                job(database, "prepare", size, module=GROUND)
                for form in self.options.forms:
                    for before in ("judged again", "next day"):
                        with testkit.database(source=database) as clone:
                            figures = job(clone, "export", form, before)
                            self.line(f"out {form}, {before}", figures)
                    with testkit.database(source=database) as clone:
                        self.line(f"out {form}", job(clone, "export", form))
                        self.line(f"in {form}", job(clone, "receive", form))
        for size in self.options.ready:
            with testkit.database(source=self.options.source) as database:
                job(database, "prepare_ready", size, module=GROUND)
                for form in self.options.forms:
                    with testkit.database(source=database) as clone:
                        self.line(f"out {form}, copies", job(clone, "export", form))
        for size in self.options.received:
            with testkit.database(source=self.options.source) as database:
                job(database, "prepare_sent", size, module=GROUND)
                for form in self.options.forms:
                    with testkit.database(source=database) as clone:
                        self.line(f"in {form}, bare", job(clone, "receive", form))
        self.run_told()
        self.run_steps()
        for label, peaks in self.peaks.items():
            if len(peaks) > 1:
                grown = peaks[max(peaks)] - peaks[min(peaks)]
                self.good &= grown <= MEMORY_BOUND
                bound = f"bound {MEMORY_BOUND} MB"
                self.say(label, "memory grows by", f"{grown:.0f} MB", bound)
        return self.good

    def run_told(self):
        for size in self.options.told:
            with testkit.database(source=self.options.source) as database:
                figures = job(database, "prepare_incoming", size, module=INCOMING)
                self.line("told: notices", figures)
                for label in ("updates", "suspensions", "annulments", "answers"):
                    with testkit.database(source=database) as clone:
                        figures = job(clone, "receive_told", label, module=INCOMING)
                        self.line(f"told: {label}", figures)

    def run_steps(self):
        for size in self.options.steps:
            with testkit.database(source=self.options.source) as database:
                figures = job(database, "steps", size, module=STEPS)
            for name, spent in figures["steps"].items():
                seconds, cpu = spent["seconds"], spent["cpu"]
                count = figures["annulled" if "annulment" in name else "count"]
                each = f"{1000 * cpu / count:.2f} ms CPU each"
                self.say(name, count, f"{seconds:.1f} s", f"{cpu:.1f} s CPU", each)

    def line(self, label, figures):
        count, seconds, bare = figures["count"], figures["seconds"], figures["bare"]
        plain = _total(bare["seconds"], "same columns")
        plain_cpu = _total(bare["cpu"], "same columns")
        ratio = figures["cpu"] / plain_cpu
        one_column = figures["cpu"] / _total(bare["cpu"], "one column")
        bounded = "judged again" not in label
        self.good &= ratio <= RATIO_BOUND or not bounded
        # the bytes of a file are handed over whole: they do not count as growth
        size = figures["size"] / 2**20
        self.peaks.setdefault(label, {})[count] = figures["memory"] - size
        self.say(
            label,
            count,
            f"{seconds:.1f}",
            f"{figures['cpu']:.1f}",
            f"{count / seconds:.0f}",
            f"{seconds / plain:.1f}",
            f"{ratio:.1f} (bound {RATIO_BOUND})" if bounded else f"{ratio:.1f}",
            f"{one_column:.1f}",
            f"{plain:.2f}",
            f"{plain_cpu:.2f}",
            f"{figures['grown']:.0f}",
            f"{size:.1f}",
            f"{figures['per_chunk']:.0f}",
        )
        parts = [f"{k} {v:.1f}" for k, v in figures["parts"].items()]
        if "sent" in figures:
            parts.append(f"then mark sent {figures['sent']:.1f}")
        plain = [f"{name} {spent:.2f}" for name, spent in bare["seconds"].items()]
        rows = [
            f"{table} {new}+{changed}" + (f" ({columns} columns)" if changed else "")
            for table, (new, changed, columns) in bare["rows"].items()
        ]
        self.say(f"    seconds in: {', '.join(parts)}; bare: {', '.join(plain)}")
        self.say(f"    rows written again, new+changed: {', '.join(rows)}")
        if label.startswith("in"):
            split = figures["parts"]["check and split"] * 10000 / count
            self.good &= split <= SPLIT_BOUND or count < 10000
            self.say(
                f"    check and split of 10,000 rows: {split:.1f} s"
                f" (bound {SPLIT_BOUND} s), applied too:"
                f" {seconds * 10000 / count:.1f} s"
            )


def _total(spent, way):
    """Seconds of the bare side; ``way``: how it writes the rows that changed."""
    return sum(spent[name] for name in ("loop", "read", "new rows", way))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
