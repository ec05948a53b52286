"""From a stored configuration back to the words that make it: short, but exact."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import hydra
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from cetransfer.composition import composing, leaves
from cetransfer.errors import UserError
from cetransfer.settings import PLACES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GROUPS = ("dataset", "features", "network", "protocol", "training")

#: stands for all keys: the words compose nothing
EVERYTHING = frozenset({"*"})

PLAIN = re.compile(r"[A-Za-z_][\w./-]*")
RESERVED = {"null", "true", "false", "nan", "inf", "yes", "no", "on", "off"}


def overrides_for(config: Mapping[str, Any], conf: Path) -> list[str]:
    """Return the fewest words found that compose a configuration from a folder of YAML files.

    Options of groups are chosen first, by how many keys they set right; then single keys.

    Parameters
    ----------
    config
        As it is stored with a result.
    conf
        The folder `conf/` of the commit that the result was made with.

    Raises
    ------
    UserError
        If no words make this configuration from these files.
    """
    wanted = _told(config)
    with composing(conf):
        composer = Composer(wanted, config, conf)
        starts: list[list[str]] = [[]]
        files = (conf / "experiment").glob("*.yaml") if composer.difference([]) else ()
        names = sorted(path.stem for path in files)
        experiments = {name: composer.wrong([f"experiment={name}"]) for name in names}
        nearest = min(experiments, key=lambda name: experiments[name], default=None)
        if nearest is not None and experiments[nearest] < composer.wrong([]):
            starts.append([f"experiment={nearest}"])
        found = [composer.complete(start) for start in starts]
        words = min(found, key=len)
        left = composer.difference(words)
    if left:
        named = "" if left == EVERYTHING else f" (key {min(left)})"
        raise UserError(
            f"the files in {conf} cannot make the stored configuration{named}; it was made with "
            "other files, perhaps --config-dir"
        )
    return words


class Composer:
    """Composes words and counts the keys that are not as wanted."""

    def __init__(self, wanted: dict[str, Any], config: Mapping[str, Any], conf: Path) -> None:
        self.wanted = wanted
        self.config = config
        self.conf = conf
        self.known: dict[tuple[str, ...], dict[str, Any] | None] = {}

    def composed(self, words: list[str]) -> dict[str, Any] | None:
        """Return the configuration as keys and values, or None if the words make none."""
        if tuple(words) not in self.known:
            self.known[tuple(words)] = self._compose(words)
        return self.known[tuple(words)]

    def _compose(self, words: list[str]) -> dict[str, Any] | None:
        try:
            made = OmegaConf.to_container(hydra.compose("config", words), resolve=True)
        except (HydraException, OmegaConfBaseException, ValueError):
            return None
        return _told(cast("dict[str, Any]", made)) if isinstance(made, dict) else None

    def difference(self, words: list[str]) -> set[str]:
        """Return the keys that are not as wanted; None and not being there are the same."""
        made = self.composed(words)
        if made is None:
            return set(EVERYTHING)
        return {
            key for key in made.keys() | self.wanted.keys() if made.get(key) != self.wanted.get(key)
        }

    def wrong(self, words: list[str]) -> int:
        """Return how many keys are not as wanted."""
        made = self.difference(words)
        return len(self.wanted) if made == EVERYTHING else len(made)

    def complete(self, start: list[str]) -> list[str]:
        """Return words that begin with `start` and set all that is wanted."""
        words = list(start)
        for group in GROUPS:
            words = self._with_option(group, words)
        words = self._with_data(words)
        words = self._with_strategies(words)
        made = self.composed(words) or {}
        single = []
        for key in sorted(self.difference(words)):
            value = self.wanted.get(key)
            if key not in self.wanted and key.startswith("strategy."):
                single.append(f"~{key}")
            else:
                single.append(f"{'' if key in made else '+'}{key}={written(value)}")
        return words + single

    def _with_option(self, group: str, words: list[str]) -> list[str]:
        """Add the option of a group that sets most keys right, if one beats what is there."""
        if not any(key.startswith(f"{group}.") for key in self.difference(words)):
            return words
        options = sorted(path.stem for path in (self.conf / group).glob("*.yaml"))
        tried = {option: self.wrong([*words, f"{group}={option}"]) for option in options}
        best = min(tried, key=lambda option: tried[option], default=None)
        if best is None or tried[best] >= self.wrong(words):
            return words
        return [*words, f"{group}={best}"]

    def _with_data(self, words: list[str]) -> list[str]:
        """Add sources and target by their names."""
        dataset = self.config["dataset"]
        sources = f"dataset/source=[{','.join(dataset['sources'])}]"
        target = f"dataset/target={dataset['target']['name']}"
        for word in (sources, target):
            if self.wrong([*words, word]) < self.wrong(words):
                words = [*words, word]
        return words

    def _with_strategies(self, words: list[str]) -> list[str]:
        """Add the list of strategies, as far as they have a file."""
        names = list(self.config["strategy"])
        made = self.composed(words) or {}
        there = list(
            dict.fromkeys(key.split(".")[1] for key in made if key.startswith("strategy."))
        )
        known = [name for name in names if (self.conf / "strategy" / f"{name}.yaml").is_file()]
        if there == known:
            return words
        return [*words, f"strategy=[{','.join(known)}]"]


def written(value: Any) -> str:  # noqa: ANN401 - whatever a configuration holds
    """Write a value in Hydra's grammar."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{','.join(map(written, value))}]"
    if isinstance(value, str):
        if PLAIN.fullmatch(value) and value.lower() not in RESERVED:
            return value
        quoted = re.sub(r"(\\+)(?='|$)", r"\1\1", value).replace("'", r"\'")
        return f"'{quoted}'"
    return repr(value)


def _told(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys that decide numbers and have a value."""
    kept = {key: value for key, value in config.items() if key not in PLACES}
    return {key: value for key, value in leaves(kept).items() if value is not None}
