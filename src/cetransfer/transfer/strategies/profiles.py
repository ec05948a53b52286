"""What is learnt of each element from all its compounds in the source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cetransfer.transfer.strategy import LayerPlan, Strategy, Trained, from_scratch, register


@dataclass(frozen=True)
class _Profiled(Strategy):
    """Sees element profiles of so many `components`, and learns what the source leaves."""

    source_as_input: ClassVar[bool] = True
    learns_residual: ClassVar[bool] = True

    components: int

    @property
    def profile_components(self) -> int:
        """As configured."""
        return self.components


@register("profile_residual")
@dataclass(frozen=True)
class ProfileResidual(_Profiled, Trained):
    """A new network learns what the source net's prediction leaves, and sees element profiles.

    It also sees the source net's predictions for both site orders. A profile is what the source
    nets predict for an element beside every partner, reduced to `components` numbers
    (`cetransfer.models.profiles`); that elements are described by the compounds they form goes
    back to Zhou et al., doi 10.1073/pnas.1801181115, and learning the difference to
    Ramakrishnan et al., doi 10.1021/acs.jctc.5b00099.
    """

    further: ClassVar[str] = "adds to source predictions, sees element profiles"

    def plan(self, layers: int) -> list[LayerPlan]:
        """Return random layers, all trained."""
        return from_scratch(layers)


@register("profile_kernel")
@dataclass(frozen=True)
class ProfileKernel(_Profiled):
    """A Gaussian process on features, element profiles and source predictions.

    Each has a radial kernel of its own, and their sum learns what the source net's prediction
    leaves (Rasmussen & Williams, ISBN 0-262-18253-X, chapters 4 and 5). Profiles after Zhou et al.,
    doi 10.1073/pnas.1801181115, as in `profile_residual`.
    """

    trains: ClassVar[bool] = False
    further: ClassVar[str] = "Gaussian process on element profiles, adds to source predictions"

    @property
    def kernel_model(self) -> str:
        """A Gaussian process."""
        return "gp"
