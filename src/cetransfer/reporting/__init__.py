"""Tables for the terminal and figures for the eye."""
