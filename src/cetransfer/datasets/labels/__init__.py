"""Surrogate labels: energies of a whole grid of oxides from CHGNet, without a network."""

from __future__ import annotations

from cetransfer.datasets.labels.run import label_prototype

__all__ = ["label_prototype"]
