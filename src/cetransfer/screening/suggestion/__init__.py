"""Which compounds to label next, and what choosing them so is worth."""
