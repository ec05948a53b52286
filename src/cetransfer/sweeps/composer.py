"""From a trial's parameters to its configuration: overrides on what the user asked for."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from cetransfer.composition import compose_words, leaves, to_settings
from cetransfer.errors import UserError
from cetransfer.settings import PLACES, Settings
from cetransfer.settings_sweep import StudySettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omegaconf import DictConfig

CONFIG, COMPARE = "sweep", "config"

#: what a trial changes for the target nets alone; the source nets keep the study's own value
PINNED = {
    "training.weight_decay": "training.source.weight_decay",
    "training.l1": "training.source.l1",
    "network.dropout": "training.source.dropout",
}


class Composer:
    """Composes the configurations of trials.

    Options of groups are chosen by Hydra, once for each choice, which takes a tenth of a second;
    values of single keys are then set.

    Parameters
    ----------
    words
        Overrides of the study's own command line.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self._parser = OverridesParser.create()
        self._chosen: dict[tuple[str, ...], DictConfig] = {}
        self.base: StudySettings = to_settings(compose_words(CONFIG, words), StudySettings)
        self.pinned = self._pinned()

    def settings(self, parameters: Mapping[str, Any]) -> StudySettings:
        """Return the configuration of a trial.

        Raises
        ------
        UserError
            If it has an unknown key, or a value that cannot be.
        """
        options = tuple(override(key, value) for key, value in parameters.items() if is_group(key))
        if options not in self._chosen:
            self._chosen[options] = compose_words(CONFIG, [*self.words, *self.pinned, *options])
        composed = deepcopy(self._chosen[options])
        for key, value in parameters.items():
            if is_group(key):
                continue
            parsed = self._parser.parse_override(override(key, value)).value()
            if OmegaConf.select(composed, key, default=composed) is composed:
                group, _, rest = key.partition(".")
                name = rest.partition(".")[0]
                if group == "strategy" and name not in composed.strategy:
                    raise UserError(
                        f"sweep.space: {name} is not chosen, so there is no key {key!r}; give it "
                        f"the condition when: {{strategy: [{name}]}}"
                    )
                # composing tells what is wrong with the key, and which one is near
                compose_words(CONFIG, [*self.words, *options, override(key, value)])
                raise UserError(f"sweep.space: there is no key {key!r}; see --cfg job for all keys")
            try:
                OmegaConf.update(composed, key, parsed)
            except OmegaConfBaseException as error:
                raise UserError(f"sweep.space: {str(error).splitlines()[0]}") from error
        settings: StudySettings = to_settings(composed, StudySettings)
        return settings

    def overrides(self, parameters: Mapping[str, Any]) -> list[str]:
        """Return what a command line needs, beside the study's own words, to be this trial's."""
        return [*self.pinned, *(override(key, value) for key, value in parameters.items())]

    def compare_words(self, parameters: Mapping[str, Any]) -> list[str] | None:
        """Return the words with which `cetransfer compare` trains as a trial does.

        None where words cannot say it, as with a source that only the sweep's file describes.
        """
        wanted = self.settings(parameters)
        words = [word for word in self.words if _group(word) not in {CONFIG, *PLACES}]
        words.append(f"strategy=[{','.join(wanted.strategy)}]")
        try:
            plain = _told(to_settings(compose_words(COMPARE, words), Settings))
            asked = _told(wanted)
            words += [override(key, asked[key]) for key in asked if plain.get(key) != asked[key]]
            made = _told(to_settings(compose_words(COMPARE, words), Settings))
        except UserError:
            return None
        return words if made == asked else None

    def _pinned(self) -> list[str]:
        """Keep the source nets' own recipe, where trials change that of the target nets."""
        training = self.base.training
        source = training.source
        own = {
            "training.weight_decay": (training.weight_decay, source.weight_decay),
            "training.l1": (training.l1, source.l1),
            "network.dropout": (self.base.network.dropout, source.dropout),
        }
        return [
            f"{PINNED[key]}={value!r}"
            for key, (value, given) in own.items()
            if self.base.sweep.space.get(key) and given is None
        ]


def _told(settings: Settings) -> dict[str, Any]:
    """Return the values by key that a sweep and a comparison have in common."""
    configured = asdict(settings)
    names = (each.name for each in fields(Settings) if each.name not in PLACES)
    return leaves({name: configured[name] for name in names})


def _group(word: str) -> str:
    """Return the first name of the key of an override."""
    return re.split(r"[.=/@]", word.lstrip("+~"), maxsplit=1)[0]


def is_group(key: str) -> bool:
    """Tell whether a key names a group of options (``network``, ``dataset/source``)."""
    return "." not in key


def override(key: str, value: Any) -> str:  # noqa: ANN401 - a choice of any type
    """Return a parameter as the command line takes it."""
    if value is None:
        return f"{key}=null"
    if isinstance(value, bool):
        return f"{key}={str(value).lower()}"
    return f"{key}={value}"
