"""What can be wrong with the input of a cost estimate."""


class CostError(ValueError):
    """A value, a price or a data file that no estimate can be made from. The message says what to do."""


class Infeasible(CostError):
    """An option that cannot run: a latency target, a timeout or a memory size that no money can mend."""
