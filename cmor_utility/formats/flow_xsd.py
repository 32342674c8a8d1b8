"""The XML schema of a layout: what a program of others checks our files with.

Rules that XML Schema 1.0 cannot say (mandatory only if, at least one of) are written as
documentation, so that nobody thinks the schema is all.
"""

from xml.sax.saxutils import escape, quoteattr

from ...utility_supply.formats.record_layout import (
    CODE,
    CONDITIONAL,
    DATE,
    DECIMAL,
    FIXED,
    GROUP,
    INTEGER,
    MANDATORY,
    MAX_DIGITS,
    clean_text,
)

_YEAR = "[1-9][0-9]{3}"
# of the four-digit years those with a 29th of February
_LEAP = "([1-9][0-9](0[48]|[2468][048]|[13579][26])|([2468][048]|[13579][26])00)"
#: (days, months, years) that go together: the schema knows the calendar as we do
_CALENDAR = (
    ("(0[1-9]|1[0-9]|2[0-8])", "(0[1-9]|1[0-2])", _YEAR),
    ("(29|30)", "(0[13-9]|1[0-2])", _YEAR),
    ("31", "(0[13578]|1[02])", _YEAR),
    ("29", "02", _LEAP),
)


def schema(layout):
    """The schema as text, for files that ``flow_io.write`` makes of this layout.

    :param Layout layout: whatever its file format
    :return: str, an XML document
    """
    space = layout.xml_namespace
    about = ""
    if space:
        about = (
            f" targetNamespace={quoteattr(space)} xmlns={quoteattr(space)}"
            ' elementFormDefault="qualified"'
        )
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"{about}>',
    ]
    record = _record(layout)
    path = layout.xml_root.split("/")
    body = _complex(layout.xml_record, record, ' maxOccurs="unbounded"')
    for name in reversed(path):
        body = _complex(name, body)
    lines += [f"  {line}" for line in body]
    return "\n".join([*lines, "</xs:schema>", ""])


def _complex(name, children, occurs=""):
    return [
        f"<xs:element name={quoteattr(name)}{occurs}>",
        "  <xs:complexType>",
        "    <xs:sequence>",
        *(f"      {line}" for line in children),
        "    </xs:sequence>",
        "  </xs:complexType>",
        "</xs:element>",
    ]


def _record(layout):
    lines = []
    groups = layout.groups()
    for field in layout.fields:
        occurs = "" if field.required == MANDATORY else ' minOccurs="0"'
        if field in groups:
            item = []
            for part in field.part_fields():
                item += _simple(layout, part, ' minOccurs="0"')
            items = _complex(layout.xml_item, item, ' maxOccurs="unbounded"')
            lines += _complex(field.name, items, occurs)
        else:
            lines += _simple(layout, field, occurs)
    return lines


def _simple(layout, field, occurs):
    facets = _facets(layout, field)
    notes = _notes(field)
    return [
        f"<xs:element name={quoteattr(field.name)}{occurs}>",
        *(
            [
                "  <xs:annotation>",
                f"    <xs:documentation>{escape(notes)}</xs:documentation>",
                "  </xs:annotation>",
            ]
            if notes
            else []
        ),
        "  <xs:simpleType>",
        '    <xs:restriction base="xs:string">',
        *(f"      <xs:{name} value={quoteattr(value)}/>" for name, value in facets),
        "    </xs:restriction>",
        "  </xs:simpleType>",
        "</xs:element>",
    ]


def _facets(layout, field):
    """(facet, value) pairs of a field's text."""
    if field.kind == FIXED:
        return [("enumeration", clean_text(field.fixed, layout.delimiter))]
    if field.kind == CODE and field.table:
        return [("enumeration", code) for code in sorted(field.table)]
    digits = f"[0-9]{{1,{field.length or MAX_DIGITS}}}"
    if field.kind == INTEGER:
        return [("pattern", digits)]
    if field.kind == DECIMAL:
        mark = "\\." if layout.decimal_mark == "." else layout.decimal_mark
        cents = f"{mark}[0-9]{{{field.decimals}}}" if field.decimals else ""
        return [("pattern", f"{digits}{cents}")]
    if field.kind == DATE:
        # patterns of one restriction are alternatives
        return [("pattern", _date(layout, *parts)) for parts in _CALENDAR]
    facets = [("minLength", "1")]
    if field.length and (field.kind != GROUP or field not in layout.groups()):
        facets.append(("maxLength", str(field.length)))
    return facets


def _date(layout, day, month, year):
    """The form of a date with these expressions for its parts."""
    made = layout.date_format
    for token, expression in (("YYYY", year), ("MM", month), ("DD", day)):
        made = made.replace(token, expression)
    return made


def _notes(field):
    if field.required == CONDITIONAL and field.condition:
        return f"Obbligatorio se {field.condition[0]} = {field.condition[1]}"
    return f"Almeno uno del gruppo {field.one_of}" if field.one_of else ""
