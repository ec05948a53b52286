"""Fixtures that several test folders share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# as the command does: spinning threads beside any other busy process slow a fit down many times
os.environ.setdefault("GOMP_SPINCOUNT", "10000")


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Folder with copies of the public data files."""
    named = os.environ.get("CETRANSFER_MIRROR")
    if not named:
        pytest.skip("CETRANSFER_MIRROR is not set: no released data to test with")
    folder = Path(named)
    if not folder.is_dir():
        pytest.skip(f"CETRANSFER_MIRROR={named} is not a folder: no released data to test with")
    return folder
