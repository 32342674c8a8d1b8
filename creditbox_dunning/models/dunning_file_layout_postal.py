from odoo import fields, models
from odoo.tools.translate import LazyTranslate

from .dunning_file_column import SOURCE_LABELS
from .dunning_file_layout import NEEDED

_lt = LazyTranslate(__name__)

SOURCE_LABELS.update(
    {
        "customer2": _lt("Second line of the name"),
        "street2": _lt("Second line of the street"),
        "country": _lt("Country, two letters"),
        "country_name": _lt("Country"),
        "job": _lt("Number of the job"),
        "row": _lt("Row in the index"),
        "product": _lt("Kind of mail, in the mail house's word"),
        "is_registered": _lt("1 = registered letter"),
        "ar_text": _lt("Text on the receipt card"),
        "pdf_name": _lt("Name of the PDF"),
        "pages": _lt("Pages"),
        "first_page": _lt("First page in the PDF"),
        "last_page": _lt("Last page in the PDF"),
        "sha256": _lt("SHA-256 of the letter"),
        "colour": _lt("1 = in colour"),
        "duplex": _lt("1 = on both sides"),
        "sender_code": _lt("Our code with the mail house"),
        "return_code": _lt("Code of the return address"),
        "cost_centre": _lt("Cost centre"),
        "contract_code": _lt("Contract with the mail house"),
        "send_date": _lt("Day of sending asked for"),
    }
)
# the code of the letter comes back with its outcomes, the PDF has to be found
NEEDED["post"] = ("ref", "pdf_name")


class DunningFileLayout(models.Model):
    """The index of a postal job is a file like the others. Its purpose is the kind of
    the provider that it is for."""

    _inherit = "dunning.file.layout"

    purpose = fields.Selection(
        selection_add=[("post", "Index of a postal job")],
        ondelete={"post": "cascade"},
    )
