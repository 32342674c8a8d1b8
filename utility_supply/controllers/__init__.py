from . import export_safe, import_download
