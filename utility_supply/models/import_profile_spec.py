"""The profile of the database as the pure description that the readers take."""

from ..formats.mapping import FieldSpec, ProfileSpec

# selection keys of the database (words only: Odoo makes an external id of each) -> what
# the readers take
ENCODINGS = {
    "utf8": "utf-8",
    "utf16": "utf-16",
    "cp1252": "cp1252",
    "latin1": "iso-8859-1",
    "latin9": "iso-8859-15",
}
DELIMITERS = {"semicolon": ";", "comma": ",", "tab": "\t"}
MARKS = {"comma": ",", "point": ".", "blank": " ", "apostrophe": "'"}
DATE_FORMS = {
    "dmy_slash": "dd/mm/yyyy",
    "dmy_dash": "dd-mm-yyyy",
    "dmy_dot": "dd.mm.yyyy",
    "mdy_slash": "mm/dd/yyyy",
    "ymd_slash": "yyyy/mm/dd",
    "ymd_dash": "yyyy-mm-dd",
    "dmy2_slash": "dd/mm/yy",
    "dmy2_dash": "dd-mm-yy",
    "ymd": "yyyymmdd",
    "dmy": "ddmmyyyy",
}


def build_spec(profile):
    """`formats.mapping.ProfileSpec` of a ``utility.import.profile`` record.

    ``kind`` stays open: the same columns are read from any kind of file, so that rows
    in error can come back as XLSX whatever the source sends.
    """
    return ProfileSpec(
        dataset=profile.dataset,
        kind="",
        sheet=profile.sheet or "",
        header_row=profile.header_row or 0,
        encoding=ENCODINGS.get(profile.encoding, ""),
        delimiter=DELIMITERS.get(profile.delimiter, ""),
        decimal_mark=MARKS.get(profile.decimal_mark, ""),
        thousands_mark=MARKS.get(profile.thousands_mark, ""),
        date_form=DATE_FORMS.get(profile.date_form, ""),
        totals_row=profile.totals_row,
        fields=tuple(field_spec(line) for line in profile.field_ids),
    )


def field_spec(line):
    """`FieldSpec` of one ``utility.import.profile.field`` record."""
    options = {}
    if line.default_value:
        options["default"] = line.default_value
    if line.transform == "constant":
        options["value"] = line.constant
    elif line.transform == "concat":
        options["separator"] = line.separator or ""
    elif line.transform == "map":
        options["values"] = line._code_map()
        if line.keep_unlisted:
            options["otherwise"] = "="
    if line.date_form:
        options["form"] = DATE_FORMS[line.date_form]
    if line.decimal_mark:
        options["decimal_mark"] = MARKS[line.decimal_mark]
        options["thousands_mark"] = MARKS.get(line.thousands_mark, "")
    if line.negate:
        options["negate"] = True
    return FieldSpec(line.target, tuple(line._columns()), line.transform, options)


def parse_code_map(text):
    """({value in the file: our value}, lines without a "=" sign)."""
    result, bad = {}, []
    for line in (text or "").splitlines():
        theirs, mark, ours = line.partition("=")
        if mark:
            result[theirs.strip()] = ours.strip()
        elif line.strip():
            bad.append(line)
    return result, bad


def profile_vals(spec):
    """Values of a ``utility.import.profile`` for a `ProfileSpec` (shipped profiles)."""
    return {
        "dataset": spec.dataset,
        "sheet": spec.sheet,
        "header_row": spec.header_row,
        "encoding": _key(ENCODINGS, spec.encoding),
        "delimiter": _key(DELIMITERS, spec.delimiter),
        "decimal_mark": _key(MARKS, spec.decimal_mark),
        "thousands_mark": _key(MARKS, spec.thousands_mark),
        "date_form": _key(DATE_FORMS, spec.date_form),
        "totals_row": spec.totals_row,
    }


def _key(table, value):
    return next((key for key, found in table.items() if found == value), False)
