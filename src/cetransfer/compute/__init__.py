"""Who does the work that comes in parts: this process, others of this machine, or a cluster."""
