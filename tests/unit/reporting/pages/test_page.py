from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pandas as pd

from cetransfer.reporting.pages.page import Listing, Page, Section, Words, render
from cetransfer.reporting.pages.table import Column, PageTable

HOSTILE = "</script><img src=x onerror=alert(1)>{{ 7 * 7 }}\"'`"


def page(text, *parts):
    table = PageTable(
        "t",
        text,
        (Column("name", text), Column("n", "n")),
        pd.DataFrame({"name": [text], "n": [1]}),
    )
    section = Section("one", text, [table, Words(text), Listing(text, text), *parts])
    return Page(text, text, [section], [(text, text)], [text], [text], [text])


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def tags(html):
    parser = Tags()
    parser.feed(html)
    return parser.found


def test_whatever_the_user_calls_things_is_text(make_drawing):
    plain, hostile = (tags(render(page(text, make_drawing(alt=text)))) for text in ("x", HOSTILE))
    assert [tag for tag, _ in plain] == [tag for tag, _ in hostile]
    assert not any(key.startswith("on") for _, attributes in hostile for key in attributes)


def test_a_template_in_a_name_is_not_filled_in():
    assert "{{ 7 * 7 }}" in render(page(HOSTILE))


def test_only_the_one_script_may_run():
    html = render(page("x"))
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [
        attributes["content"]
        for tag, attributes in tags(html)
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]


def test_a_page_loads_nothing(make_drawing):
    html = render(page("x", make_drawing()))
    for _, attributes in tags(html):
        for key in ("src", "href", "xlink:href", "action", "data"):
            assert attributes.get(key, "#").startswith(("#", "data:"))
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_a_page_says_its_limits_and_what_it_rests_on():
    html = render(Page("t", "v", [], [("git commit", "abc")], ["It ends."], ["do"], []))
    assert "<li>It ends.</li>" in html
    assert "<dt>git commit</dt><dd><code>abc</code></dd>" in html
    none = render(Page("t", "v", [], [], [], [], []))
    assert "None was found by what is checked" in none
