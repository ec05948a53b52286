"""Which way of reusing a big source data set gives the lowest error on a small target data set."""

__version__ = "0.1.0"
