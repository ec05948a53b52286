"""A protocol: which rows are labelled, how they are split and how they are tested.

A new protocol is one class in a file in `cetransfer.evaluation.protocols` and one YAML file in
`conf/protocol`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from cetransfer.errors import UserError, nearest
from cetransfer.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.evaluation.judges import Judge
    from cetransfer.evaluation.splits import Split
    from cetransfer.settings import ProtocolSettings, Settings

#: fewer replicates than these say little, whatever their test says
ENOUGH_DRAWS = 5


@dataclass(frozen=True)
class Layout:
    """What a protocol makes of a target.

    Parameters
    ----------
    labelled
        Rows whose labels are used at all.
    splits
        What is trained on and scored.
    part
        The part of the predictions that strategies are compared on.
    judge
        How scores become replicates, and replicates a p value.
    words
        The protocol in words, for titles.
    notes
        What the reader should know, one line each.
    groups
        The groups of every target row, where splits hold out groups.
    judges
        Of further parts that strategies are compared on.
    """

    labelled: NDArray[np.int64]
    splits: list[Split]
    part: str
    judge: Judge
    words: str
    notes: tuple[str, ...] = ()
    groups: Sequence[tuple[str, ...]] | None = None
    judges: Mapping[str, Judge] = field(default_factory=dict)

    def judge_of(self, part: str) -> Judge:
        """Return the judge of a part of the predictions."""
        return self.judges.get(part, self.judge)


class Protocol(ABC):
    """A way to split the rows of a target."""

    #: which of the keys `draws` and `sizes` it reads
    reads: ClassVar[frozenset[str]] = frozenset()
    #: can it be repeated with other folds
    repeatable: ClassVar[bool] = True
    #: does it hold out elements, which source nets can then be kept from too
    holds_elements: ClassVar[bool] = False

    def check(self, settings: Settings) -> None:
        """Refuse keys that do not go together.

        Raises
        ------
        UserError
            Naming the key and the protocols it belongs to.
        """
        protocol = settings.protocol
        for key, value in (("draws", protocol.draws), ("sizes", protocol.sizes)):
            if value is None and key in self.reads:
                raise UserError(f"protocol.{key} has no value; protocol={protocol.kind} needs it")
            if value is not None and key not in self.reads:
                raise UserError(
                    f"protocol.{key}={value} belongs to protocol={_with(key)}, not to "
                    f"{protocol.kind}; leave it out"
                )
        if protocol.repeats > 1 and not self.repeatable:
            raise UserError(
                f"protocol.repeats={protocol.repeats}: {protocol.kind} has no repeats; give "
                "protocol.draws in their place"
            )
        if not protocol.source_has_element and not self.holds_elements:
            raise UserError(
                f"protocol.source_has_element=false: {protocol.kind} holds out no elements; choose "
                "protocol=by_a, by_b or by_element"
            )

    @abstractmethod
    def layout(self, data: Dataset, settings: Settings) -> Layout:
        """Return the splits of a target.

        Raises
        ------
        UserError
            If the protocol does not fit the rows.
        """


_protocols: Registry[Protocol] = Registry("protocol", "cetransfer.evaluation.protocols")
register, kinds = _protocols.register, _protocols.kinds


def make_protocol(settings: Settings) -> Protocol:
    """Return the protocol that the settings name, its keys checked.

    Raises
    ------
    UserError
        For an unknown kind, or keys that do not go together.
    """
    kind = settings.protocol.kind
    known = kinds()
    if kind not in known:
        hint = nearest(kind, known, f"choose one of {', '.join(known)}")
        raise UserError(f"protocol.kind={kind} is unknown; {hint}")
    protocol = known[kind]()
    protocol.check(settings)
    return protocol


def few_draws(protocol: ProtocolSettings) -> tuple[str, ...]:
    """Return what the reader should know where there are few draws."""
    if protocol.draws is None or protocol.draws >= ENOUGH_DRAWS:
        return ()
    return (f"{protocol.draws} draws are few for a test; give protocol.draws={ENOUGH_DRAWS}",)


def _with(key: str) -> str:
    return " or ".join(kind for kind, cls in kinds().items() if key in cls.reads)
