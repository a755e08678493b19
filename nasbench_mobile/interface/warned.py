"""What is warned of where results are there all the same."""


class FailedRunsWarning(UserWarning):
    """Some runs of a study failed, or one run ended early."""


class LeftOutWarning(UserWarning):
    """Damaged runs of an earlier study are left out."""
