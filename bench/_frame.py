"""What the benchmarks over companies of our own making have in common: the company, the
table that is printed, the bounds, and the chunks of a run."""

import argparse
import resource
import time


def new_company(env, name, **vals):
    """(company with books of its own, ``env`` in that company)."""
    company = env["res.company"].create(
        {
            "name": name,
            "country_id": env.ref("base.it").id,
            "email": "credito@example.com",
            **vals,
        }
    )
    env["account.chart.template"].try_loading("it", company, False)
    company._utility_setup_books()
    env.user.company_ids |= company
    return company, env(context={**env.context, "allowed_company_ids": company.ids})


class Frame:
    """A benchmark: one world each size, a row of the table for what is measured there.

    A subclass says what stands above and has ``world(size)``: True if its bounds hold.
    """

    name = ""
    sizes = "10000,100000"
    # an option of its own besides the sizes: (name, default)
    option = ("bills", 4)
    columns = ()
    widths = (11,)  # the last one is that of all the others

    def __init__(self, env, out, options):
        self.env = env(context={"lang": "it_IT", "tz": "Europe/Rome"})
        self.out, self.options = out, options
        self.say(*self.columns)

    @classmethod
    def run(cls, env, args, out):
        """Entry point of `./dev bench`; ``args``: list of text; 0 when all bounds
        hold."""
        parser = argparse.ArgumentParser(prog=cls.name.lower())
        option, default = cls.option
        parser.add_argument("--sizes", default=cls.sizes)
        parser.add_argument(f"--{option}", type=int, default=default)
        bench = cls(env, out, parser.parse_args(args))
        sizes = [int(size) for size in bench.options.sizes.split(",")]
        good = True
        for size in sizes:
            # every size is measured, also after one that is out of bounds
            good &= bench.world(size)
        good &= bench.compare()
        print("All bounds hold." if good else "A BOUND DOES NOT HOLD.", file=out)
        return 0 if good else 1

    def world(self, size):
        raise NotImplementedError

    def compare(self):
        """Hook: True if the bounds between the sizes hold."""
        return True

    def say(self, *columns):
        """Print a row; the first column of a table with names stands on the left."""
        row = ""
        for index, column in enumerate(columns):
            width = self.widths[min(index, len(self.widths) - 1)]
            is_name = index == 0 and len(self.widths) > 1
            row += str(column).ljust(width) if is_name else str(column).rjust(width)
        print(row, file=self.out, flush=True)

    def hold(self, bounds):
        """Print which of ``bounds`` ({text: bool}) hold; True if all do."""
        for text, holds in bounds.items():
            print(f"    {'ok ' if holds else 'BAD'} {text}", file=self.out)
        return all(bounds.values())

    def company(self, size):
        company, self.env = new_company(self.env, f"{self.name} {size}")
        return company

    def chunks(self, run_, after_first=None):
        """Take the chunks of a run one by one, as the scheduled action does.

        :param after_first: called behind the first chunk; gives the run that goes on
        :return: (run, seconds, CPU, [statements of each chunk], [MB after each chunk])
        """
        self.env.cr.commit()
        statements, memory = [], []
        begun, cpu = time.monotonic(), time.process_time()
        goes_on = True
        while goes_on:
            before = self.env.cr.sql_log_count
            goes_on = run_._claim() and run_._step()
            statements.append(self.env.cr.sql_log_count - before)
            memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
            if goes_on and after_first and len(statements) == 1:
                run_ = after_first()
        seconds, cpu = time.monotonic() - begun, time.process_time() - cpu
        # the last one only finds that nothing is left
        return run_, seconds, cpu, statements[:-1] or statements, memory
