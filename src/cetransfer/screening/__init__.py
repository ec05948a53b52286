"""Screening: from a space of compounds to those worth making."""
