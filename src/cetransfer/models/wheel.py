"""The wheel of this package that goes with a model: the code that predicts, as it runs here.

It is put together from the installed files, so it needs neither the repository nor a build tool. It
differs from the project's wheel in three points: it asks only for what predicting needs, it holds
neither the configuration nor data, and its version ends with a digest of its files. An environment
that was made for other code of the same version is thus never taken for that of this one.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import zipfile
from pathlib import Path

from cetransfer import __version__
from cetransfer.models.environment import NEEDED

PACKAGE = Path(__file__).parents[1]

LEFT_OUT = {"__pycache__", "conf", "data"}
"""Folders at the top of an installed package (and caches) that predicting does not read."""

DIGEST_LENGTH = 12

WHEEL = """\
Wheel-Version: 1.0
Generator: cetransfer
Root-Is-Purelib: true
Tag: py3-none-any
"""


def write_wheel(folder: Path) -> Path:
    """Write the wheel into a folder and return its path; the same code gives the same bytes."""
    contents = {
        path.relative_to(PACKAGE.parent).as_posix(): path.read_bytes()
        for path in sorted(PACKAGE.rglob("*"))
        if path.is_file() and _belongs(path)
    }
    hasher = hashlib.sha256()
    for name, content in contents.items():
        hasher.update(f"{name} {len(content)} ".encode() + content)
    version = f"{__version__}+{hasher.hexdigest()[:DIGEST_LENGTH]}"
    about = f"cetransfer-{version}.dist-info"
    contents[f"{about}/METADATA"] = _metadata(version).encode()
    contents[f"{about}/WHEEL"] = WHEEL.encode()
    if licence := importlib.metadata.distribution("cetransfer").read_text("licenses/LICENSE"):
        contents[f"{about}/licenses/LICENSE"] = licence.encode()
    record = f"{about}/RECORD"
    lines = [f"{name},sha256={_hash(content)},{len(content)}" for name, content in contents.items()]
    contents[record] = "\n".join([*lines, f"{record},,", ""]).encode()
    wheel = folder / f"cetransfer-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            # without a date of its own, which would make every wheel another one
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return wheel


def _belongs(path: Path) -> bool:
    first, *_ = parts = path.relative_to(PACKAGE).parts
    return "__pycache__" not in parts and (first not in LEFT_OUT or len(parts) == 1)


def _metadata(version: str) -> str:
    told = importlib.metadata.metadata("cetransfer")
    return "\n".join(
        [
            "Metadata-Version: 2.4",
            "Name: cetransfer",
            f"Version: {version}",
            f"Summary: {told['Summary']}",
            f"License-Expression: {told['License-Expression']}",
            f"Requires-Python: {told['Requires-Python']}",
            *(f"Requires-Dist: {name}" for name in NEEDED),
            "",
        ]
    )


def _hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
