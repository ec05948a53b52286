"""What learns in a simulation: the project's own strategies, all arms of a round in stacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cetransfer.evaluation.trained import stacks_of
from cetransfer.features.schema import feature_schema
from cetransfer.models.profiles import require_pairs
from cetransfer.models.target_nets import Start
from cetransfer.progress import hushed
from cetransfer.screening.suggestion.places import places_of
from cetransfer.settings import source_net_count
from cetransfer.training.source import source_nets
from cetransfer.training.target import fit_target
from cetransfer.training.task import Task
from cetransfer.transfer.strategy import make_strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from cetransfer.features.domain import Domain
    from cetransfer.screening.suggestion.simulation.arm import Arm
    from cetransfer.settings_suggest import SimulationSettings


@dataclass(frozen=True)
class Learnt:
    """What the networks of some arms, which have the same labels, say of all rows.

    Parameters
    ----------
    arms
        Of one beginning.
    predicted
        (M, n), in the labels' unit.
    """

    arms: list[Arm]
    predicted: NDArray[np.float64]


class Learner:
    """Trains ensembles on labelled rows of one target.

    Parameters
    ----------
    settings
        Data, network, training and the one strategy.
    sources, target
        Its data.
    root
        The project's folder.

    Attributes
    ----------
    places
        All rows as points, see `cetransfer.screening.suggestion.places`.
    """

    def __init__(
        self,
        settings: SimulationSettings,
        sources: tuple[Domain, ...],
        target: Domain,
        root: Path,
    ) -> None:
        (name, configured), *_ = settings.strategy.items()
        self.settings, self.sources, self.target = settings, sources, target
        self.places = places_of(target)
        self.strategy = make_strategy(name, configured)
        self.plan = self.strategy.plan(len(settings.network.hidden) + 1)
        if self.strategy.profile_components:
            require_pairs(name, sources, target)
        self.nets = source_nets(
            settings,
            sources,
            feature_schema(settings.features).digest,
            root / settings.source_dir,
            self.strategy.pretrain,
        )

    def learn(self, labelled: Mapping[Arm, NDArray[np.int64]]) -> Iterator[Learnt]:
        """Train an ensemble for each arm, once for those with the same labels, and ask them.

        Networks of one beginning start alike, so that methods differ in their rows alone.
        """
        alike: dict[tuple[int, bytes], list[Arm]] = {}
        for arm, rows in labelled.items():
            alike.setdefault((arm.seed, rows.tobytes()), []).append(arm)
        groups = list(alike.values())
        tasks = [self._task(labelled[arms[0]], arms[0].seed) for arms in groups]
        for places in stacks_of(tasks):
            with hushed():
                made = fit_target([tasks[place] for place in places])
            for place, nets in zip(places, made, strict=True):
                yield Learnt(groups[place], nets.predict(self.target, self.nets))

    def _task(self, rows: NDArray[np.int64], seed: int) -> Task:
        sources = source_net_count(self.settings)
        starts = [
            Start(rows, seed, None, member, member % sources)
            for member in range(self.settings.protocol.members)
        ]
        return Task(self.strategy, self.plan, starts, self.nets, self.target, self.settings)
