"""Public files: from a local mirror, else from the cache, else from the network; always hashed."""

from __future__ import annotations

import os
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from cetransfer.errors import UserError
from cetransfer.files import sha256 as hash_of
from cetransfer.files import write_aside

if TYPE_CHECKING:
    from collections.abc import Callable

MIRROR = "CETRANSFER_MIRROR"
"""Environment variable: folder with copies of the public files, one sub-folder per origin."""

CACHE = "CETRANSFER_CACHE"
"""Environment variable: folder for downloads in place of the user's cache folder."""

ZIPPED = {".xlsx", ".zip"}

BEGINNING = 1024
"""Bytes that tell what a file is."""


def cache_folder() -> Path:
    """Return the folder for downloaded and parsed files; it need not exist yet."""
    chosen = os.environ.get(CACHE)
    if chosen:
        return Path(chosen).expanduser()
    import pooch

    return Path(pooch.os_cache("cetransfer"))


def fetch(folder: str, relative_path: str, url: str, sha256: str) -> Path:
    """Return the path of a public file whose SHA-256 was just checked.

    With ``CETRANSFER_MIRROR`` set, the file is ``$CETRANSFER_MIRROR/<folder>/<relative_path>`` and
    nothing is downloaded. Otherwise it is downloaded once into the cache folder
    (``CETRANSFER_CACHE``, or the user's).

    Parameters
    ----------
    folder
        Name of the origin, for example ``"li2023"``.
    relative_path
        Path inside the origin; spaces are allowed.
    url
        Public address, already quoted.
    sha256
        Expected hash, 64 hex digits.

    Raises
    ------
    UserError
        If the mirror lacks the file, the network cannot be reached, something else came in place
        of the file or the hash differs.
    """
    mirror = os.environ.get(MIRROR)
    if mirror:
        path = _in_mirror(Path(mirror).expanduser(), folder, relative_path)
        _check(path, sha256, f"copy it again from {url}")
        return path
    path = cache_folder() / folder / relative_path
    if not path.is_file():
        _require_writable_cache()
        with write_aside(path) as aside:
            _download(url, aside)
            _check_download(aside, path.suffix, sha256, url)
    _check(path, sha256, "delete the file to download it again")
    return path


def present(folder: str, relative_path: str) -> Path | None:
    """Return where `fetch` would find a file without the network, or None; nothing is checked."""
    mirror = os.environ.get(MIRROR)
    base = Path(mirror).expanduser() if mirror else cache_folder()
    path = base / folder / relative_path
    return path if path.is_file() else None


def versioned(root: Path, name: str) -> Path | None:
    """Return the table of that name in the project's `data/`, else in the package, or None."""
    for path in (root / "data" / name, Path(str(files("cetransfer") / "data" / name))):
        if path.is_file():
            return path
    return None


def parsed(source: Path, suffix: str, write: Callable[[Path], None]) -> Path:
    """Return a parsed form of a file, made once and kept in the cache by the file's SHA-256.

    Parameters
    ----------
    source
        The original.
    suffix
        Name of the parsed form, for example ``".v1.parquet"``; to be changed with the parser.
    write
        Called with the path to write the parsed form to, if it is not there yet.
    """
    path = cache_folder() / "parsed" / f"{hash_of(source)}{suffix}"
    if not path.is_file():
        _require_writable_cache()
        with write_aside(path) as aside:
            write(aside)
    return path


def _require_writable_cache() -> None:
    """Raise with the remedy that helps here: another cache folder."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot make the cache folder {folder} ({error.strerror}); "
            f"set {CACHE} to a writable folder"
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(
            f"cannot write into the cache folder {folder}; set {CACHE} to a writable folder"
        )


def _in_mirror(mirror: Path, folder: str, relative_path: str) -> Path:
    path = mirror / folder / relative_path
    if not mirror.is_dir():
        raise UserError(f"{MIRROR}={mirror} is not a folder; correct or unset it")
    if not path.is_file():
        raise UserError(
            f"the mirror has no file {path}; add it or unset {MIRROR} to use the network"
        )
    return path


def _check(path: Path, expected: str, remedy: str) -> None:
    found = hash_of(path)
    if found != expected:
        kind = _kind_of(path, path.suffix)
        seems = f" ({kind})" if kind else ""
        raise UserError(f"{path}{seems} has SHA-256 {found}, expected {expected}; {remedy}")


def _check_download(path: Path, suffix: str, expected: str, url: str) -> None:
    """Say what came where it is not the file; its own path means nothing to the user."""
    found = hash_of(path)
    if found == expected:
        return
    kind = _kind_of(path, suffix)
    if kind:
        raise UserError(
            f"{url} gave {kind} in place of the file; try again later, or set {MIRROR} to a folder "
            "with a copy of the public files"
        )
    raise UserError(
        f"the file at {url} has changed (SHA-256 {found}, expected {expected}); set {MIRROR} to a "
        "good copy"
    )


def _kind_of(path: Path, suffix: str) -> str:
    """Name what often comes in place of a data file that ends in `suffix`; "" for anything else."""
    with path.open("rb") as stream:
        start = stream.read(BEGINNING)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for sign, kind in (
        (b"<!doctype html", "an HTML page"),
        (b"<html", "an HTML page"),
        (b"<?xml", "an XML document"),
        (b"version https://git-lfs", "a Git LFS pointer"),
        (b"pk\x03\x04", "a zip file"),
    ):
        # a workbook is a zip file too
        if text.startswith(sign) and not (kind == "a zip file" and suffix in ZIPPED):
            return kind
    return "" if start else "0 bytes"


def _download(url: str, path: Path) -> None:
    import pooch
    import requests

    downloader = pooch.HTTPDownloader(progressbar=sys.stderr.isatty())
    try:
        downloader(url, str(path), None)
    except requests.RequestException as error:
        # Caught here since it is an OSError, which would read as a problem with the local file.
        reason = getattr(error.response, "status_code", type(error).__name__)
        raise UserError(
            f"cannot download {url} ({reason}); check the network, or set {MIRROR} to a folder "
            "with a copy of the public files"
        ) from error
