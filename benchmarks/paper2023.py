"""The paper's own procedure beside its published numbers, leaks included.

    python benchmarks/paper2023.py [FOLDER]

Takes about half an hour on 2 quiet cores; a run that was killed goes on from the last finished fold
in FOLDER (default outputs/paper2023).
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from hydra import compose, initialize_config_dir

from cetransfer.composition import config_dir, to_settings
from cetransfer.evaluation.case import load_domains
from cetransfer.evaluation.paper2023 import repeat
from cetransfer.settings import Settings, project_root

PUBLISHED = {"target_only": 0.132, "transfer": 0.106}
"""Mean absolute errors in the abstract of doi 10.1038/s41524-023-01068-7, eV/atom."""

WORDS = ["dataset=li2023", "dataset.exclude_suspects=false", "features.table=li2023"]


def main() -> None:
    """Print one line an arm."""
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        settings = to_settings(compose("config", WORDS), Settings)
    root = project_root()
    (source,), target = load_domains(settings, root)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else root / "outputs" / "paper2023"
    scores = pd.DataFrame(repeat(source, target, folder, settings.seed))
    means = scores.groupby("arm", sort=False)[["last", "best", "hold_out"]].mean()
    print(means.assign(published=means.index.map(PUBLISHED)).round(4).to_string())


if __name__ == "__main__":
    main()
