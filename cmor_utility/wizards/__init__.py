from . import cmor_declare_wizard, cmor_export_wizard
