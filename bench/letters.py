"""Letters a second in batch: text, QR code, PDF, cut apart; against PDF alone.

Usage: ./dev bench letters [--letters 1000] [--single 20]

One supply and one bill a customer, each with a payment code. Two kinds of letter are
made of the same cases: the friendly notice and the notice of default, the longest of
the standard texts, both with a payment slip. *print* is wkhtmltopdf alone on pages made
before, *single* a call of it for each letter, as Odoo's own reports would do.

Exit status 1 when a bound does not hold:

* at least 50 letters a second;
* each letter is of one page.
"""

import argparse
import time
from datetime import timedelta
from io import BytesIO

from odoo.tools.pdf import PdfFileReader

from bench._frame import new_company
from bench.simulation import FIRST_DAY, World

BOUND = 50
DAY = FIRST_DAY + timedelta(days=60)


def run(env, args, out):
    """Entry point of `./dev bench`; 0 when the bounds hold."""
    parser = argparse.ArgumentParser(prog="letters")
    parser.add_argument("--letters", type=int, default=1000)
    parser.add_argument("--single", type=int, default=20)
    options = parser.parse_args(args)
    env = env(context={"lang": "it_IT", "tz": "Europe/Rome"})
    actions = _actions(env, options.letters)
    print(
        f"{'letter':<20}{'letters':>8}{'s':>8}{'a second':>10}{'pages':>7}"
        f"{'print':>8}{'single':>8}",
        file=out,
    )
    good = True
    for op, channel in (("notice", "pp"), ("default", "ar")):
        good &= _measure(actions, op, channel, options, out)
    print("All bounds hold." if good else "A BOUND DOES NOT HOLD.", file=out)
    return 0 if good else 1


def _actions(env, count):
    """The steps of ``count`` cases, one each."""
    company, env = new_company(
        env,
        "Letters",
        phone="02 1234567",
        vat="IT01234560157",
        dunning_slip_kind="pagopa",
    )
    World(env, company).fill(count, count, False)
    env.cr.execute(
        "UPDATE account_move SET payment_code = lpad(id::text, 18, '301000000000000')"
        " WHERE company_id = %s",
        [company.id],
    )
    env.cr.commit()
    env["dunning.run"].sudo().run_for(company, DAY)
    actions = env["dunning.action"].search(
        [("company_id", "=", company.id), ("item_ids", "!=", False)]
    )
    per_case = {action.case_id: action for action in actions}
    return actions.browse(action.id for action in per_case.values())[:count]


def _measure(actions, op, channel, options, out):
    actions.sudo()._guarded().write({"op": op, "state": "approved"})
    messages = actions._communications(channel, dict.fromkeys(actions, "Via Roma 1"))
    actions.env.invalidate_all()
    letters = actions.env["dunning.letter"].sudo()
    started = time.monotonic()
    files = letters._render(messages, DAY)
    seconds = time.monotonic() - started
    pages = [len(PdfFileReader(BytesIO(f.content)).pages) for f in files.values()]
    html = list(letters._pages(messages, DAY).values())
    started = time.monotonic()
    for start in range(0, len(html), 200):
        letters._print(html[start : start + 200])
    printing = len(html) / (time.monotonic() - started)
    started = time.monotonic()
    for page in html[: options.single]:
        letters._print([page])
    single = options.single / (time.monotonic() - started)
    speed = len(messages) / seconds
    print(
        f"{op:<20}{len(messages):>8}{seconds:>8.1f}{speed:>10.0f}{max(pages):>7}"
        f"{printing:>8.0f}{single:>8.1f}",
        file=out,
        flush=True,
    )
    return speed >= BOUND and max(pages) == 1 and len(messages) >= options.letters
