"""Odoo's export of any list, safe against formulas.

Seen in Odoo 19: XLSX hands texts to xlsxwriter, which turns one that begins with "="
into a formula and one that looks like an address into a link; CSV escapes "=", "+" and
"-" but not "@", tab and line break. Names of customers come from outside.
"""

from odoo.addons.web.controllers.export import (
    CSVExport,
    ExcelExport,
    ExportXlsxWriter,
    GroupExportXlsxWriter,
)

# what a spreadsheet may take for a formula and Odoo does not escape
STILL_DANGEROUS = ("@", "\t", "\r", "\n")


class _TextIsText:
    """A text is written as a text, whatever it begins with."""

    def write(self, row, column, cell_value, style=None):
        # OVERRIDE web
        if isinstance(cell_value, str) and cell_value:
            return self.worksheet.write_string(row, column, cell_value, style)
        return super().write(row, column, cell_value, style)


class SafeXlsxWriter(_TextIsText, ExportXlsxWriter):
    pass


class SafeGroupXlsxWriter(_TextIsText, GroupExportXlsxWriter):
    pass


class SafeExcelExport(ExcelExport):
    def from_group_data(self, fields, columns_headers, groups):
        # OVERRIDE web
        with SafeGroupXlsxWriter(fields, columns_headers, groups.count) as writer:
            row, column = 1, 0
            for group_name, group in groups.children.items():
                row, column = writer.write_group(row, column, group_name, group)
        return writer.value

    def from_data(self, fields, columns_headers, rows):
        # OVERRIDE web
        with SafeXlsxWriter(fields, columns_headers, len(rows)) as writer:
            for number, row in enumerate(rows, 1):
                for column, value in enumerate(row):
                    writer.write_cell(number, column, value)
        return writer.value


class SafeCsvExport(CSVExport):
    def from_data(self, fields, columns_headers, rows):
        # EXTENDS web
        escaped = [[_escaped(value) for value in row] for row in rows]
        return super().from_data(fields, columns_headers, escaped)


def _escaped(value):
    if isinstance(value, str) and value.startswith(STILL_DANGEROUS):
        return f"'{value}"
    return value
