"""The short report of an audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cetransfer.datasets.audit.finding import Finding
    from cetransfer.datasets.audit.run import Audit

SHOWN = 8
"""Rows a finding names here; the file has all of them."""


def show_audit(audit: Audit) -> None:
    """Print one or two lines for each finding and fact."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    count = len(audit.findings)
    console.print("no findings" if not count else f"{count} finding{'s' * (count > 1)}")
    for line in _lines(audit.findings):
        console.print(line)
    if audit.facts:
        console.print("good to know")
    for line in _lines(audit.facts):
        console.print(line)


def _lines(findings: Sequence[Finding]) -> list[str]:
    lines = []
    for finding in findings:
        lines.append(f"  {finding.kind}  {finding.subject}: {finding.message}")
        if finding.rows:
            named = [_named(row) for row in finding.rows[:SHOWN]]
            more = len(finding.rows) - len(named)
            lines.append(f"      {', '.join(named)}{f' and {more} more' if more else ''}")
    return lines


def _named(row: dict[str, Any]) -> str:
    energy = row.get("formation_energy")
    value = "" if energy is None else f": {energy:g}"
    return f"{row['formula']} (row {row['row']}{value})"
