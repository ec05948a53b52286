"""Crystal structures: prototypes, sites and their roles, neighbour shells; no energies."""
