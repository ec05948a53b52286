"""The procedure of Li et al. (2023): repeated with its leaks, and the same without them."""
