"""From members to a verdict: splits, baselines, statistics and the comparison itself."""
