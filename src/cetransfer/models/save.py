"""Writing the numbers of a model; `cetransfer.models.load` reads them."""

from __future__ import annotations

import dataclasses
import math
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cetransfer.models import folder as files
from cetransfer.models.bundle import save_stack
from cetransfer.provenance import array_digest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cetransfer.models.applicability import Known
    from cetransfer.models.intervals import Calibration
    from cetransfer.models.source_nets import StartNets
    from cetransfer.models.target_nets import TargetNets
    from cetransfer.networks.stack import MlpStack

Arrays = dict[str, "NDArray[np.generic]"]


def write_nets(
    folder: Path,
    nets: TargetNets,
    start: StartNets,
    known: Known,
    calibration: Calibration | None,
    prototype: str | None,
) -> dict[str, Any]:
    """Write the numbers of a model into an empty folder and return what describes them.

    The description is completed and the folder sealed by `cetransfer.models.folder.seal`.

    Parameters
    ----------
    folder
        To be made; what is there is removed.
    nets, start
        The networks, and the source nets that they started from.
    known, calibration
        Where the labelled rows lie, and the rule of the intervals.
    prototype
        Its name, or the path of the user's own CIF, which goes along.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    strategy = nets.strategy
    stack, place = _each_once(nets.stack)
    arrays: Arrays = {"range.low": known.low, "range.high": known.high}
    if nets.kernels is not None:
        arrays |= nets.kernels.arrays()
    if nets.reference is not None:
        arrays |= {
            "reference.constant": nets.reference.constant,
            "reference.shifts": nets.reference.shifts,
        }
    interval = None
    if calibration is not None:
        arrays |= {"interval.fold": calibration.fold, "interval.scores": calibration.scores}
        infinite = math.isinf(calibration.constant)
        interval = {
            "constant": None if infinite else calibration.constant,
            "level": calibration.level,
            "factor": calibration.factor,
        }
    save_stack(folder / files.TARGET, stack, arrays)
    asked = sorted({one.source for one in nets.starts}) if strategy.asks_source else []
    profiled: tuple[str, ...] | None = None
    if asked:
        own: Arrays = {}
        if strategy.profile_components:
            profiles = start.profiles(strategy.profile_components)
            profiled, own = profiles.elements, {"profiles": profiles.numbers[asked]}
        save_stack(folder / files.SOURCE, start.start.take(asked), own)
    own_prototype = Path(prototype).name if prototype and _is_cif(prototype) else None
    if prototype and own_prototype:
        shutil.copyfile(prototype, folder / own_prototype)
    return {
        "network": dataclasses.asdict(stack.settings),
        "inputs": stack.x_mean.shape[2],
        "nets": stack.members,
        "members": [
            {
                "repeat": one.repeat,
                "fold": one.fold,
                "target_seed": one.target_seed,
                "source": one.source,
                "net": net,
            }
            for one, net in zip(nets.starts, place, strict=True)
        ],
        "asks_source_nets": asked,
        "profiled_elements": None if profiled is None else list(profiled),
        "reference_elements": list(nets.reference.elements) if nets.reference else None,
        "elements": {site: list(each) for site, each in known.elements.items()},
        "interval": interval,
        "prototype_file": own_prototype,
    }


def _each_once(stack: MlpStack) -> tuple[MlpStack, list[int]]:
    """Return the different networks of a stack, and which of them each member is.

    What is copied and not trained is the same in every fold.
    """
    state = stack.state_dict().values()
    digests = [
        array_digest(*(values[member].numpy() for values in state))
        for member in range(stack.members)
    ]
    first = {value: digests.index(value) for value in digests}
    number = {value: i for i, value in enumerate(first)}
    return stack.take(list(first.values())), [number[value] for value in digests]


def _is_cif(prototype: str) -> bool:
    return prototype.lower().endswith(".cif")
