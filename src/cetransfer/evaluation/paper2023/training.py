"""One arm of the paper's procedure, fold after fold, resumable after each.

What makes scores look better than they are, and is kept where an arm leaks:

- inputs are scaled to [0, 1] by the minimum and maximum of all rows, scored ones included;
- without transfer, the network is not started anew in a fold but goes on from the one before, whose
  training rows include the rows scored now; its optimiser goes on in both arms;
- the source net is the checkpoint of one fold of ten, from the epoch of the lowest error on it.

The split of training and hold-out rows has no seed there; here it has the seed of the run.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from sklearn.model_selection import KFold
from sklearn.preprocessing import MinMaxScaler
from torch import nn

from cetransfer.evaluation.paper2023.recipe import BATCH, FOLD_SEED, FOLDS, HOLD_OUT, PENALTY
from cetransfer.files import write_aside, write_json
from cetransfer.seeding import Purpose, generator, torch_generator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from cetransfer.evaluation.paper2023.recipe import Arm
    from cetransfer.features.domain import Domain

EPSILON = 1e-7
"""Of Adam, as Keras has it."""

MOMENT = "adam."
"""What the optimiser's tensors are called beside the network's."""


@dataclass(frozen=True)
class FoldScore:
    """Mean absolute errors of one fold, eV/atom.

    Parameters
    ----------
    last
        On the fold's rows after the last epoch, as the notebooks report it.
    best
        On the fold's rows at the epoch where the loss on them was lowest, the checkpoint; None
        where no epoch is chosen.
    hold_out
        On the 10 % that no fold holds, after the last epoch.
    """

    arm: str
    fold: int
    last: float
    best: float | None
    hold_out: float


def train_in_turn(
    arms: Sequence[Arm],
    source: Domain,
    target: Domain,
    hidden: Sequence[int],
    folder: Path,
    seed: int,
) -> None:
    """Train arms one after the other; a transfer starts from the source arm before it.

    Parameters
    ----------
    arms
        In their order.
    source, target
        With the features of the paper (variant ab_ab, table li2023).
    hidden
        Widths of the hidden layers.
    folder
        Where the state after each fold is kept; a run that was killed goes on from there.
    seed
        Of the hold-out split, the start values and the order of rows.
    """
    start = None
    for arm in arms:
        at_source = arm.name == "source"
        run = ArmRun(
            arm,
            source if at_source else target,
            hidden,
            folder,
            seed,
            start=start if arm.name == "transfer" else None,
        )
        run.train_folds()
        if at_source:
            start = run.chosen()


def stored_scores(arm: Arm, folder: Path) -> list[FoldScore]:
    """Return the scores of the finished folds of an arm."""
    files = [folder / arm.place / f"{fold}.json" for fold in range(arm.folds)]
    return [FoldScore(**json.loads(file.read_text())) for file in files if file.is_file()]


class ArmRun:
    """The state of one arm: its rows, network and optimiser."""

    def __init__(
        self,
        arm: Arm,
        domain: Domain,
        hidden: Sequence[int],
        folder: Path,
        seed: int,
        start: dict[str, torch.Tensor] | None = None,
    ) -> None:
        self.arm, self.hidden, self.seed, self.start = arm, hidden, seed, start
        self.features = domain.features.astype(np.float64)
        self.y = torch.tensor(domain.labels, dtype=torch.float32)
        self.folder = folder / arm.place
        self.number = 0 if arm.name == "source" else 1
        order = generator(seed, Purpose.PAPER, self.number).permutation(len(self.y))
        cut = int(np.ceil(HOLD_OUT * len(order)))
        self.hold_out, self.rest = order[:cut], order[cut:]
        if arm.leaks:
            self._scale(np.arange(len(self.y)))
            self._begin(2)

    def train_folds(self) -> None:
        """Train every fold that no earlier run finished."""
        splits = KFold(FOLDS, shuffle=True, random_state=FOLD_SEED).split(self.rest)
        for fold, (train, test) in zip(range(self.arm.folds), splits, strict=False):
            if not (self.folder / f"{fold}.json").is_file():
                self.run_fold(fold, self.rest[train], self.rest[test])
            elif self.arm.leaks:
                self._resume(fold)

    def run_fold(self, fold: int, train: NDArray[np.int64], test: NDArray[np.int64]) -> None:
        """Train on one fold and keep the state after it."""
        if not self.arm.leaks:
            self._scale(train)
            self._begin(2, self.number, fold)
        if self.start is not None:
            self.network.load_state_dict(self.start)
        with _small_products():
            best, kept = self.train(fold, train, test)
            last, hold_out = self._error(test), self._error(self.hold_out)
        self._keep(fold, kept, FoldScore(self.arm.name, fold, last, best, hold_out))

    def train(
        self, fold: int, train: NDArray[np.int64], test: NDArray[np.int64]
    ) -> tuple[float | None, dict[str, torch.Tensor]]:
        """Return the error and the weights of the epoch with the lowest loss on the fold's rows.

        Where nothing leaks no epoch is chosen: there are none.
        """
        rng = generator(self.seed, Purpose.PAPER, self.number, 1, fold)
        lowest, best, kept = np.inf, None, {}
        for _ in range(self.arm.epochs):
            order = rng.permutation(train)
            for first in range(0, len(order), BATCH):
                rows = order[first : first + BATCH]
                self.optimizer.zero_grad(set_to_none=True)
                loss = (self.network(self.x[rows]).squeeze(1) - self.y[rows]).abs().mean()
                loss = loss + self._penalty()
                loss.backward()
                self.optimizer.step()
            if not self.arm.leaks:
                continue
            error = self._error(test)
            with torch.no_grad():
                penalised = error + float(self._penalty())
            if penalised < lowest:
                lowest, best = penalised, error
                kept = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        return best, kept

    def chosen(self) -> dict[str, torch.Tensor]:
        """Return the net of the last fold that a transfer starts from."""
        fold = self.arm.folds - 1
        if self.arm.leaks:
            return load_file(self.folder / f"{fold}-best.safetensors")
        tensors = load_file(self.folder / f"{fold}.safetensors")
        return {name: value for name, value in tensors.items() if not name.startswith(MOMENT)}

    def _scale(self, rows: NDArray[np.int64]) -> None:
        """Scale all inputs to the range of some rows."""
        scaler = MinMaxScaler().fit(self.features[rows])
        self.x = torch.tensor(scaler.transform(self.features), dtype=torch.float32)

    def _begin(self, *path: int) -> None:
        """Make a new network, from random numbers of their own, and a new optimiser."""
        start = torch_generator(self.seed, Purpose.PAPER, *path)
        self.network = _network(self.features.shape[1], self.hidden, start)
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), lr=self.arm.learning_rate, eps=EPSILON, fused=True
        )

    def _penalty(self) -> torch.Tensor:
        layers = [layer for layer in self.network if isinstance(layer, nn.Linear)]
        sizes = (layer.weight.abs().sum() for layer in layers[: self.arm.penalised])
        return PENALTY * sum(sizes, torch.zeros(()))

    def _error(self, rows: NDArray[np.int64]) -> float:
        with torch.inference_mode():
            return float((self.network(self.x[rows]).squeeze(1) - self.y[rows]).abs().mean())

    def _keep(self, fold: int, best: dict[str, torch.Tensor], score: FoldScore) -> None:
        """Write the state after a fold; the score comes last and says that all is there."""
        if best:
            with write_aside(self.folder / f"{fold}-best.safetensors") as aside:
                save_file(best, aside)
        with write_aside(self.folder / f"{fold}.safetensors") as aside:
            save_file({**self.network.state_dict(), **self._moments()}, aside)
        write_json(self.folder / f"{fold}.json", asdict(score))

    def _moments(self) -> dict[str, torch.Tensor]:
        state = self.optimizer.state_dict()["state"]
        return {
            f"{MOMENT}{number}.{name}": value.clone()
            for number, values in state.items()
            for name, value in values.items()
        }

    def _resume(self, fold: int) -> None:
        tensors = load_file(self.folder / f"{fold}.safetensors")
        state: dict[int, dict[str, Any]] = {}
        for name in [name for name in tensors if name.startswith(MOMENT)]:
            number, moment = name.removeprefix(MOMENT).split(".")
            state.setdefault(int(number), {})[moment] = tensors.pop(name)
        self.network.load_state_dict(tensors)
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": state})


@contextmanager
def _small_products() -> Iterator[None]:
    """Make small training steps fast: one thread, and no numbers below 1e-38.

    A second thread costs more than it does. Of inputs that never vary and of units that the penalty
    has silenced, Adam's moments shrink until they are denormal, where arithmetic is several times
    slower; as zeros they change no weight.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(threads)


def _network(inputs: int, hidden: Sequence[int], start: torch.Generator) -> nn.Sequential:
    """Return the network of the paper on Keras's start values: Glorot uniform and zeros."""
    layers: list[nn.Module] = []
    for wide in hidden:
        layers += [nn.Linear(inputs, wide), nn.ReLU()]
        inputs = wide
    network = nn.Sequential(*layers, nn.Linear(inputs, 1))
    for layer in network:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight, generator=start)
            nn.init.zeros_(layer.bias)
    return network
