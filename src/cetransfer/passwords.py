"""Passwords that stand in addresses: they are never shown, logged or written down."""

from __future__ import annotations

import re

HIDDEN = "***"

# up to the last @ of the word, as a password may hold one itself
_BEFORE_HOST = re.compile(r"(\w[\w+.-]*://[^/\s:@]*:)[^\s'\"]*@")
_IN_QUERY = re.compile(r"([?&](?:ssl)?password=)[^&\s'\"]+")


def without_passwords(text: str) -> str:
    """Return a text in which the passwords of all addresses are stars.

    For example ``postgresql://me:secret@host/sweeps`` becomes ``postgresql://me:***@host/sweeps``.
    """
    return _IN_QUERY.sub(rf"\1{HIDDEN}", _BEFORE_HOST.sub(rf"\1{HIDDEN}@", text))
