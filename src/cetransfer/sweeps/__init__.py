"""Sweeps: nested Optuna studies whose trials are trained as stacks."""
