"""The ways to choose compounds to label, one file each."""
