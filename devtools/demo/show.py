"""Plain tables for a terminal."""


def table(out, title, headings, rows):
    """Write ``rows`` (lists of values) under ``headings``; numbers to the right."""
    rows = [[str(value) for value in row] for row in rows]
    widths = [
        max(len(row[index]) for row in [headings, *rows])
        for index in range(len(headings))
    ]
    out.write(f"\n{title}\n")
    _line(out, headings, widths, [False] * len(widths))
    out.write("  ".join("-" * width for width in widths) + "\n")
    for row in rows:
        _line(out, row, widths, [_is_number(cell) for cell in row])
    if not rows:
        out.write("(none)\n")


def _line(out, cells, widths, right):
    padded = [
        cell.rjust(width) if is_number else cell.ljust(width)
        for cell, width, is_number in zip(cells, widths, right, strict=True)
    ]
    out.write("  ".join(padded).rstrip() + "\n")


def _is_number(cell):
    return cell.replace(".", "").replace(",", "").replace("-", "").isdigit()


def differences(line, limit=8):
    """The parts of a comparison that are not equal, as short texts."""
    found, expected = line.found, line.expected
    if not (isinstance(found, dict) and isinstance(expected, dict)):
        return [f"found {found}", f"expected {expected}"]
    keys = [
        key
        for key in sorted(set(found) | set(expected), key=str)
        if found.get(key) != expected.get(key)
    ]
    texts = [
        f"{key}: found {found.get(key)}, expected {expected.get(key)}"
        for key in keys[:limit]
    ]
    if len(keys) > limit:
        texts.append(f"and {len(keys) - limit} more")
    return texts
