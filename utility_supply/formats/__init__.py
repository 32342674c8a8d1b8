"""Reading and writing files, without Odoo.

Data acquisition, from bytes to records::

    table = tabular.open_table(data, filename, **profile.open_options())
    converter = mapping.compile_profile(profile, table.headings, sheet=table.sheet)
    for row in table.rows():
        record, issues = converter.convert(row)
        texts = [messages.describe(issue, env._) for issue in issues]

``datasets``: what a record holds; ``values``: how strictly a cell is read; ``issues``:
what can be wrong; ``workbook``: templates, and the rows sent back to be corrected.
"""
