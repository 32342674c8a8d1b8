from ..formats import flow_io
from ..formats.flow_rows import RefusedRow

#: items written together; between two chunks nothing but the bytes is kept
CHUNK = 500


class FileMaker:
    """A file of one role and flow while it is made, chunk by chunk.

    One transaction makes the file, its records and the states: killed in between,
    nothing has happened.
    """

    def __init__(self, files, role, key, today, more=None):
        """Role and items are locked; parameters as ``_make``."""
        layout = files.env["cmor.flow.layout"]._find(key, role.company_id, today)
        layout._check_sound()
        self._role, self._today = role, today
        self._has_codes = key != "cc_answer"
        self._common = {**files._flow_common(layout, role, today), **(more or {})}
        self._spec = layout._spec()
        self._writer = flow_io.FlowWriter(self._spec)
        self._written = self._refused = 0
        self._amount = 0
        self._file = files._create_file(role, layout)

    def add(self, items):
        """Write items, with their codes, records, states and events."""
        items._flow_prefetch()
        if self._has_codes:
            codes = items.env["cmor.practice.code"].sudo()
            codes._give(items, self._role, self._today)
        values = {item: item._flow_values(self._spec, self._common) for item in items}
        wrong = {item: item._flow_issues(values[item]) for item in items}
        written, refused = self._writer.add(
            [(item, values[item]) for item in items if not wrong[item]]
        )
        refused += [
            RefusedRow(item, {}, tuple(issues))
            for item, issues in wrong.items()
            if issues
        ]
        self._amount += sum(r.key._flow_record_vals()["amount"] for r in written)
        self._file._create_records(written, refused, self._written)
        self._written += len(written)
        self._refused += len(refused)
        items.browse([row.key.id for row in written])._flow_written(self._file)
        self._file._log_refused(refused)

    def close(self):
        """The file with its bytes; ``refused`` when nothing could be written."""
        self._file._finish(
            self._writer.close(),
            {
                "count_written": self._written,
                "count_refused": self._refused,
                "amount_total": self._amount,
            },
        )
        return self._file
