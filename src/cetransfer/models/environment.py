"""What must be installed to predict: exact versions, as they are here."""

from __future__ import annotations

import importlib.metadata
import re

NEEDED = (
    *("numpy", "pandas", "pyarrow", "pymatgen", "safetensors", "scikit-learn", "spglib"),
    "torch",
)
"""What predicting imports; a test compares it with what is imported."""

SERVER = "mlflow-skinny"
"""The part of MLflow that serves a packaged model."""


def requirements() -> list[str]:
    """Return ``NAME==VERSION`` of what predicting and serving need, with all that this needs.

    What is needed on some platforms only is left to the package that asks for it, and so are local
    versions (``2.13.0+cpu``), which no public registry has.
    """
    found: dict[str, str] = {}
    waiting = [*NEEDED, SERVER]
    while waiting:
        name = waiting.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in found:
            continue
        distribution = importlib.metadata.distribution(name)
        found[key] = distribution.version.partition("+")[0]
        for needed in distribution.requires or ():
            if ";" not in needed:
                waiting += re.findall(r"^[\w.-]+", needed)
    return [f"{name}=={version}" for name, version in sorted(found.items())]
