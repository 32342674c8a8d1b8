"""Runs one function inside Odoo: CONFIG DATABASE MODULE:FUNCTION [ARG...].

The function gets an environment of the superuser and the arguments as text. Its
work is committed when it returns; a number it returns is the exit status.
"""

import importlib
import sys

import odoo.api
from odoo.modules.registry import Registry
from odoo.service import server
from odoo.tools import config


def main(argv):
    path, database, entry, *args = argv
    options = ["-c", path, "-d", database, "--no-http", "--log-level=warn"]
    config.parse_config(options, setup_logging=True)
    server.start(preload=[], stop=True)
    module, _, name = entry.partition(":")
    function = getattr(importlib.import_module(module), name)
    with Registry(database).cursor() as cr:
        env = odoo.api.Environment(cr, odoo.api.SUPERUSER_ID, {})
        env = env(context=env["res.users"].context_get())
        result = function(env, *args)
        cr.commit()
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
