"""What a result rests on, as names and values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def rests_on(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return key, commit, model ids, hashes of the data, and packages of a result's document."""
    commit = document.get("commit")
    dirty = " (with changes that were not committed)" if document.get("dirty") else ""
    nets = document.get("source_nets") or {}
    found = [
        ("key of the result", str(document.get("key", "unknown"))),
        ("git commit", f"{commit}{dirty}" if commit else "none: run outside a repository"),
        ("seed", str(document.get("seed", "unknown"))),
        *((f"model of {name}", str(model)) for name, model in _models(document).items()),
    ]
    if nets.get("key"):
        found.append(("source nets", str(nets["key"])))
    if document.get("feature_schema"):
        found.append(("schema of the features, SHA-256", str(document["feature_schema"])))
    found += [
        (f"data: {name}, {'MD5' if name == 'data.dvc' else 'SHA-256'}", str(value))
        for name, value in document.get("data_hashes", {}).items()
    ]
    packages = document.get("packages", {})
    if packages:
        found.append(
            ("packages", ", ".join(f"{name} {version}" for name, version in packages.items()))
        )
    return found


def code_limits(document: Mapping[str, Any]) -> list[str]:
    """Return in how far the code that made a result is not known, a sentence or none."""
    if document.get("commit") is None:
        return ["It was run outside a git repository: the code that made it is not recorded."]
    if document.get("dirty"):
        return ["Files were changed and not committed when it was run: the code may be another."]
    return []


def _models(document: Mapping[str, Any]) -> Mapping[str, Any]:
    models = document.get("models") or {}
    found = dict(models) if isinstance(models, dict) else {}
    one = document.get("model")
    if isinstance(one, dict):
        found[f"{one.get('strategy')} on {one.get('dataset')}"] = one.get("id")
    return found
