"""Source nets: trained once, kept under a key of everything that made them."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import cetransfer
from cetransfer.models import bundle
from cetransfer.networks.scaling import fit_scalers
from cetransfer.networks.stack import MlpStack
from cetransfer.progress import say
from cetransfer.provenance import array_digest, digest
from cetransfer.seeding import Purpose, generator, number, torch_generator
from cetransfer.training.batches import steps_for
from cetransfer.training.fit import fit
from cetransfer.training.module import Recipe

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from cetransfer.settings import Settings

#: first element of every seed path: source nets and target nets never share random numbers
DOMAIN = 0


@dataclass(frozen=True)
class SourceNets:
    """A stack of source nets, the key they are stored under, and what made them."""

    key: str
    stack: MlpStack
    about: dict[str, Any]

    def identifier(self, net: int) -> str:
        """Return the name of one net, unique among all that were ever trained."""
        return f"{self.key}/{net}"


def source_key(
    settings: Settings,
    features: NDArray[np.float32],
    labels: NDArray[np.float64],
    schema_digest: str,
) -> str:
    """Return the key of the source nets: a digest of data, feature schema, configuration, seed.

    The number of nets is part of it, since they are trained in one stack.
    """
    return digest(
        {
            "data": array_digest(features, labels),
            "features": schema_digest,
            "network": dataclasses.asdict(settings.network),
            "recipe": dataclasses.asdict(_recipe(settings)),
            "members": settings.protocol.members,
            "seed": settings.seed,
            "version": cetransfer.__version__,
        }
    )[:16]


def source_nets(
    settings: Settings,
    features: NDArray[np.float32],
    labels: NDArray[np.float64],
    schema_digest: str,
    folder: Path,
) -> SourceNets:
    """Return the source nets, trained now or taken from `folder` where they were trained before.

    Parameters
    ----------
    settings
        Network, training, number of members and seed.
    features, labels
        (n, d) and (n,) in their unit: all rows of the source.
    schema_digest
        Digest of the feature schema.
    folder
        Where source nets are kept, each set in a folder named by its key.
    """
    key = source_key(settings, features, labels, schema_digest)
    if (folder / key).is_dir():
        stored = bundle.load(folder / key)
        say(f"source nets: {key} taken from {folder / key}")
        return SourceNets(key, stored.stack, stored.about)
    began = time.perf_counter()
    members = settings.protocol.members
    recipe = _recipe(settings)
    stack = MlpStack(members, features.shape[1], settings.network)
    stack.reset(
        [torch_generator(settings.seed, Purpose.INIT, DOMAIN, net) for net in range(members)]
    )
    rows = [np.arange(len(labels))] * members
    fit_scalers(stack, features, labels, rows)
    losses = fit(
        stack,
        features,
        labels,
        rows,
        recipe,
        generators=[
            generator(settings.seed, Purpose.BATCHES, DOMAIN, net) for net in range(members)
        ],
        dropout_seed=number(settings.seed, Purpose.DROPOUT, DOMAIN),
        trained=[True] * (len(settings.network.hidden) + 1),
        description=f"source, {members} nets on {len(labels)} rows",
    )
    about = {
        "kind": "source",
        "key": key,
        "seed": settings.seed,
        "rows": len(labels),
        "features": schema_digest,
        "recipe": dataclasses.asdict(recipe),
        "steps": steps_for(rows, recipe.epochs, recipe.batch_size),
        "seconds": round(time.perf_counter() - began, 2),
        "losses": per_epoch(losses, recipe.epochs),
    }
    bundle.save(folder / key, stack, about)
    return SourceNets(key, stack, about)


def per_epoch(losses: NDArray[np.float32], epochs: int) -> list[float]:
    """Return the mean loss of each pass, from the loss of each step."""
    return [float(part.mean()) for part in np.array_split(losses, min(epochs, len(losses)))]


def _recipe(settings: Settings) -> Recipe:
    training = settings.training
    return Recipe(
        epochs=training.source.epochs,
        batch_size=training.source.batch_size,
        learning_rate=training.source.learning_rate,
        weight_decay=training.weight_decay,
        loss_beta=training.loss_beta,
        accelerator=training.accelerator,
    )
