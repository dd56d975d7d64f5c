"""What a plan raises where it leaves the work to the library."""


class Unplanned(Exception):
    """The plan does not cover this, or a value does not fit its type: the library executes the operation instead."""
