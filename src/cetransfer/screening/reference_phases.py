"""The convex hull of reference phases at the composition of each candidate.

Through pymatgen's PhaseDiagram (Ong et al., Chem. Mater. 20:1798 (2008), doi 10.1021/cm702327g),
with formation energies per atom, so that the elements lie at 0.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.dataset import FORMATION_ENERGY
from cetransfer.datasets.table_files import ENDINGS, read_user_table
from cetransfer.datasets.tabular_rows import LARGEST_ENERGY, column_of, numbers_of
from cetransfer.errors import UserError, nearest
from cetransfer.files import sha256

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from pymatgen.core import Composition

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.screening.criteria.hull import HullDistance

EMERY, MATERIALS_PROJECT = "emery2017", "materials_project"

DISTANCE = {EMERY: "hull_distance", MATERIALS_PROJECT: "energy_above_hull"}
"""Column of a data set with the distance of a compound from the hull of all other phases."""


@dataclass(frozen=True)
class Phases:
    """Reference phases.

    Parameters
    ----------
    compositions, energies
        Of the phases that are no elements; (n,) eV/atom.
    words
        Where they come from.
    hashes
        SHA-256 of the files.
    only_theirs
        Whether a hull is known at the compositions of these phases only.
    limits
        What is to be kept in mind.
    """

    compositions: tuple[Composition, ...]
    energies: NDArray[np.float64]
    words: str
    hashes: dict[str, str]
    only_theirs: bool = False
    limits: tuple[str, ...] = field(default=())

    def hull_energies(self, formulas: Iterable[str]) -> NDArray[np.float64]:
        """Return the energy (n,) of the hull at each composition, eV/atom.

        NaN where it is not known: where no phase consists of elements of the compound, as a hull of
        elements alone would praise every oxide, or with `only_theirs` where no phase has its
        composition.
        """
        from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
        from pymatgen.core import Composition

        within: dict[frozenset[str], list[int]] = defaultdict(list)
        for number, composition in enumerate(self.compositions):
            within[_elements(composition)].append(number)
        diagrams: dict[frozenset[str], PhaseDiagram | None] = {}

        def diagram(system: frozenset[str]) -> PhaseDiagram | None:
            numbers = [i for part, own in within.items() if part <= system for i in own]
            if not numbers:
                return None
            entries = [PDEntry(Composition(element), 0.0) for element in sorted(system)]
            for i in numbers:
                composition = self.compositions[i]
                entries.append(PDEntry(composition, self.energies[i] * composition.num_atoms))
            return PhaseDiagram(entries)

        theirs = {each.reduced_formula for each in self.compositions}
        found = []
        for formula in formulas:
            composition = Composition(formula)
            if self.only_theirs and composition.reduced_formula not in theirs:
                found.append(np.nan)
                continue
            system = _elements(composition)
            if system not in diagrams:
                diagrams[system] = diagram(system)
            known = diagrams[system]
            energy = np.nan if known is None else known.get_hull_energy_per_atom(composition)
            found.append(float(energy))
        return np.array(found, np.float64)


def _elements(composition: Composition) -> frozenset[str]:
    return frozenset(element.symbol for element in composition.elements)


def phases_for(criterion: HullDistance, prototype: str, root: Path) -> Phases:
    """Return the reference phases that a criterion names.

    Raises
    ------
    UserError
        If there are none of that name, or the file or data set cannot be read.
    """
    word = str(criterion.references)
    key = f"criteria.{criterion.name}"
    if word == EMERY:
        from cetransfer.datasets import catalogue

        return _of_data(catalogue.load(EMERY, root=root))
    if word == MATERIALS_PROJECT:
        return _of_data(_materials_project(prototype, root))
    if Path(word).suffix.lower() in ENDINGS:
        return _of_file(Path(word), dict(criterion.columns or {}), key)
    hint = nearest(word, DISTANCE, f"choose {EMERY}, {MATERIALS_PROJECT} or a file, my.csv")
    raise UserError(f"{key}.references={word} is unknown; {hint}")


def _of_data(data: Dataset) -> Phases:
    """Take the hull from compounds whose energy and distance from it are known.

    The energy less the distance is that of the hull of all competing phases at the composition, so
    one phase of that energy stands for all of them. Where a table has a composition twice, A and B
    exchanged, the lower one counts.
    """
    from pymatgen.core import Composition

    distance = data.frame[DISTANCE[data.name]].to_numpy(np.float64)
    energies = data.frame[FORMATION_ENERGY].to_numpy(np.float64) - distance
    known = np.isfinite(energies)
    compositions = tuple(Composition(each) for each in data.frame["formula"][known])
    origin = " and ".join(data.rests_on) or data.name
    words = f"{data.name}: hull of the {origin} at {known.sum()} compositions"
    limit = (
        f"hull distances set predictions against the {origin}; where the model's labels come from "
        "elsewhere, the two scales differ"
    )
    return Phases(
        compositions, energies[known], words, data.hashes, only_theirs=True, limits=(limit,)
    )


def _materials_project(prototype: str, root: Path) -> Dataset:
    from cetransfer.datasets.materials_project.load import load_materials_project
    from cetransfer.settings import MaterialsProjectQuery, NamedData

    asked = NamedData(
        MATERIALS_PROJECT,
        prototype=prototype,
        query=MaterialsProjectQuery(chemsys=None, space_group="any"),
        on_bad_rows="drop",
    )
    return load_materials_project(asked, "criteria.hull.references", root)


def _of_file(path: Path, columns: dict[str, str], key: str) -> Phases:
    from pymatgen.core import Composition

    table = read_user_table(path)
    formulas = column_of(table, columns["formula"], path, f"{key}.columns.formula")
    energies = numbers_of(table, columns["energy"], path, f"{key}.columns.energy")
    compositions = []
    for row, formula, energy in zip(table.index, formulas, energies, strict=True):
        try:
            compositions.append(Composition(str(formula)))
        except ValueError as error:
            raise UserError(f"{path}: row {row} ({formula!r}): {error}; correct it") from error
        if not abs(energy) <= LARGEST_ENERGY:
            raise UserError(
                f"{path}: row {row} ({formula}): {energy} is no formation energy in eV/atom"
            )
    return Phases(
        tuple(compositions),
        energies.to_numpy(np.float64),
        f"{path.name}: {len(compositions)} phases",
        {str(path): sha256(path)},
    )
