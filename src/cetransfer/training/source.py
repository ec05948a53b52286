"""Source nets: trained once, kept under a key of everything that made them.

Several sources are used in one of two ways: in a sequence, each from the nets of the one before, or
jointly, as one trunk with a head for each.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

import cetransfer
from cetransfer.datasets.dataset import row_numbers
from cetransfer.features.domain import hashes_of
from cetransfer.models import bundle
from cetransfer.models.source_nets import SourceNets
from cetransfer.models.source_rows import positions, rows_without
from cetransfer.networks.stack import MlpStack
from cetransfer.progress import say
from cetransfer.provenance import array_digest, digest
from cetransfer.row_spans import spans_of
from cetransfer.seeding import Purpose, generator, number, torch_generator
from cetransfer.settings import source_net_count
from cetransfer.training.batches import steps_for
from cetransfer.training.fit import fit
from cetransfer.training.lesson import Lesson
from cetransfer.training.module import Course, Recipe
from cetransfer.transfer.strategy import from_scratch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from cetransfer.features.domain import Domain
    from cetransfer.models.source_rows import SourceRows
    from cetransfer.settings import NetworkSettings, Settings

#: first element of every seed path: source nets and target nets never share random numbers
DOMAIN = 0


def source_key(
    settings: Settings,
    sources: Sequence[Domain],
    schema_digest: str,
    earlier: SourceNets | None = None,
    rows: Sequence[SourceRows] | None = None,
) -> str:
    """Return the key of the source nets: a digest of data, feature schema, configuration, seed.

    The rows of all nets are part of it, since they are trained in one stack; None stands for all.
    """
    chosen = rows or [all_rows(sources)]
    return digest(
        {
            "data": array_digest(*_together(sources)),
            "rows": [array_digest(positions(sources, own)) for own in chosen],
            "features": schema_digest,
            "network": dataclasses.asdict(_network(settings)),
            "recipe": dataclasses.asdict(_recipe(settings)),
            # of one set, in the name under which earlier nets were stored
            "members": source_net_count(settings),
            "seed": settings.seed,
            "earlier": earlier.key if earlier else None,
            "version": cetransfer.__version__,
        }
    )[:16]


def source_nets(
    settings: Settings,
    sources: Sequence[Domain],
    schema_digest: str,
    folder: Path,
    pretrain: str | None = None,
    without: Sequence[frozenset[str]] = (frozenset(),),
) -> SourceNets:
    """Return the source nets, trained now or taken from `folder` where they were trained before.

    Parameters
    ----------
    settings
        Network, training, number of nets, seed, and how several sources are used.
    sources
        One or more, in their order.
    schema_digest
        Digest of the feature schema.
    folder
        Where source nets are kept, each set in a folder named by its key.
    pretrain
        ``"sequence"`` or ``"joint"`` in place of what the settings say.
    without
        For each set of nets, the elements it must not see: the nets of set k, each set as large as
        `training.source.nets` says, are trained on the rows with no element of it. By default one
        set, on all rows.
    """
    if (pretrain or settings.dataset.pretrain) == "joint":
        return _stage(settings, tuple(sources), None, schema_digest, folder, without)
    nets = None
    for source in sources:
        nets = _stage(settings, (source,), nets, schema_digest, folder, without)
    if nets is None:
        raise ValueError("there is no source")
    return nets


def _stage(
    settings: Settings,
    sources: tuple[Domain, ...],
    earlier: SourceNets | None,
    schema_digest: str,
    folder: Path,
    without: Sequence[frozenset[str]],
) -> SourceNets:
    """Train one stack on one source or several at once, from random or earlier nets."""
    rows = tuple(
        tuple(rows_without(source, elements) for source in sources) for elements in without
    )
    key = source_key(settings, sources, schema_digest, earlier, rows)
    if (folder / key).is_dir():
        stored = bundle.load(folder / key)
        say(f"source nets: {key} taken from {folder / key}")
        return SourceNets(key, stored.stack, stored.about, sources, rows, earlier)
    began = time.perf_counter()
    features, labels, heads = _together(sources)
    recipe = _recipe(settings)
    in_set = source_net_count(settings)
    nets = len(rows) * in_set
    # a net's seeds go by its number and its place in the sequence
    place = (len(earlier.stages),) if earlier else ()
    own = [positions(sources, each) for each in rows for _ in range(in_set)]
    lesson = Lesson(features, labels, own, heads=heads)
    if earlier:
        # with its weights and its scalers, as the target nets will start from these
        stack = earlier.stack.take(range(nets))
    else:
        stack = MlpStack(nets, features.shape[1], _network(settings), len(sources))
        stack.reset(
            [torch_generator(settings.seed, Purpose.INIT, DOMAIN, net) for net in range(nets)]
        )
        lesson.fit_scalers(stack)
    names = " + ".join(source.name for source in sources)
    losses = fit(
        stack,
        lesson,
        [Course(f"source {names}", nets, recipe, from_scratch(len(settings.network.hidden) + 1))],
        generators=[
            generator(settings.seed, Purpose.BATCHES, DOMAIN, net, *place) for net in range(nets)
        ],
        dropout_seed=number(settings.seed, Purpose.DROPOUT, DOMAIN, *place),
        description=f"source {names}, {nets} nets on {_counted(own)} rows",
    )
    about = {
        "kind": "source",
        "key": key,
        "seed": settings.seed,
        "sources": [source.name for source in sources],
        "earlier": earlier.key if earlier else None,
        "rows": max(map(len, own)),
        "without": [sorted(elements) for elements in without],
        "features": schema_digest,
        "data_hashes": hashes_of(*sources),
        "data": [
            {
                "name": source.name,
                "files": source.data.hashes,
                # one for each set of nets
                "trained": [spans_of(row_numbers(source.data.frame)[each[i]]) for each in rows],
            }
            for i, source in enumerate(sources)
        ],
        "recipe": dataclasses.asdict(recipe),
        "steps": steps_for(lesson.rows, recipe.epochs, recipe.batch_size),
        "seconds": round(time.perf_counter() - began, 2),
        "losses": per_epoch(losses, recipe.epochs),
    }
    bundle.save(folder / key, stack, about)
    return SourceNets(key, stack, about, sources, rows, earlier)


def all_rows(sources: Sequence[Domain]) -> SourceRows:
    """Return all rows of every source."""
    return tuple(np.arange(len(source)) for source in sources)


def _counted(rows: Sequence[NDArray[np.int64]]) -> str:
    fewest, most = min(map(len, rows)), max(map(len, rows))
    return f"{fewest} to {most}" if fewest < most else f"{most}"


def _together(
    sources: Sequence[Domain],
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.int64]]:
    """Return features (n, d), labels (n,) and heads (n,) of all rows of all sources."""
    return (
        np.concatenate([source.features for source in sources]),
        np.concatenate([source.labels for source in sources]),
        np.repeat(np.arange(len(sources)), [len(source.labels) for source in sources]),
    )


def per_epoch(losses: NDArray[np.float32], epochs: int) -> list[float]:
    """Return the mean loss of each pass over all members, from that of each step (steps, M)."""
    return [float(part.mean()) for part in np.array_split(losses, min(epochs, len(losses)))]


def _network(settings: Settings) -> NetworkSettings:
    """Return the network of the source nets, which may have a dropout of their own."""
    own = settings.training.source.dropout
    return settings.network if own is None else replace(settings.network, dropout=own)


def _recipe(settings: Settings) -> Recipe:
    training = settings.training
    source = training.source
    return Recipe(
        epochs=source.epochs,
        batch_size=source.batch_size,
        learning_rate=source.learning_rate,
        weight_decay=training.weight_decay if source.weight_decay is None else source.weight_decay,
        l1=training.l1 if source.l1 is None else source.l1,
        dropout=_network(settings).dropout,
        loss_beta=training.loss_beta,
        accelerator=training.accelerator,
    )
