"""The user manual: Markdown in docs/manuale, shown as pages of the module's `static`.

``python -m devtools.manual`` renders it again; a test fails when the pages are older
than the text. Only what Markdown has is used, so that the text reads well as it is.
"""

import html
import re
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "docs" / "manuale"
TARGET = ROOT / "utility_supply" / "static" / "manual"
STYLE = """\
body{font:16px/1.55 system-ui,sans-serif;color:#212529;max-width:50rem;margin:0 auto;
padding:1rem 1.25rem 4rem}
nav{border-bottom:1px solid #dee2e6;padding:.5rem 0;margin-bottom:1rem}
nav a{margin-right:1rem}
a{color:#714b67}
h1{font-size:1.7rem}h2{font-size:1.25rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;margin:1rem 0}
th,td{border:1px solid #dee2e6;padding:.35rem .6rem;text-align:left;vertical-align:top}
th{background:#f8f9fa}
code{background:#f1f3f5;padding:.1rem .3rem;border-radius:.2rem}
pre code{display:block;padding:.75rem;overflow:auto}
blockquote{border-left:4px solid #714b67;margin:1rem 0;padding:.1rem 1rem;
background:#f8f4f7}
img{max-width:100%}
"""
PAGE = """\
<!doctype html>
<html lang="it">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<nav>{nav}</nav>
{body}</body>
</html>
"""


def pages():
    """The Markdown files in the order in which they are read: README first."""
    index = SOURCE / "README.md"
    linked = re.findall(r"\]\(([\w-]+\.md)\)", index.read_text(encoding="utf-8"))
    return [index, *(SOURCE / name for name in dict.fromkeys(linked))]


def page_name(source):
    return "index.html" if source.name == "README.md" else f"{source.stem}.html"


def title(source):
    return source.read_text(encoding="utf-8").splitlines()[0].lstrip("# ").strip()


def render():
    """{file name: HTML text} of the whole manual."""
    found = pages()
    nav = "".join(
        f'<a href="{page_name(source)}">{html.escape(title(source))}</a>'
        for source in found
    )
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    rendered = {}
    for source in found:
        body = markdown.render(source.read_text(encoding="utf-8"))
        body = re.sub(r'href="README\.md', 'href="index.html', body)
        body = re.sub(r'href="([\w-]+)\.md', r'href="\1.html', body)
        rendered[page_name(source)] = PAGE.format(
            title=html.escape(title(source)), style=STYLE, nav=nav, body=body
        )
    return rendered


def write():
    """Write the pages and remove those that no longer have a text."""
    TARGET.mkdir(parents=True, exist_ok=True)
    rendered = render()
    for old in TARGET.glob("*.html"):
        if old.name not in rendered:
            old.unlink()
    for name, text in rendered.items():
        (TARGET / name).write_text(text, encoding="utf-8")
    return sorted(rendered)
