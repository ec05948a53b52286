"""Who trains batches: this process, others of this machine, or a cluster."""
