"""Figures of reports, each with its alternative text and its numbers."""
