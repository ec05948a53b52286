"""Named data sets: catalogue, loaders, audit, download with SHA-256."""
