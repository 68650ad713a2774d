"""The one error of this room that a person is meant to read."""


class SparkJobError(ValueError):
    """The job cannot be done as asked; nothing was scored. The message says why, and what to do."""
