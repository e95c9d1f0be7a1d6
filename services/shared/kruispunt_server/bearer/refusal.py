"""Why a token is not accepted."""


class UnacceptableTokenError(Exception):
    """A token is not accepted.

    Attributes:
        check: which check failed; for the log, never for the caller.
    """

    def __init__(self, check: str) -> None:
        super().__init__(check)
        self.check = check
