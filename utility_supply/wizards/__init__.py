from . import import_upload
from . import import_row_fix
