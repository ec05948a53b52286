"""The shape of the configuration of `cetransfer report`: types only, defaults stand in `conf/`."""

from __future__ import annotations

from dataclasses import dataclass

from cetransfer.settings import TrackingSettings  # noqa: TC001 - OmegaConf asks for it


@dataclass
class ReportSettings:
    """What `cetransfer report` reads; `run` is a folder, a name or the id of an MLflow run."""

    run: str
    tracking: TrackingSettings
    quiet: bool
    output_dir: str | None
