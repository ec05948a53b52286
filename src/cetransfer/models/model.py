"""A model: all that predicts new compounds with what one strategy made, from one folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cetransfer.models.compounds import Kind, featurized
from cetransfer.models.inputs import asked_for
from cetransfer.models.intervals import Calibration, estimated

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from cetransfer.features.domain import Compounds
    from cetransfer.models.applicability import Known
    from cetransfer.models.inputs import Asked, Input
    from cetransfer.models.source_nets import StoredStart
    from cetransfer.models.target_nets import TargetNets

AT_A_TIME = 16_384
"""Compounds, for the sake of memory; a multiple of what the networks take at a time."""


@dataclass(frozen=True, repr=False)
class Model:
    """What one strategy made, ready to predict; `cetransfer.load_model` returns it.

    Parameters
    ----------
    about
        `model.json`: where the model comes from.
    nets, start
        The networks, and the source nets that they ask.
    kind
        What it takes: compositions of a prototype or structures, and their features.
    known
        Where the labelled rows lie.
    calibration
        Of the intervals; None where the protocol gave none.
    """

    about: dict[str, Any]
    nets: TargetNets
    start: StoredStart
    kind: Kind
    known: Known
    calibration: Calibration | None

    def __repr__(self) -> str:
        about = self.about
        made = f"{about['strategy']['name']} on {about['dataset']}"
        return f"<Model {self.id}: {self.quantity} in {about['unit']}, {made}>"

    @property
    def id(self) -> str:
        """16 hex digits, of everything that the model is."""
        return str(self.about["id"])

    @property
    def quantity(self) -> str:
        """What is predicted, in `about["unit"]`."""
        return str(self.about["quantity"])

    def predict(self, inputs: Input | Sequence[Input]) -> pd.DataFrame:
        """Return a prediction for each compound, in the order given.

        Parameters
        ----------
        inputs
            Formulas (``"SrTiO3"``), names of files (``.csv``, ``.parquet``, ``.xlsx`` with a column
            ``formula`` or columns A, B, X; ``.cif``), tables as pandas.DataFrame, pymatgen
            structures; one of them or a list.

        Returns
        -------
        pandas.DataFrame
            ``formula``; the element on each site; the quantity, for example ``formation_energy``
            in eV/atom; ``lower`` and ``upper``, its 90 % interval; ``applicability``: ``"ok"``,
            ``"element_new"`` (an element that no labelled row has on that site) or
            ``"out_of_range"`` (a feature beyond those of the labelled rows); ``model``, its id.

        Raises
        ------
        cetransfer.errors.UserError
            Naming the compound or file that cannot be used, and why.
        """
        import pandas as pd

        asked = asked_for(inputs, self.kind, self.id)
        parts = [
            self._table(asked.take(slice(first, first + AT_A_TIME)))
            for first in range(0, len(asked), AT_A_TIME)
        ]
        return pd.concat(parts, ignore_index=True)

    def of_members(self, compounds: Compounds) -> NDArray[np.float64]:
        """Return what every network predicts (M, n), those on all labelled rows included."""
        return self.nets.predict(compounds, self.start)

    @cached_property
    def ensemble(self) -> tuple[TargetNets, dict[int, list[int]]]:
        """The networks whose mean is the prediction, and which of them belong to each fold."""
        folds: dict[int, list[int]] = {}
        chosen = [i for i, start in enumerate(self.nets.starts) if start.fold is not None]
        for place, index in enumerate(chosen):
            folds.setdefault(self.nets.starts[index].fold or 0, []).append(place)
        return self.nets.take(chosen), folds

    def estimate(
        self, compounds: Compounds
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return the predictions (n,) and the limits of their intervals, NaN where there are none.

        A prediction is the mean over the folds' ensembles, as in the comparison's table of
        intervals.
        """
        nets, folds = self.ensemble
        return estimated(nets.predict(compounds, self.start), folds, self.calibration)

    def _table(self, asked: Asked) -> pd.DataFrame:
        compounds = featurized(asked, self.kind)
        value, lower, upper = self.estimate(compounds)
        return asked.frame.assign(
            **{self.quantity: value},
            lower=lower,
            upper=upper,
            applicability=self.known.applicability(compounds),
            model=self.id,
        )
