"""What a kernel method has learnt, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Term:
    """f(x) = sum_i weight_i exp(-gamma |(x - mean) / scale - centre_i|^2)."""

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    centres: NDArray[np.float32]
    weights: NDArray[np.float64]
    gamma: float

    def __call__(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the values (n,) for inputs (n, d)."""
        # late, as most models hold no kernel, and this import takes a second
        from sklearn.metrics.pairwise import rbf_kernel

        at, centres = (x - self.mean) / self.scale, self.centres.astype(np.float64)
        values: NDArray[np.float64] = rbf_kernel(at, centres, gamma=self.gamma) @ self.weights
        return values


@dataclass(frozen=True)
class Kernel:
    """The sum of a term for each block of inputs, and an intercept."""

    terms: tuple[Term, ...]
    intercept: float

    def __call__(self, blocks: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
        """Return the predictions (n,) for blocks (n, d_b) of inputs."""
        values = [term(block) for term, block in zip(self.terms, blocks, strict=True)]
        total: NDArray[np.float64] = np.sum(values, axis=0) + self.intercept
        return total


@dataclass(frozen=True)
class Kernels:
    """One kernel method for each of M members."""

    kernels: Sequence[Kernel]

    def predict(self, blocks: Sequence[Sequence[NDArray[np.floating]]]) -> NDArray[np.float64]:
        """Return the predictions (M, n) for the blocks of each member."""
        return np.stack([one(each) for one, each in zip(self.kernels, blocks, strict=True)])

    def arrays(self) -> dict[str, NDArray[np.floating]]:
        """Return all numbers by name, for a file."""
        found: dict[str, NDArray[np.floating]] = {}
        for member, kernel in enumerate(self.kernels):
            found[f"kernel.{member}.intercept"] = np.array([kernel.intercept])
            for number, term in enumerate(kernel.terms):
                for name, value in vars(term).items():
                    found[f"kernel.{member}.{number}.{name}"] = np.atleast_1d(value)
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.floating]], members: int) -> Kernels:
        """Return the kernels that `arrays` describes."""

        def term(prefix: str) -> Term:
            part = {name: arrays[f"{prefix}.{name}"] for name in Term.__annotations__}
            return Term(**{**part, "gamma": float(part["gamma"][0])})  # type: ignore[arg-type]

        def kernel(prefix: str) -> Kernel:
            count = sum(name.startswith(prefix) for name in arrays if name.endswith(".gamma"))
            terms = tuple(term(f"{prefix}{number}") for number in range(count))
            return Kernel(terms, float(arrays[f"{prefix}intercept"][0]))

        return cls([kernel(f"kernel.{member}.") for member in range(members)])
