"""What can go wrong between this project and the places its data comes from."""


class SourceError(RuntimeError):
    """A source is absent, unreachable or not in the form its reader knows.

    The message names the public address and how to go on without it.
    """
