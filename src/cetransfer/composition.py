"""From command-line words to checked settings: Hydra composes, the dataclasses check."""

from __future__ import annotations

import dataclasses
import os
import re
import sys
from contextlib import contextmanager
from itertools import product
from json import dumps
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, cast, get_type_hints

import hydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import ConfigKeyError, MissingMandatoryValue, OmegaConfBaseException
from yaml import YAMLError

from cetransfer import settings as shapes
from cetransfer import (
    settings_data,
    settings_lineage,
    settings_models,
    settings_report,
    settings_screening,
    settings_suggest,
    settings_sweep,
)
from cetransfer.compute.check import check_compute
from cetransfer.errors import MissingValueError, UserError, nearest
from cetransfer.flags import split_flags
from cetransfer.settings_check import check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_ONE_AT_A_TIME = Lock()

_PLUGINS = "hydra._internal.core_plugins"

BASIC = {
    "launcher": {"_target_": f"{_PLUGINS}.basic_launcher.BasicLauncher"},
    "sweeper": {
        "_target_": f"{_PLUGINS}.basic_sweeper.BasicSweeper",
        "max_batch_size": None,
        "params": None,
    },
}
"""What Hydra says of launchers and sweepers where nobody says anything."""

NO_LOGS = {"version": 1, "root": {"level": "ERROR"}, "disable_existing_loggers": True}
"""Its option `disabled` of logs, which all our configurations have."""

SEE_ALL = "see --cfg job for all keys"

#: what a message says of a value of the wrong type, and what would be right
WANTED = (
    ("could not be converted to Integer", "a whole number"),
    ("could not be converted to Float", "a number"),
    ("is not a valid bool", "true or false"),
)

SHAPES: dict[str, type] = {
    "config": shapes.Settings,
    "label": settings_data.LabelSettings,
    "list": settings_data.ListSettings,
    "show": settings_data.ShowSettings,
    "audit": settings_data.AuditSettings,
    "predict": settings_models.PredictSettings,
    "export": settings_models.ExportSettings,
    "lineage": settings_lineage.LineageSettings,
    "reproduce": settings_lineage.ReproduceSettings,
    "sync": settings_lineage.SyncSettings,
    "register": settings_models.RegisterSettings,
    "promote": settings_models.PromoteSettings,
    "sweep": settings_sweep.StudySettings,
    "screen": settings_screening.ScreenSettings,
    "report": settings_report.ReportSettings,
    "suggest": settings_suggest.SuggestSettings,
    "simulate": settings_suggest.SimulationSettings,
}


def config_dir() -> Path:
    """Return the folder of the YAML files: the project's `conf/`, or its copy in the package."""
    package = Path(__file__).parent
    packaged = package / "conf"
    return packaged if packaged.is_dir() else package.parents[1] / "conf"


def compose_all(program: str, config: str, arguments: list[str]) -> list[Any]:
    """Compose `config` with the overrides; return checked settings, several for a `-m` sweep.

    Hydra's own flags (`--cfg job`, `--info defaults`, `--help`) print what they are for and leave
    nothing to do.

    Raises
    ------
    UserError
        For an unknown key or group option (with the nearest one), a value of the wrong type, or a
        configuration that names code to run.
    """
    asked = split_flags(arguments)
    if asked.folder and not Path(asked.folder).is_dir():
        raise UserError(f"--config-dir {asked.folder} is no folder; give one with YAML files")
    search = f"hydra.searchpath=['file://{Path(asked.folder).resolve()}']"
    added = [search] if asked.folder else []
    try:
        runs = _combinations(asked.words) if asked.several else [asked.words]
        composed = [_without_code(config, [*words, *added]) for words in runs]
        if asked.printed:
            _print(program, config, arguments)
            return []
    except YAMLError as error:
        raise UserError(f"a configuration file is no YAML: {error}") from error
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise UserError(_explain(error, config)) from error
    return [to_settings(each, SHAPES[config]) for each in composed]


def _combinations(words: Sequence[str]) -> list[list[str]]:
    """Return the words of every run that several values of keys ask for."""
    each = []
    for override in OverridesParser.create().parse_overrides(list(words)):
        if not override.is_sweep_override():
            each.append([str(override.input_line)])
        elif override.is_discrete_sweep():
            key = override.get_key_element()
            each.append([f"{key}={value}" for value in override.sweep_string_iterator()])
        else:
            raise UserError(f"{override.input_line} has no values to go through; list them")
    return [list(chosen) for chosen in product(*each)]


def _without_code(config: str, words: Sequence[str]) -> DictConfig:
    """Compose a configuration that holds values only.

    `hydra.main` calls whatever the sections on callbacks, launchers, sweepers and logs name, and a
    file may come from anyone: so it never runs anything here, and what such a section says is
    refused.
    """
    with composing(config_dir()):
        composed = hydra.compose(config, list(words), return_hydra_config=True)
    with open_dict(composed):
        own = OmegaConf.to_container(composed.pop("hydra"), resolve=False)
    found = cast("dict[str, Any]", own)
    named = [part for part in ("launcher", "sweeper") if found[part] != BASIC[part]]
    named += ["callbacks"] if found["callbacks"] else []
    named += [part for part in ("job_logging", "hydra_logging") if found[part] != NO_LOGS]
    if named:
        raise UserError(
            f"hydra.{named[0]} can name code to run, so it cannot be set; leave it out of the "
            "configuration (several runs are asked for with -m KEY=VALUE,VALUE)"
        )
    if "overrides" in composed:
        composed.overrides = list(words)
    return composed


def _print(program: str, config: str, arguments: list[str]) -> None:
    """Let Hydra print what its flags ask for."""
    before = sys.argv
    sys.argv = [program, *arguments]
    # so that Hydra hands its errors over instead of printing them and ending with status 1
    full_error = os.environ.get("HYDRA_FULL_ERROR")
    os.environ["HYDRA_FULL_ERROR"] = "1"
    entry = hydra.main(version_base="1.3", config_path=str(config_dir()), config_name=config)
    try:
        entry(lambda _: None)()
    finally:
        sys.argv = before
        if full_error is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = full_error


@contextmanager
def composing(conf: Path) -> Iterator[None]:
    """Let Hydra compose from a folder: for one thread at a time, as it keeps one state for all."""
    with _ONE_AT_A_TIME, hydra.initialize_config_dir(str(conf.resolve()), version_base="1.3"):
        yield


def compose_words(config: str, words: Sequence[str]) -> DictConfig:
    """Compose `config` with overrides and nothing printed: one of many that a program asks for.

    Raises
    ------
    UserError
        As `compose_all`.
    """
    try:
        with composing(config_dir()):
            return hydra.compose(config, list(words))
    except YAMLError as error:
        raise UserError(f"a configuration file is no YAML: {error}") from error
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise UserError(_explain(error, config)) from error


def to_settings(composed: DictConfig, shape: type) -> Any:  # noqa: ANN401 - one of the shapes
    """Check a composed configuration against its dataclass and return the object.

    Raises
    ------
    UserError
        For a missing or unknown key, or a value of the wrong type.
    """
    try:
        plain = OmegaConf.create(OmegaConf.to_container(composed, resolve=True))
        checked = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(shape), plain))
    except MissingMandatoryValue as error:
        raise MissingValueError(str(error.full_key)) from error
    except OmegaConfBaseException as error:
        key = error.full_key or ""
        message = str(error).splitlines()[0]
        unknown = isinstance(error, ConfigKeyError)
        hint = f"; {nearest(key, _keys(_tree(shape)), SEE_ALL)}" if unknown else ""
        if "is not a ListConfig" in message:
            hint = f"; give a list: {key}=[...]"
        hint = hint or next((f"; give {kind}" for word, kind in WANTED if word in message), "")
        raise UserError(f"{key}: {message}{hint}") from error
    compute = getattr(checked, "compute", None)
    if compute is not None:
        check_compute(compute)
    if isinstance(checked, shapes.Settings):
        check(checked)
    return checked


def stored_settings(config: dict[str, Any]) -> shapes.Settings:
    """Return the settings that a result was stored with; what it does not say is as in `conf/`.

    Raises
    ------
    UserError
        As `to_settings`.
    """
    usual = OmegaConf.to_container(compose_words("config", []), resolve=True)
    whole = _filled(cast("dict[str, Any]", usual), config)
    return cast("shapes.Settings", to_settings(OmegaConf.create(whole), shapes.Settings))


CHOSEN = ("sources", "strategy")
"""Groups of which a stored configuration names all members: none is added."""


def _filled(usual: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was stored, with the usual values of keys that came later, nested ones too."""
    found = {**usual, **stored}
    for name, value in stored.items():
        before = usual.get(name)
        if name not in CHOSEN and isinstance(value, dict) and isinstance(before, dict):
            found[name] = _filled(before, value)
    return found


def refuse_changes(settings: shapes.Settings, choice: str, free: Sequence[str]) -> None:
    """Refuse settings that differ from those that one choice, of something fixed, makes by itself.

    Parameters
    ----------
    settings
        As composed for the user.
    choice
        For example ``"protocol=paper2023"``.
    free
        Keys, or groups of keys, that may have any value.

    Raises
    ------
    UserError
        Naming the first key with another value and what sets it right.
    """
    alone = to_settings(compose_words("config", [choice]), shapes.Settings)
    asked, fixed = (leaves(dataclasses.asdict(each)) for each in (settings, alone))
    # a data set is named before what makes it up
    for key in sorted(asked.keys() | fixed.keys(), key=lambda key: (key != "dataset.name", key)):
        value = asked.get(key)
        if key.split(".")[0] in free or value == fixed.get(key):
            continue
        remedy = (
            f"give dataset={fixed[key]}"
            if key == "dataset.name"
            else f"leave out what makes {key} {value if isinstance(value, str) else dumps(value)}"
        )
        raise UserError(
            f"{choice} is a fixed procedure on fixed data; {remedy} (free are {', '.join(free)})"
        )


def leaves(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the values of nested mappings by their dotted keys."""
    found: dict[str, Any] = {}
    for name, value in tree.items():
        key = f"{prefix}{name}"
        found |= leaves(value, f"{key}.") if isinstance(value, dict) else {key: value}
    return found


def _explain(error: Exception, config: str) -> str:
    message = str(error)
    first = message.splitlines()[0] if message else type(error).__name__
    missing = re.search(r"Could not (?:find|load) '([^']+)'", message)
    if missing:
        group, _, option = missing.group(1).rpartition("/")
        options = sorted(path.stem for path in (config_dir() / group).glob("*.yaml"))
        hint = nearest(option, options, f"choose one of {', '.join(options)}")
        return f"{group or 'config'} has no option {option!r}; {hint}"
    unknown = re.search(r"Could not override '([^']+)'", message)
    return _unknown(unknown.group(1), config) if unknown else _syntax(first)


def _unknown(key: str, config: str) -> str:
    if key == "sweep.space":
        return "sweep.space: a further key is added with ++sweep.space={KEY: ...}"
    with composing(config_dir()):
        known = _keys(OmegaConf.to_container(hydra.compose(config)))
    group, _, inner = key.partition(".")
    name = inner.split(".")[0]
    option = name != inner and (config_dir() / group / f"{name}.yaml").is_file()
    if key in known or (option and f"{group}.{name}" not in known):
        if group == "compute":
            return f"there is no key {key!r} with the option of compute that is chosen"
        return f"there is no key {key!r}: {name} is not chosen; add it to {group}=[...]"
    groups = [path.name for path in config_dir().iterdir() if path.is_dir()]
    if key in groups:
        hint = "this command has no such group; take an experiment that is made for it"
    else:
        hint = nearest(key, known + groups, SEE_ALL)
    return f"there is no key {key!r}; {hint}"


def _syntax(told: str) -> str:
    ambiguous = re.search(r"Ambiguous value for argument '([^=']+)=([^']*)'", told)
    if ambiguous:
        key, value = ambiguous.groups()
        if re.fullmatch(r"[-+]?\d+,\d+", value):
            return f"{key}={value} is no number; give {key}={value.replace(',', '.')}"
        return f"{key}={value} may be a list or several runs; give {key}=[{value}], or -m for runs"
    return f"{told}; see --help for the syntax"


def _tree(shape: type) -> dict[str, Any]:
    """Return the fields of a dataclass, and of those within it, as nested mappings."""
    return {
        name: _tree(cast("type", kind)) if dataclasses.is_dataclass(kind) else None
        for name, kind in get_type_hints(shape).items()
    }


def _keys(tree: Any, prefix: str = "") -> list[str]:  # noqa: ANN401 - nested mappings and leaves
    if not isinstance(tree, dict):
        return []
    here = [f"{prefix}{name}" for name in tree]
    return here + [key for name in tree for key in _keys(tree[name], f"{prefix}{name}.")]
