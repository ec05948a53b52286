"""The published procedure of Li et al. (2023), which has trainings and splits of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from cetransfer.errors import UserError
from cetransfer.evaluation.protocol import Protocol, register

if TYPE_CHECKING:
    from cetransfer.datasets.dataset import Dataset
    from cetransfer.settings import Settings


@register("paper2023")
class Paper2023(Protocol):
    """Run by `compare` alone, see `cetransfer.evaluation.paper2023`."""

    repeatable = False

    def layout(self, data: Dataset, settings: Settings) -> NoReturn:
        """Refuse: networks that go on from fold to fold are no strategies on splits."""
        del data, settings
        raise UserError(
            "protocol=paper2023 trains source nets of its own; only `cetransfer compare "
            "protocol=paper2023` runs it"
        )
