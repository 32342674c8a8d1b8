"""What stands behind `./dev`: brings Odoo, Python and PostgreSQL up from nothing.

`cli` parses the command line. Everything up to the Python environment needs the
standard library only; the rest runs inside that environment.
"""
