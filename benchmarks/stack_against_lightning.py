"""Train the same 50 networks one by one with a plain Lightning loop, and as one stack.

    python benchmarks/stack_against_lightning.py [network ...] [--accelerator gpu]

Prints, for each network, the seconds of both, their ratio, and which share of the device's
matrix-product rate the stack reaches. The data are those of the default comparison. Fold training
sets have 769 or 770 rows, so both ways take the same number of steps of the same size.
"""

from __future__ import annotations

import argparse
import logging
import os
import time
import warnings
from itertools import pairwise

os.environ.setdefault("GOMP_SPINCOUNT", "10000")

import pytorch_lightning as pl
import torch
from joblib import cpu_count
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from cetransfer.composition import compose_words, to_settings
from cetransfer.evaluation.case import Case, load_case
from cetransfer.models.source_nets import SourceNets
from cetransfer.models.target_nets import Start
from cetransfer.networks.stack import MlpStack
from cetransfer.progress import set_quiet
from cetransfer.settings import Settings, project_root
from cetransfer.training.batches import steps_for
from cetransfer.training.target import fit_target
from cetransfer.training.task import Task
from cetransfer.transfer.strategies.target_only import TargetOnly

EPOCHS = 10
LEARNING_RATE = 2e-3


class PlainModule(pl.LightningModule):
    """One network, trained as Lightning's own tutorial does it."""

    def __init__(self, inputs: int, settings: Settings, steps: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = inputs
        for wide in settings.network.hidden:
            layers += [nn.Linear(width, wide), nn.SiLU(), nn.Dropout(settings.network.dropout)]
            width = wide
        self.network = nn.Sequential(*layers, nn.Linear(width, 1))
        self.settings = settings
        self.steps = steps

    def training_step(self, batch: list[torch.Tensor], _step: int) -> torch.Tensor:
        """Return the smooth-L1 loss of a batch."""
        x, y = batch
        prediction = self.network(x).squeeze(-1)
        beta = self.settings.training.loss_beta
        return nn.functional.smooth_l1_loss(prediction, y, beta=beta)

    def configure_optimizers(self) -> dict[str, object]:
        """Return the recipe of the stack."""
        decay = self.settings.training.weight_decay
        optimizer = torch.optim.AdamW(
            self.parameters(), lr=LEARNING_RATE, weight_decay=decay, fused=True
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, LEARNING_RATE, total_steps=self.steps + 1
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


def one_by_one(case: Case, settings: Settings) -> float:
    """Return the seconds that a plain loop over the networks takes."""
    batch_size = settings.training.batch_size
    began = time.perf_counter()
    for member in case.members:
        rows = member.split.train
        x = torch.tensor(case.target.features[rows])
        y = torch.tensor(case.target.labels[rows], dtype=torch.float32)
        spread = x.std(0)
        spread[spread == 0] = 1.0
        data = TensorDataset((x - x.mean(0)) / spread, (y - y.mean()) / y.std())
        loader = DataLoader(data, batch_size=batch_size, shuffle=True)
        trainer = pl.Trainer(
            accelerator=settings.training.accelerator,
            devices=1,
            max_epochs=EPOCHS,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(PlainModule(x.shape[1], settings, EPOCHS * len(loader)), loader)
    return time.perf_counter() - began


def as_stack(case: Case, settings: Settings) -> float:
    """Return the seconds that one stack of the same networks takes."""
    starts = [
        Start(m.split.train, m.split.repeat, m.split.fold, m.target_seed, m.source)
        for m in case.members
    ]
    strategy = TargetOnly("target_only", LEARNING_RATE)
    plan = strategy.plan(len(settings.network.hidden) + 1)
    empty = MlpStack(1, case.target.features.shape[1], settings.network)
    unused = SourceNets("", empty, {}, (), ())
    began = time.perf_counter()
    fit_target([Task(strategy, plan, starts, unused, case.target, settings)])
    return time.perf_counter() - began


def matrix_rate(accelerator: str) -> float:
    """Return the device's best rate on a large float32 matrix product, in GFLOP/s."""
    device = "cuda" if accelerator == "gpu" else "cpu"
    size = 2048
    left, right = torch.randn(2, size, size, device=device)
    best = float("inf")
    for _ in range(8):
        began = time.perf_counter()
        # taking one number waits for the product
        (left @ right)[0, 0].item()
        best = min(best, time.perf_counter() - began)
    return 2 * size**3 / best / 1e9


def main() -> None:
    """Print a line per network."""
    parser = argparse.ArgumentParser()
    parser.add_argument("networks", nargs="*", default=["default", "small"])
    parser.add_argument("--accelerator", choices=["cpu", "gpu"], default="cpu")
    asked = parser.parse_args()
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
    set_quiet(quiet=True)
    torch.set_num_threads(cpu_count())
    rate = matrix_rate(asked.accelerator)
    threads = f"{torch.get_num_threads()} threads"
    device = torch.cuda.get_device_name() if asked.accelerator == "gpu" else threads
    print(f"matrix product: {rate:.0f} GFLOP/s on {device}")
    for network in asked.networks:
        overrides = [
            *(f"network={network}", f"training.epochs={EPOCHS}"),
            f"training.accelerator={asked.accelerator}",
        ]
        settings = to_settings(compose_words("config", overrides), Settings)
        case = load_case(settings, project_root())
        folds = [member for member in case.members if member.split.fold is not None]
        case = Case(**{**case.__dict__, "members": folds})
        alone, stacked = one_by_one(case, settings), as_stack(case, settings)
        widths = [case.target.features.shape[1], *settings.network.hidden, 1]
        weights = sum(a * b for a, b in pairwise(widths))
        rows = [member.split.train for member in folds]
        steps = steps_for(rows, EPOCHS, settings.training.batch_size)
        # forward, gradient of the inputs, gradient of the weights: three products a layer, except
        # that the first layer's inputs need no gradient
        products = 3 * weights - widths[0] * widths[1]
        work = 2 * products * settings.training.batch_size * steps * len(folds) / 1e9
        print(
            f"{network:8s} {len(folds)} networks, {EPOCHS} epochs: one by one {alone:.1f} s, "
            f"as a stack {stacked:.1f} s, ratio {alone / stacked:.1f}; the stack runs at "
            f"{work / stacked:.0f} GFLOP/s, {100 * work / stacked / rate:.0f} % of the rate"
        )


if __name__ == "__main__":
    main()
