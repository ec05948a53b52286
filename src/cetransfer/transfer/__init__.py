"""Strategies of transfer: declared objects that say what is copied, frozen and trained."""
