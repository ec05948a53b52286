"""What is wrong with the labels of a table, and how two tables relate; one check a module."""
