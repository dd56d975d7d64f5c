"""Python's collector of garbage, told what never becomes any."""

import gc
from typing import Final

# An answer makes thousands of objects, freed by counting; to look for cycles after every 700 of them finds none.
THRESHOLDS: Final = (20_000, 20, 50)


def calm() -> None:
    """Leave aside whatever lives as long as the process: the schema alone is half a million objects to walk over."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
