"""Texts and numbers from files, made fit to travel and to show."""

MAX_DIMENSION = 2**63 - 1


def clean_text(text: str, limit: int = 1000) -> str:
    """The text without lone surrogates (they can't be encoded), cut to `limit` characters."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return text.encode("utf-8", "replace").decode("utf-8")


def shown_number(number: float) -> str:
    """A number as text; giants are told by their size, as Python refuses to print over 4,300 digits."""
    if isinstance(number, int) and number.bit_length() > 256:
        return f"an integer of {number.bit_length():,} bits"
    return str(number)


def is_size(value: object) -> bool:
    """Whether this can be a dimension: an integer, not a bool, neither negative nor beyond 64 bits."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_DIMENSION
