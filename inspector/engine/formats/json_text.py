"""JSON in files: parsed only when it is no larger than honest ones are, as a small text can fill much memory."""

import json

from inspector.engine.formats.reading import Refused

# A value of a parsed JSON takes some 60 bytes or more; 100,000 tensors of a safetensors header have a million.
MAX_VALUES = 2_000_000


def parse_json(data: bytes, what: str) -> object:
    """The parsed text.

    Raises:
        Refused: it is no valid JSON, or holds more values than any honest file; `what` begins the sentence.
    """
    values = data.count(b",") + data.count(b"[") + data.count(b"{")
    if values > MAX_VALUES:
        raise Refused(f"{what} holds {values:,} values, more than the {MAX_VALUES:,} of any honest file.")
    try:
        parsed: object = json.loads(data)
    except (ValueError, RecursionError):
        raise Refused(f"{what} is no valid JSON.") from None
    return parsed
