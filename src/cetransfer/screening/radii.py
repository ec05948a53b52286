"""Ionic radii of candidates: of a table with one radius per element, or Shannon's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cetransfer.errors import UserError, nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cetransfer.screening.sites import Sites
    from cetransfer.settings_screening import ScreenSettings

LI2023, SHANNON = "li2023", "shannon"

MISSING = ("error", "mark")
"""What may happen where a radius is missing: an end, or a row marked with its reason."""


@dataclass(frozen=True)
class SiteRadii:
    """Radii of n compounds, angstrom, NaN where there is none.

    Parameters
    ----------
    a, b, x
        (n,) of the sites, the mean over the elements of a shared one.
    n_a
        (n,) oxidation state of A that goes with them, NaN where no charges balance.
    assumption
        (n,) what was assumed: ``"Sr2+ XII 1.44; Ti4+ VI 0.605; O2- VI 1.4"``.
    problem
        (n,) why there is no radius, "" where there is one.
    """

    a: NDArray[np.float64]
    b: NDArray[np.float64]
    x: NDArray[np.float64]
    n_a: NDArray[np.float64]
    assumption: NDArray[np.object_]
    problem: NDArray[np.object_]


class Radii(Protocol):
    """Where radii come from."""

    @property
    def words(self) -> str:
        """One line for the reader."""

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of the file they were read from, by its path; empty for a package's own."""

    def of_sites(self, sites: Sites) -> SiteRadii:
        """Return the radii of compounds.

        Raises
        ------
        UserError
            Where one is missing, unless such rows are to be marked.
        """


def make_radii(settings: ScreenSettings, *, mark: bool = False) -> Radii:
    """Return the radii that a configuration asks for.

    Parameters
    ----------
    settings
        The keys `radii`, `missing_radius`, `shannon` and `charge_rule`.
    mark
        Mark rows without a radius, whatever `missing_radius` says.

    Raises
    ------
    UserError
        For an unknown word, or a file that is no table of radii.
    """
    from cetransfer.screening.element_radii import own_radii, shipped_radii
    from cetransfer.screening.shannon import ShannonRadii

    if settings.missing_radius not in MISSING:
        hint = nearest(settings.missing_radius, MISSING, f"choose {' or '.join(MISSING)}")
        raise UserError(f"missing_radius={settings.missing_radius} is unknown; {hint}")
    mark = mark or settings.missing_radius == "mark"
    rule = settings.charge_rule
    if settings.radii == LI2023:
        return shipped_radii(rule, mark=mark)
    if settings.radii == SHANNON:
        return ShannonRadii.configured(settings.shannon, rule, mark=mark)
    if "." in settings.radii or "/" in settings.radii:
        return own_radii(Path(settings.radii), rule, mark=mark)
    hint = nearest(settings.radii, (LI2023, SHANNON), "choose li2023, shannon or a file, my.csv")
    raise UserError(f"radii={settings.radii} is unknown; {hint}")


def refuse_missing(problem: NDArray[np.object_], remedy: str, *, mark: bool) -> None:
    """Refuse radii that are missing, unless such rows are to be marked.

    Raises
    ------
    UserError
        Naming the first reason.
    """
    bad = problem[problem != ""]
    if len(bad) and not mark:
        raise UserError(
            f"{bad[0]}; {remedy}, or give missing_radius=mark to drop such rows with their reason"
        )
