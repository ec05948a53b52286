"""A trial as a process of its own: Hydra composes, a plain Lightning loop trains fold after fold.

    python benchmarks/sweep_alone.py -m KEY=VALUE ...

What `benchmarks/sweep.py` is held against; writes the mean inner error to the file that the
environment variable `SWEEP_ALONE` names.
"""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import hydra
import numpy as np
import pytorch_lightning as pl
import torch
from stack_against_lightning import PlainModule
from torch.utils.data import DataLoader, TensorDataset

from cetransfer.composition import config_dir, to_settings
from cetransfer.evaluation.case import load_domains
from cetransfer.settings import project_root
from cetransfer.settings_sweep import StudySettings
from cetransfer.sweeps.batch import INNER
from cetransfer.sweeps.folds import inner_splits, make_folds

if TYPE_CHECKING:
    from omegaconf import DictConfig


@hydra.main(version_base="1.3", config_path=str(config_dir()), config_name="sweep")
def main(config: DictConfig) -> None:
    """Train one network on each inner fold of the first outer fold."""
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    settings: StudySettings = to_settings(config, StudySettings)
    _, target = load_domains(settings, project_root())
    folds = make_folds(target.data, settings)
    features = target.features[folds.labelled]
    labels = target.labels[folds.labelled]
    errors = []
    for split in inner_splits(folds, 0, INNER, settings.sweep.inner_folds, settings.seed):
        x = torch.tensor(features[split.train])
        y = torch.tensor(labels[split.train], dtype=torch.float32)
        mean, spread = x.mean(0), x.std(0)
        spread[spread == 0] = 1.0
        data = TensorDataset((x - mean) / spread, (y - y.mean()) / y.std())
        loader = DataLoader(data, settings.training.batch_size, shuffle=True, drop_last=True)
        trainer = pl.Trainer(
            accelerator="cpu",
            max_epochs=settings.training.epochs,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        module = PlainModule(x.shape[1], settings, settings.training.epochs * len(loader))
        trainer.fit(module, loader)
        module.eval()
        with torch.no_grad():
            scored = (torch.tensor(features[split.test]) - mean) / spread
            predicted = module.network(scored).squeeze(-1) * y.std() + y.mean()
        errors.append(np.abs(predicted.numpy() - labels[split.test]).mean())
    Path(os.environ["SWEEP_ALONE"]).write_text(f"{np.mean(errors)}")


if __name__ == "__main__":
    main()
