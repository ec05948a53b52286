"""From a prediction back to the data and the commit, and from the data on to every model."""
