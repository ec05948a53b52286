"""The same numbers again: the commands, running them, and comparing what comes out."""
