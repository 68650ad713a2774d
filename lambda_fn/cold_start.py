"""A cold start without garbage collection: what imports and the model allocate is there to stay, and to search it for
garbage takes a tenth of the start (docs/SPEED.md).

Importing this module pauses the collector; `over` lets it run again, and spares it what is there by then.
"""

import gc

gc.disable()


def over() -> None:
    """The start is over: https://docs.python.org/3/library/gc.html#gc.freeze"""
    gc.freeze()
    gc.enable()
