from . import (
    cmor_approval_wizard,
    cmor_cancel_wizard,
    cmor_declare_wizard,
    cmor_export_wizard,
    cmor_layout_import_wizard,
    cmor_layout_try_wizard,
    cmor_mass_wizard,
    cmor_receipt_wizard,
    cmor_return_wizard,
    utility_books_wizard,
)
