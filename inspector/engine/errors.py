"""The one error that the engine raises on purpose."""


class EngineError(Exception):
    """Something that can't be done: `message` is a sentence for the user, `fix` says what mends it (or "")."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class Cancelled(Exception):  # noqa: N818 - not an error: the user asked for it
    """Raised between two steps when the request was cancelled."""
