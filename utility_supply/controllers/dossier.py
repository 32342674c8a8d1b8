"""The answer to whoever asks for a dossier."""

from odoo.exceptions import AccessError, MissingError
from odoo.http import request

from .file_response import file_response


def dossier_response(model, record_id, ending=""):
    """The dossier of a record of `utility.dossier.mixin`, with the reader's own rights.

    :param ending: empty for the document, ``.zip`` for it with its originals
    :raise NotFound: also for a record that the reader may not read: whether it is there
        is not told
    """
    record = request.env[model].browse(record_id)
    try:
        made = record._dossier_zip() if ending else record._dossier_document()
    except (AccessError, MissingError) as error:
        raise request.not_found() from error
    return file_response(*made)
