"""Which way of reusing a big source data set gives the lowest error on a small target data set.

The public names are `load_model`, which takes what `cetransfer predict` takes for MODEL, the class
`Model` of what it returns, with `Model.predict`, and `UserError`, what is raised for anything that
the caller can mend. Everything else may change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cetransfer.errors import UserError
    from cetransfer.models import load_model
    from cetransfer.models.model import Model

__version__ = "0.1.0"

__all__ = ["Model", "UserError", "__version__", "load_model"]

#: where the public names are, so that nothing heavy is imported before it is asked for
_PLACES = {
    "Model": "cetransfer.models.model",
    "UserError": "cetransfer.errors",
    "load_model": "cetransfer.models",
}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
