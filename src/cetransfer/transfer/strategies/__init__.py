"""The strategies: one class each, known under the kind it registers."""
