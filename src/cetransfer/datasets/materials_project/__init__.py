"""Entries of the Materials Project: asked for once through `mp-api`, then read from a file."""
