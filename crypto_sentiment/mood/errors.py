"""What can go wrong with a question about the mood, for one line on the screen."""


class MoodError(Exception):
    """It could not be answered: says why, and what to do."""


class WrongUsage(MoodError):
    """The question itself is wrong; nothing was read."""
