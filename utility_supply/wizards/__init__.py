from . import utility_books_wizard
from . import import_upload
from . import import_profile_wizard
from . import import_row_fix
