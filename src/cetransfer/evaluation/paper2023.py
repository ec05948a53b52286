"""The procedure of Li et al., npj Comput. Mater. 9:106 (2023), repeated with its leaks.

Source: the notebooks of github.com/liyihang1024/spinel_to_perovskite_TL. What in them makes scores
look better than they are, and is kept here on purpose:

- inputs are scaled to [0, 1] by the minimum and maximum of all rows, scored ones included;
- without transfer, the network is not started anew in a fold but goes on from the one before, whose
  training rows include the rows scored now; its optimiser goes on in both arms;
- the source net is the checkpoint of one fold of ten, from the epoch of the lowest error on it;
- the arms differ in learning rate, epochs and penalty.

The split of training and hold-out rows has no seed there; here it has the seed of the run.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from sklearn.model_selection import KFold
from sklearn.preprocessing import MinMaxScaler
from torch import nn

from cetransfer.files import write_aside, write_json
from cetransfer.progress import meter
from cetransfer.seeding import Purpose, generator, torch_generator

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from cetransfer.features.domain import Domain

HIDDEN = (512, 256, 128, 64, 32)
FOLDS = 10
FOLD_SEED = 7
HOLD_OUT = 0.1
BATCH = 16
PENALTY = 1e-3
CHOSEN_FOLD = 7
"""Of the source: the fold whose checkpoint the transfer starts from."""

EPSILON = 1e-7
"""Of Adam, as Keras has it."""


@dataclass(frozen=True)
class Arm:
    """One training of the paper; `penalised` layers, from the input, have an L1 penalty."""

    name: str
    epochs: int
    learning_rate: float
    penalised: int
    folds: int = FOLDS


SOURCE = Arm("source", 300, 1e-3, 1, folds=CHOSEN_FOLD + 1)
TARGET_ONLY = Arm("target_only", 300, 1e-3, 1)
TRANSFER = Arm("transfer", 500, 5e-4, 5)


@dataclass(frozen=True)
class FoldScore:
    """Mean absolute errors of one fold, eV/atom.

    Parameters
    ----------
    last
        On the fold's rows after the last epoch, as the notebooks report it.
    best
        On the fold's rows at the epoch where the loss on them was lowest, the checkpoint.
    hold_out
        On the 10 % that no fold holds, after the last epoch.
    """

    arm: str
    fold: int
    last: float
    best: float
    hold_out: float


def repeat(source: Domain, target: Domain, folder: Path, seed: int) -> list[FoldScore]:
    """Repeat the procedure: source net, target-only arm, transfer arm.

    Parameters
    ----------
    source, target
        With the features of the paper (variant ab_ab, table li2023).
    folder
        Where the state after each fold is kept; a run that was killed goes on from there.
    seed
        Of the hold-out split, the start values and the order of rows.
    """
    nets = ArmRun(SOURCE, source, folder, seed, 0).scores()
    start = load_file(folder / SOURCE.name / f"{CHOSEN_FOLD}-best.safetensors")
    alone = ArmRun(TARGET_ONLY, target, folder, seed, 1).scores()
    transfer = ArmRun(TRANSFER, target, folder, seed, 1, start).scores()
    return [*nets, *alone, *transfer]


class ArmRun:
    """One arm, fold after fold."""

    def __init__(
        self,
        arm: Arm,
        domain: Domain,
        folder: Path,
        seed: int,
        domain_number: int,
        start: dict[str, torch.Tensor] | None = None,
    ) -> None:
        scaled = MinMaxScaler().fit_transform(domain.features.astype(np.float64))
        self.x = torch.tensor(scaled, dtype=torch.float32)
        self.y = torch.tensor(domain.labels, dtype=torch.float32)
        order = generator(seed, Purpose.PAPER, domain_number).permutation(len(self.y))
        cut = int(np.ceil(HOLD_OUT * len(order)))
        self.hold_out, self.rest = order[:cut], order[cut:]
        self.arm, self.start, self.folder = arm, start, folder / arm.name
        self.seed, self.number = seed, domain_number
        self.network = _network(self.x.shape[1], torch_generator(seed, Purpose.PAPER, 2))
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), lr=arm.learning_rate, eps=EPSILON, fused=True
        )

    def scores(self) -> list[FoldScore]:
        """Return the score of every fold, computed now or taken from an earlier run."""
        splits = KFold(FOLDS, shuffle=True, random_state=FOLD_SEED).split(self.rest)
        found = []
        for fold, (train, test) in zip(range(self.arm.folds), splits, strict=False):
            done = self.folder / f"{fold}.json"
            if done.is_file():
                self._resume(fold)
                found.append(FoldScore(**json.loads(done.read_text())))
            else:
                found.append(self.run_fold(fold, self.rest[train], self.rest[test]))
        return found

    def run_fold(self, fold: int, train: NDArray[np.int64], test: NDArray[np.int64]) -> FoldScore:
        """Train on one fold and keep the state after it."""
        if self.start is not None:
            self.network.load_state_dict(self.start)
        threads = torch.get_num_threads()
        # the products are so small that a second thread costs more than it does
        torch.set_num_threads(1)
        try:
            best, kept = self.train(fold, train, test)
        finally:
            torch.set_num_threads(threads)
        score = FoldScore(self.arm.name, fold, self._error(test), best, self._error(self.hold_out))
        self._keep(fold, kept, score)
        return score

    def train(
        self, fold: int, train: NDArray[np.int64], test: NDArray[np.int64]
    ) -> tuple[float, dict[str, torch.Tensor]]:
        """Return the error and the weights of the epoch with the lowest loss on the fold's rows."""
        rng = generator(self.seed, Purpose.PAPER, self.number, 1, fold)
        layers = [layer for layer in self.network if isinstance(layer, nn.Linear)]
        penalised = [layer.weight for layer in layers[: self.arm.penalised]]
        lowest, best, kept = np.inf, np.inf, {}
        description = f"{self.arm.name}, fold {fold + 1} of {self.arm.folds}"
        with meter(description, self.arm.epochs, "epochs") as advance:
            for _ in range(self.arm.epochs):
                order = rng.permutation(train)
                for first in range(0, len(order), BATCH):
                    rows = order[first : first + BATCH]
                    self.optimizer.zero_grad(set_to_none=True)
                    loss = (self.network(self.x[rows]).squeeze(1) - self.y[rows]).abs().mean()
                    loss = loss + PENALTY * sum(weight.abs().sum() for weight in penalised)
                    loss.backward()
                    self.optimizer.step()
                error = self._error(test)
                with torch.no_grad():
                    penalty = float(PENALTY * sum(weight.abs().sum() for weight in penalised))
                if error + penalty < lowest:
                    lowest, best = error + penalty, error
                    kept = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
                advance()
        return best, kept

    def _error(self, rows: NDArray[np.int64]) -> float:
        with torch.inference_mode():
            return float((self.network(self.x[rows]).squeeze(1) - self.y[rows]).abs().mean())

    def _keep(self, fold: int, best: dict[str, torch.Tensor], score: FoldScore) -> None:
        """Write the state after a fold; the score comes last and says that all is there."""
        with write_aside(self.folder / f"{fold}-best.safetensors") as aside:
            save_file(best, aside)
        with write_aside(self.folder / f"{fold}.safetensors") as aside:
            save_file({**self.network.state_dict(), **self._moments()}, aside)
        write_json(self.folder / f"{fold}.json", asdict(score))

    def _moments(self) -> dict[str, torch.Tensor]:
        state = self.optimizer.state_dict()["state"]
        return {
            f"adam.{number}.{name}": value.clone()
            for number, values in state.items()
            for name, value in values.items()
        }

    def _resume(self, fold: int) -> None:
        tensors = load_file(self.folder / f"{fold}.safetensors")
        state: dict[int, dict[str, Any]] = {}
        for name in [name for name in tensors if name.startswith("adam.")]:
            _, number, moment = name.split(".")
            state.setdefault(int(number), {})[moment] = tensors.pop(name)
        self.network.load_state_dict(tensors)
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": state})


def _network(inputs: int, start: torch.Generator) -> nn.Sequential:
    """Return the network of the paper on Keras's start values: Glorot uniform and zeros."""
    layers: list[nn.Module] = []
    for wide in HIDDEN:
        layers += [nn.Linear(inputs, wide), nn.ReLU()]
        inputs = wide
    network = nn.Sequential(*layers, nn.Linear(inputs, 1))
    for layer in network:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight, generator=start)
            nn.init.zeros_(layer.bias)
    return network
