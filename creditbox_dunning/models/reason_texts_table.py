"""The planner's reasons that have to do with changes of the action table."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

TEXTS_TABLE = {
    "table_changed": _lt("The case was moved to another version of the action table."),
}
