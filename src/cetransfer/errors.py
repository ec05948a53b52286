"""The one exception that a user can cause."""


class UserError(Exception):
    """Something the user can mend: the message names the culprit, the place and the remedy.

    The command line prints it as one line and ends with exit status 2.
    """
