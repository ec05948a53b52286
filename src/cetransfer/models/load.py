"""Reading a model: from its folder to what predicts, without running anything it holds."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.errors import UserError
from cetransfer.models import folder as files
from cetransfer.models.applicability import Known
from cetransfer.models.bundle import DAMAGE, load_stack
from cetransfer.models.compounds import Kind, require_table
from cetransfer.models.intervals import Calibration
from cetransfer.models.kernels import Kernels
from cetransfer.models.model import Model
from cetransfer.models.profiles import Profiles
from cetransfer.models.source_nets import StoredStart
from cetransfer.models.target_nets import Start, TargetNets
from cetransfer.networks.stack import MlpStack
from cetransfer.settings import FeatureSettings, NetworkSettings
from cetransfer.structures.prototypes import prototype_named
from cetransfer.transfer.reference import Reference
from cetransfer.transfer.strategy import make_strategy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray


def load(folder: Path) -> Model:
    """Read a model; no code of the folder is run.

    Raises
    ------
    UserError
        If a file is missing, changed or damaged, or this version cannot predict with it.
    """
    about = files.read(folder)
    try:
        return _built(folder, about)
    except (*DAMAGE, AttributeError, IndexError, MemoryError) as error:
        raise UserError(f"{folder} holds no readable model ({error}); {files.REMEDY}") from error


def _built(folder: Path, about: Mapping[str, Any]) -> Model:
    network = NetworkSettings(**about["network"])
    inputs = int(about["inputs"])
    members = about["members"]
    stack, arrays = load_stack(folder / files.TARGET, network, (about["nets"], inputs, 1))
    asked = [int(net) for net in about["asks_source_nets"]]
    number = {net: i for i, net in enumerate(asked)}
    name = str(about["strategy"]["name"])
    strategy = make_strategy(name, about["strategy"]["configured"])
    starts = [
        Start(
            np.empty(0, np.int64),
            int(one["repeat"]),
            None if one["fold"] is None else int(one["fold"]),
            int(one["target_seed"]),
            number.get(int(one["source"]), 0),
        )
        for one in members
    ]
    kernels = any(each.startswith("kernel.") for each in arrays)
    nets = TargetNets(
        strategy,
        stack.take([int(one["net"]) for one in members]),
        starts,
        np.empty(0, np.float32),
        {},
        _reference(about, arrays),
        Kernels.from_arrays(arrays, len(members)) if kernels else None,
    )
    kind = _kind(folder, about, asks_other=strategy.source_as_input)
    known = Known(
        {site: tuple(one) for site, one in about["elements"].items()},
        arrays["range.low"],
        arrays["range.high"],
    )
    start = _start(folder, about, network, asked, len(known.low))
    return Model(dict(about), nets, start, kind, known, _calibration(about, arrays))


def _start(
    folder: Path,
    about: Mapping[str, Any],
    network: NetworkSettings,
    asked: list[int],
    features: int,
) -> StoredStart:
    """Return the source nets that the model asks; none where it asks none."""
    if not asked:
        return StoredStart(MlpStack(0, features, network))
    stack, arrays = load_stack(folder / files.SOURCE, network, (len(asked), features, 1))
    profiled = about["profiled_elements"]
    profiles = (
        None
        if profiled is None
        else Profiles(tuple(profiled), arrays["profiles"].astype(np.float64))
    )
    return StoredStart(stack, profiles)


def _feature_settings(about: Mapping[str, Any]) -> FeatureSettings:
    """Return the settings of the features that a described model takes."""
    told = about["features"]
    names = [one.name for one in dataclasses.fields(FeatureSettings)]
    return FeatureSettings(**{name: told[name] for name in names})


def _kind(folder: Path, about: Mapping[str, Any], *, asks_other: bool) -> Kind:
    settings = _feature_settings(about)
    require_table(about["features"], settings)
    roles = tuple(about["roles"])
    own = about["prototype_file"]
    prototype = None
    if about["prototype"] is not None:
        prototype = prototype_named(str(folder / own) if own else about["prototype"]["name"])
        if prototype.identity != about["prototype"]["identity"]:
            raise UserError(f"{folder}: its prototype is not the one it names; {files.REMEDY}")
    structures = bool(about["from_structures"])
    profiled = about["profiled_elements"]
    return Kind(
        features=settings,
        prototype=prototype,
        from_structures=structures,
        roles=roles,
        both_orders=about["site_order"] == "both",
        exchanged=asks_other and "B" in roles and not structures,
        elements=None if profiled is None else tuple(profiled),
    )


def _reference(
    about: Mapping[str, Any], arrays: Mapping[str, NDArray[np.floating]]
) -> Reference | None:
    elements = about["reference_elements"]
    if elements is None:
        return None
    constant, shifts = (
        arrays[name].astype(np.float64) for name in ("reference.constant", "reference.shifts")
    )
    return Reference(constant, tuple(elements), shifts.reshape(len(constant), len(elements)))


def _calibration(
    about: Mapping[str, Any], arrays: Mapping[str, NDArray[np.floating]]
) -> Calibration | None:
    told = about["interval"]
    if told is None:
        return None
    return Calibration(
        arrays["interval.fold"].astype(np.int64),
        arrays["interval.scores"].astype(np.float64),
        math.inf if told["constant"] is None else float(told["constant"]),
        float(told["level"]),
        None if told["factor"] is None else float(told["factor"]),
    )
