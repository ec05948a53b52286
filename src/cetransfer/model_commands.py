"""What `register` and `promote` do, told as a sequence of steps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cetransfer.errors import UserError
from cetransfer.progress import say, set_quiet
from cetransfer.settings import project_root

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from cetransfer.evaluation.promotion import Paired
    from cetransfer.models.registered import Version
    from cetransfer.settings_models import PromoteSettings, RegisterSettings
    from cetransfer.tracking.registry import Registry


def register(settings: RegisterSettings) -> None:
    """Make a model a version of a registered one."""
    from cetransfer.tracking import registry as writing

    set_quiet(quiet=settings.quiet)
    writing.check_name(settings.name)
    folder, about = _asked(settings.model)
    registry = writing.open_registry(project_root())
    scored = _scored(registry, folder, about)
    version, new = writing.register(registry, settings.name, folder, about, scored)
    _tell(f"{version.words}{'' if new else ', registered before'}  {version.package}")


def promote(settings: PromoteSettings) -> None:
    """Make a model the champion, if it is better than the present one or a reason is given."""
    from cetransfer.models.registered import CHAMPION, NAME, by_alias
    from cetransfer.tracking import registry as writing

    set_quiet(quiet=settings.quiet)
    root = project_root()
    writing.check_name(settings.name)
    if settings.force is not None and not settings.force.strip():
        raise UserError('force has no reason; say why, --force "REASON"')
    folder, about = _asked(settings.model)
    registry = writing.open_registry(root)
    present = by_alias(settings.name, CHAMPION, root)
    if present is not None and present.model == about["id"]:
        _tell(f"{present.words} is the champion already")
        return
    scored = _scored(registry, folder, about)
    told = {"at": datetime.now(UTC).isoformat(timespec="seconds")}
    if present is None:
        told["over"] = "none before"
    else:
        told |= {"over": present.words, **_judged(registry, about, scored, present, settings)}
    version, _ = writing.register(registry, settings.name, folder, about, scored)
    writing.make_champion(registry, version, told)
    word = CHAMPION if settings.name == NAME else f"models:/{settings.name}@{CHAMPION}"
    say(f"`cetransfer predict {word} ...` takes it, and load_model({word!r})")
    _tell(f"{version.words} is the champion now  {version.package}")


def _asked(word: str) -> tuple[Path, dict[str, Any]]:
    """Return the folder of a model and its checked description."""
    from cetransfer.models.find import find_model
    from cetransfer.models.folder import read

    folder = find_model(word, project_root())
    return folder, read(folder)


def _scored(registry: Registry, folder: Path, about: dict[str, Any]) -> pd.DataFrame | None:
    """Return a model's predictions on scored rows: from its package, or from its comparison."""
    from cetransfer.evaluation.promotion import scored_by
    from cetransfer.files import read_table
    from cetransfer.tracking.registry import SCORED, compared_in

    # in a package the model lies two folders down, in a comparison likewise
    above = folder.resolve().parent.parent
    if (above / SCORED).is_file():
        return read_table(above / SCORED)
    return scored_by([above, *compared_in(registry, about["id"])], about)


def _judged(
    registry: Registry,
    about: dict[str, Any],
    scored: pd.DataFrame | None,
    present: Version,
    settings: PromoteSettings,
) -> dict[str, str]:
    """Return what is to be told of the test, and of the reason where one is given.

    Raises
    ------
    UserError
        If the model is not better, or that cannot be tested, and no reason is given.
    """
    remedy = 'or promote it all the same with --force "REASON"'
    reason = {} if settings.force is None else {"forced": settings.force}
    try:
        found = _tested(registry, about, scored, present)
    except UserError as error:
        if reason:
            return {"untested": str(error), **reason}
        raise UserError(
            f"whether model {about['id']} is better than the champion, {present.words}, cannot be "
            f"tested: {error}; {remedy}"
        ) from error
    unit = about["unit"]
    line = (
        f"{found.delta:+.4f} {unit} against the champion (95 %: {found.low:+.4f} to "
        f"{found.high:+.4f}), p = {found.p:.4f}, {found.words}"
    )
    if not found.better and not reason:
        raise UserError(
            f"model {about['id']} is not better than the champion, {present.words}: {line}; keep "
            f"the champion, {remedy}"
        )
    say(line)
    return {**found.told(), **reason}


def _tested(
    registry: Registry, about: dict[str, Any], scored: pd.DataFrame | None, present: Version
) -> Paired:
    from cetransfer.composition import stored_settings
    from cetransfer.evaluation.promotion import judge_of, paired
    from cetransfer.models.folder import described

    other = described(present.folder)
    others = _scored(registry, present.folder, other)
    if scored is None or others is None:
        missing = about if scored is None else other
        raise UserError(
            f"the comparison that made model {missing['id']} is neither in the tracking store of "
            "this project nor beside the model"
        )
    if (about["quantity"], about["unit"]) != (other["quantity"], other["unit"]):
        raise UserError(
            f"it predicts {about['quantity']} in {about['unit']}, the champion {other['quantity']} "
            f"in {other['unit']}"
        )
    settings = stored_settings(about["config"])
    judge = judge_of(settings, about, str(scored["part"].iloc[0]), registry.root)
    return paired(scored, others, about["quantity"], judge, settings.protocol.alpha)


def _tell(line: str) -> None:
    print(line)  # noqa: T201 - the result of the command
