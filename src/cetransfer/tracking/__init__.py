"""The MLflow store: runs of comparisons and of source nets."""
