"""The user manual: its pages are those of the text, and its links lead somewhere."""

import re

import pytest

from devtools import manual


@pytest.mark.parametrize("name", sorted(manual.render()))
def test_page_is_that_of_the_text(name):
    """`python -m devtools.manual` was run after the last change of the text."""
    page = manual.TARGET / name
    assert page.read_text(encoding="utf-8") == manual.render()[name]


def test_no_page_without_text():
    assert {page.name for page in manual.TARGET.glob("*.html")} == set(manual.render())


def test_every_text_is_linked_from_the_first_page():
    linked = set(manual.pages())
    assert set(manual.SOURCE.glob("*.md")) == linked


def test_links_lead_somewhere():
    for name, text in manual.render().items():
        for link in re.findall(r'href="([^":#]+)', text):
            assert (manual.TARGET / link).exists(), f"{name}: {link}"


def test_menus_open_a_page_that_exists():
    """Each module's menu of the manual names a file of the module."""
    urls = []
    for path in manual.ROOT.glob("*/views/*.xml"):
        text = path.read_text(encoding="utf-8")
        urls += re.findall(r">(/\w+/static/manual/[\w.-]+)", text)
    assert urls
    for url in urls:
        assert (manual.ROOT / url.lstrip("/")).exists(), url
