"""The model of each strategy of a comparison: a folder that predicts by itself."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jsonschema
import numpy as np

from cetransfer.datasets.dataset import row_numbers
from cetransfer.evaluation.coverage import ensembles_of
from cetransfer.evaluation.documents import schema_of
from cetransfer.features.domain import hashes_of
from cetransfer.models.applicability import known_of
from cetransfer.models.folder import DESCRIPTION, described, seal
from cetransfer.models.intervals import NOMINAL, scaled_intervals
from cetransfer.models.save import write_nets
from cetransfer.row_spans import spans_of
from cetransfer.settings import PLACES
from cetransfer.structures.prototypes import prototype_named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from cetransfer.evaluation.case import Case
    from cetransfer.evaluation.coverage import Unseen
    from cetransfer.evaluation.scores import Score
    from cetransfer.evaluation.splits import Member
    from cetransfer.evaluation.trained import Trained
    from cetransfer.features.domain import Domain
    from cetransfer.models.intervals import Calibration
    from cetransfer.models.source_nets import SourceNets

FROM_DOCUMENT = (
    *("dataset", "quantity", "unit", "protocol_words", "seed", "data_hashes"),
    *("commit", "dirty", "packages"),
)
"""What a model says of itself in the words of its comparison."""

SCORES = ("mae", "mae_low", "mae_high", "mae_unseen", "verdict")
"""What of the strategy's scores goes along."""

MODELS = "models"
"""Folder of a comparison with a folder for each of its models."""


@dataclass(frozen=True)
class Draft:
    """A model whose numbers are written; `finish` makes it one."""

    folder: Path
    about: dict[str, Any]

    def finish(self, document: Mapping[str, Any], score: Score) -> str:
        """Describe the model by what its comparison found, and return its id.

        A folder that was finished before the comparison was interrupted stays as it is.
        """
        if (self.folder / DESCRIPTION).is_file():
            return str(described(self.folder)["id"])
        config = document["config"]
        about = {
            **self.about,
            **{name: document[name] for name in FROM_DOCUMENT},
            "comparison": document["key"],
            # the same model wherever it was made
            "config": {key: value for key, value in config.items() if key not in PLACES},
            "scores": {name: getattr(score, name) for name in SCORES},
        }
        jsonschema.validate(about, schema_of("model"))
        return seal(self.folder, about)


def draft_model(
    folder: Path,
    case: Case,
    made: Trained,
    predicted: NDArray[np.float64],
    unseen: Unseen | None,
) -> Draft:
    """Write the numbers of a strategy's model: the networks of the first repeat.

    Parameters
    ----------
    folder
        Of the model.
    case
        What is compared on.
    made
        What the strategy made; of several numbers of labelled rows, with the largest.
    predicted
        (M, n) what every member predicts for all target rows.
    unseen
        The strategy's intervals for rows never trained on, where there are any.
    """
    settings, sources, every = made.job.task.settings, made.job.task.nets, made.job.members
    if (folder / DESCRIPTION).is_file():
        return Draft(folder, {})
    members = [i for i, member in enumerate(every) if member.split.repeat == 0]
    strategy, data = made.nets.strategy, case.target.data
    labelled = np.unique(np.concatenate([every[i].split.train for i in members]))
    numbers = write_nets(
        folder,
        made.nets.take(members),
        sources,
        known_of(case.target, labelled),
        unseen.calibration if unseen else _calibration(case, every, predicted),
        data.prototype,
    )
    if numbers["interval"] is not None:
        numbers["interval"]["nominal"] = NOMINAL
    prototype = None if data.prototype is None else prototype_named(data.prototype)
    used = sorted({every[i].source for i in members}) if strategy.uses_source else []
    about = {
        "strategy": {"name": strategy.name, "configured": dict(settings.strategy[strategy.name])},
        "prototype": prototype
        and {
            "name": prototype.name,
            "identity": prototype.identity,
            "form": prototype.formula_template,
            "space_group": prototype.space_group,
        },
        "roles": list(data.roles),
        "from_structures": data.structures is not None,
        "site_order": settings.dataset.site_order,
        "features": {
            **dataclasses.asdict(settings.features),
            "table_sha256": case.schema.table_sha256,
            "schema": case.schema.digest,
        },
        "reference": settings.dataset.reference if strategy.uses_source else "none",
        **numbers,
        "source_nets": [stage.identifier(net) for stage in sources.stages for net in used],
        "data": [
            *(
                _rows(domain, "source", _union(stage, used, i))
                for stage in (sources.stages if used else ())
                for i, domain in enumerate(stage.sources)
            ),
            _rows(case.target, "target", labelled),
        ],
    }
    return Draft(folder, about)


def _calibration(
    case: Case, members: Sequence[Member], predicted: NDArray[np.float64]
) -> Calibration | None:
    """Return the rule of intervals where all rows are labelled; None where there is none."""
    ensembles = ensembles_of(predicted, members)
    if ensembles is None:
        return None
    none, nowhere = np.empty(0, np.int64), np.empty(0, np.bool_)
    return scaled_intervals(ensembles, case.target.data.labels, none, nowhere)[0].calibration


def _union(stage: SourceNets, nets: Sequence[int], source: int) -> NDArray[np.int64]:
    """Return the rows of a source that any of the nets was trained on."""
    return np.unique(np.concatenate([stage.rows_of(net)[source] for net in nets]))


def _rows(domain: Domain, role: str, rows: NDArray[np.int64]) -> dict[str, Any]:
    return {
        "name": domain.name,
        "role": role,
        "files": hashes_of(domain),
        "trained": spans_of(row_numbers(domain.data.frame)[rows]),
    }
