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
    from collections.abc import Iterable, Mapping

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
    without_itself
        By formula, A first: the hull of all phases but this compound; eV/atom.
    """

    compositions: tuple[Composition, ...]
    energies: NDArray[np.float64]
    words: str
    hashes: dict[str, str]
    only_theirs: bool = False
    limits: tuple[str, ...] = field(default=())
    without_itself: Mapping[str, float] = field(default_factory=dict)

    def hull_energies(self, formulas: Iterable[str]) -> NDArray[np.float64]:
        """Return the energy (n,) of the hull at each composition, eV/atom.

        NaN where it is not known: where some element of the compound is in no phase of its
        elements, as a hull of bare elements would praise every oxide, or with `only_theirs` where
        no phase has its composition.
        """
        from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
        from pymatgen.core import Composition

        within: dict[frozenset[str], list[int]] = defaultdict(list)
        for number, composition in enumerate(self.compositions):
            within[_elements(composition)].append(number)
        diagrams: dict[frozenset[str], PhaseDiagram | None] = {}

        def diagram(system: frozenset[str]) -> PhaseDiagram | None:
            parts = [part for part in within if part <= system]
            if frozenset().union(*parts) != system:
                return None
            numbers = [i for part in parts for i in within[part]]
            entries = [PDEntry(Composition(element), 0.0) for element in sorted(system)]
            for i in numbers:
                composition = self.compositions[i]
                entries.append(PDEntry(composition, self.energies[i] * composition.num_atoms))
            return PhaseDiagram(entries)

        theirs = {each.reduced_formula for each in self.compositions}
        found = []
        for formula in formulas:
            if formula in self.without_itself:
                # the elements lie at 0
                found.append(min(self.without_itself[formula], 0.0))
                continue
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

    The energy less the distance is that of the hull of all phases but the compound itself, which
    lies below it where the distance is negative. A compound with A and B exchanged is one of those
    phases, and where only that one is in the table the hull is that of all phases.
    """
    from pymatgen.core import Composition

    distance = DISTANCE[data.name]
    frame = data.frame[np.isfinite(data.frame[FORMATION_ENERGY] - data.frame[distance])]
    compositions = tuple(Composition(each) for each in frame["formula"])
    energies = frame[FORMATION_ENERGY].to_numpy(np.float64)
    others = energies - frame[distance].to_numpy(np.float64)
    same: dict[Composition, list[float]] = defaultdict(list)
    for composition, energy in zip(compositions, energies, strict=True):
        same[composition].append(energy)
    without_itself = {}
    for formula, composition, energy, hull in zip(
        frame["formula"], compositions, energies, others, strict=True
    ):
        exchanged = [each for each in same[composition] if each != energy]
        without_itself[formula] = min([hull, *exchanged])
    origin = " and ".join(data.rests_on) or data.name
    words = f"{data.name}: hull of the {origin} at {len(same)} compositions"
    limit = (
        f"hull distances set predictions against the {origin}; where the model's labels come from "
        "elsewhere, the two scales differ"
    )
    return Phases(
        compositions,
        np.minimum(energies, others),
        words,
        data.hashes,
        only_theirs=True,
        limits=(limit,),
        without_itself=without_itself,
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
        if compositions[-1].is_element and energy != 0:
            raise UserError(
                f"{path}: row {row} ({formula}): an element has the formation energy 0, not "
                f"{energy}; correct it or leave it out"
            )
        if not abs(energy) <= LARGEST_ENERGY:
            raise UserError(
                f"{path}: row {row} ({formula}): {energy} is no formation energy in eV/atom"
            )
    compounds = [place for place, each in enumerate(compositions) if not each.is_element]
    return Phases(
        tuple(compositions[place] for place in compounds),
        energies.to_numpy(np.float64)[compounds],
        f"{path.name}: {len(compounds)} phases",
        {str(path): sha256(path)},
    )
