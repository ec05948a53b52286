from __future__ import annotations

import pytest

from cetransfer.passwords import without_passwords


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:s3cret@host:5432/db", "postgresql://me:***@host:5432/db"),
        ("postgresql+psycopg://me:a:b/c@d@host/db", "postgresql+psycopg://me:***@host/db"),
        ("a='postgresql://me:s3cret@host/db', b", "a='postgresql://me:***@host/db', b"),
        ("http://me:s3cret@server:5000", "http://me:***@server:5000"),
        ("postgresql:///db?user=me&password=s3cret", "postgresql:///db?user=me&password=***"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("http://127.0.0.1:5000 and champion@x", "http://127.0.0.1:5000 and champion@x"),
        ("models:/cetransfer@champion", "models:/cetransfer@champion"),
    ],
)
def test_passwords_of_addresses_are_stars(text, shown):
    assert without_passwords(text) == shown
