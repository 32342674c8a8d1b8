from . import import_download
