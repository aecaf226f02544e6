"""The one error that the engine raises on purpose."""


def said_by(error: BaseException) -> str:
    """What an exception says; its class's name where an exception of a model's own can't even be printed."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a class of the model's own may raise anything
        return type(error).__name__


class EngineError(Exception):
    """Something that can't be done: `message` is a sentence for the user, `fix` says what mends it (or "")."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class WrongUseError(EngineError):
    """What was asked for does not exist: an entry, a dtype. The command line's status is then 2."""


class Cancelled(Exception):  # noqa: N818 - not an error: the user asked for it
    """Raised between two steps when the request was cancelled."""
