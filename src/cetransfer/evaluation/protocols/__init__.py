"""The protocols: one idea of splitting rows each, known under the kind it registers."""
