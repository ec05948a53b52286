"""Training of whole stacks with Lightning."""
