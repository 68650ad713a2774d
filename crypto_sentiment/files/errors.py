"""What can be wrong with a file, in words for the person who named it."""


class InputError(ValueError):
    """A source that cannot be read as comments."""


class OutputError(ValueError):
    """An output that cannot be written, or must not be."""


class UsageError(ValueError):
    """What was asked for makes no sense: exit code 2."""
