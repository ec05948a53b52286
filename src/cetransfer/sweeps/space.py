"""The search space: keys of the configuration, each with one of Optuna's own distributions."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from cetransfer.errors import UserError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from optuna.trial import Trial

CATEGORICAL = "categorical"

#: what a distribution may be given beside `low` and `high`
KINDS: dict[str, tuple[type[FloatDistribution | IntDistribution], tuple[str, ...]]] = {
    "float": (FloatDistribution, ("log", "step")),
    "int": (IntDistribution, ("log", "step")),
}

WHEN = "when"

#: they say what trials are scored on, or where things lie: one trial could not be held against
#: another
FIXED = frozenset(
    {
        "compute",
        "dataset.draw",
        "dataset.name",
        "dataset.target",
        "dataset/target",
        "experiment",
        "features_dir",
        "hydra",
        "output_dir",
        "overrides",
        "protocol",
        "quiet",
        "seed",
        "source_dir",
        "sweep",
        "tracking",
    }
)


@dataclass(frozen=True)
class Dimension:
    """One key of the configuration, its distribution, and for which values of others it exists."""

    key: str
    distribution: BaseDistribution
    when: Mapping[str, tuple[Any, ...]]

    def exists(self, parameters: Mapping[str, Any]) -> bool:
        """Tell whether it belongs to a trial with these values of the others."""
        return all(parameters.get(key) in values for key, values in self.when.items())


def read_space(configured: Mapping[str, Any]) -> list[Dimension]:
    """Return the dimensions, each after those that it depends on.

    Parameters
    ----------
    configured
        For each key ``{float: {low, high, log, step}}``, ``{int: {...}}`` or
        ``{categorical: [...]}``, and perhaps ``when: {other key: [values]}``; None leaves out a
        key that another file names.

    Raises
    ------
    UserError
        Naming the key and what is wrong with it.
    """
    open_ones = {
        key: _dimension(key, entry) for key, entry in configured.items() if entry is not None
    }
    if not open_ones:
        raise UserError("sweep.space is empty; name at least one key and its distribution")
    for dimension in open_ones.values():
        _check_conditions(dimension, open_ones)
    ordered: list[Dimension] = []
    while open_ones:
        known = {dimension.key for dimension in ordered}
        ready = [each for each in open_ones.values() if known.issuperset(each.when)]
        if not ready:
            raise UserError(
                f"sweep.space: {', '.join(open_ones)} depend on each other by `when`; "
                "leave one condition out"
            )
        ordered += ready
        for dimension in ready:
            del open_ones[dimension.key]
    return ordered


def suggest(trial: Trial, space: Sequence[Dimension]) -> dict[str, Any]:
    """Return the parameters of a trial; those it has already stay."""
    found: dict[str, Any] = {}
    for dimension in space:
        if dimension.exists(found):
            found[dimension.key] = _suggested(trial, dimension)
    return found


def _suggested(trial: Trial, dimension: Dimension) -> Any:  # noqa: ANN401 - of any type
    key, kind = dimension.key, dimension.distribution
    if isinstance(kind, FloatDistribution):
        return trial.suggest_float(key, kind.low, kind.high, step=kind.step, log=kind.log)
    if isinstance(kind, IntDistribution):
        return trial.suggest_int(key, kind.low, kind.high, step=kind.step, log=kind.log)
    if isinstance(kind, CategoricalDistribution):
        return trial.suggest_categorical(key, kind.choices)
    raise TypeError(f"{type(kind).__name__} is none of the distributions read")


def grid(space: Sequence[Dimension]) -> list[dict[str, Any]]:
    """Return every point of a space, those of conditional keys once for each value that asks them.

    Raises
    ------
    UserError
        If a number has no `step`.
    """
    points: list[dict[str, Any]] = [{}]
    for dimension in space:
        values = _values(dimension)
        points = [
            {**point, **({} if value is None else {dimension.key: value[0]})}
            for point in points
            for value in ([(each,) for each in values] if dimension.exists(point) else [None])
        ]
    return points


def extremes(space: Sequence[Dimension]) -> Iterator[dict[str, Any]]:
    """Yield points that have every key at its ends, to try out whether they can be composed."""
    for dimension in space:
        kind = dimension.distribution
        if isinstance(kind, CategoricalDistribution):
            ends: Sequence[Any] = kind.choices
        elif isinstance(kind, (FloatDistribution, IntDistribution)):
            ends = (kind.low, kind.high)
        conditions = [[(key, value) for value in values] for key, values in dimension.when.items()]
        for chosen in product(*conditions):
            for end in ends:
                yield {**dict(chosen), dimension.key: end}


def _values(dimension: Dimension) -> Sequence[Any]:
    kind = dimension.distribution
    if isinstance(kind, CategoricalDistribution):
        return kind.choices
    if isinstance(kind, IntDistribution):
        return range(kind.low, kind.high + 1, kind.step)
    if isinstance(kind, FloatDistribution) and kind.step is not None:
        count = round((kind.high - kind.low) / kind.step)
        return [kind.low + place * kind.step for place in range(count + 1)]
    raise UserError(
        f"sweep.space.{dimension.key}: a grid needs a step; add step: ..., or list the values as "
        "categorical: [...]"
    )


def _dimension(key: str, configured: Any) -> Dimension:  # noqa: ANN401 - from a file
    where = f"sweep.space.{key}"
    if not isinstance(configured, dict):
        raise UserError(f"{where}={configured} is no distribution; give {{float: {{...}}}}")
    entry = {name: value for name, value in configured.items() if value is not None}
    for fixed in FIXED:
        if key == fixed or key.startswith((f"{fixed}.", f"{fixed}/")):
            raise UserError(
                f"{where}: {fixed} is the same for all trials, or they could not be compared; "
                "give it outside of sweep.space"
            )
    conditions = entry.pop(WHEN, {})
    allowed = [CATEGORICAL, *KINDS]
    if len(entry) > 1 and set(entry) <= set(allowed):
        raise UserError(
            f"{where} is {' and '.join(entry)}, as files add to each other; leave out all but one "
            f"of them, for example {next(iter(entry))}: null"
        )
    if len(entry) != 1 or next(iter(entry)) not in allowed:
        named = ", ".join(entry) or "nothing"
        hint = nearest(named, allowed, f"give one of {', '.join(allowed)}")
        raise UserError(f"{where}: {named} is no distribution; {hint}")
    ((kind, given),) = entry.items()
    if not isinstance(conditions, dict) or not all(
        isinstance(values, list) for values in conditions.values()
    ):
        raise UserError(f"{where}.when must be keys, each with a list of values")
    when = {other: tuple(map(as_choice, values)) for other, values in conditions.items()}
    return Dimension(key, _distribution(where, kind, given), when)


def _distribution(where: str, kind: str, given: Any) -> BaseDistribution:  # noqa: ANN401 - from a file
    if kind == CATEGORICAL:
        if not isinstance(given, list) or not given:
            raise UserError(f"{where}.categorical must be a list of values")
        return CategoricalDistribution([as_choice(value) for value in given])
    cls, further = KINDS[kind]
    if not isinstance(given, dict):
        raise UserError(f"{where}.{kind} needs low and high")
    for name in given:
        if name not in ("low", "high", *further):
            hint = nearest(name, ("low", "high", *further), f"low, high, {', '.join(further)}")
            raise UserError(f"{where}.{kind} has no {name}; {hint}")
    for name in ("low", "high"):
        value = given.get(name)
        whole = kind == "int" and not isinstance(value, int)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or whole:
            raise UserError(
                f"{where}.{kind}.{name} must be a {'whole ' if kind == 'int' else ''}number"
            )
    try:
        with warnings.catch_warnings():
            # Optuna would go on with another range than the one written down
            warnings.simplefilter("error")
            return cls(**given)
    except (TypeError, ValueError, UserWarning) as error:
        raise UserError(f"{where}: {error}") from error


def _check_conditions(dimension: Dimension, known: Mapping[str, Dimension]) -> None:
    where = f"sweep.space.{dimension.key}.when"
    for other, values in dimension.when.items():
        if other not in known or other == dimension.key:
            hint = nearest(other, known, f"the space has {', '.join(known)}")
            raise UserError(f"{where}: {other} is not searched; {hint}")
        kind = known[other].distribution
        for value in values:
            if isinstance(kind, CategoricalDistribution) and value not in kind.choices:
                allowed = [str(choice) for choice in kind.choices]
                hint = nearest(str(value), allowed, f"choose of {', '.join(allowed)}")
                raise UserError(f"{where}: {other} is never {value}; {hint}")


def as_choice(value: Any) -> Any:  # noqa: ANN401 - what YAML has
    """Return a value as Optuna keeps it: a list becomes the text that the command line takes."""
    return json.dumps(value, separators=(",", ":")) if isinstance(value, (list, dict)) else value


def space_document(space: Sequence[Dimension]) -> list[dict[str, Any]]:
    """Return the space as documents have it, in its order."""
    from optuna.distributions import distribution_to_json

    return [
        {
            "key": each.key,
            "distribution": json.loads(distribution_to_json(each.distribution)),
            "when": {other: list(values) for other, values in each.when.items()},
        }
        for each in space
    ]
