"""Does the criterion work? What a funnel and its alternatives are worth on known answers."""
