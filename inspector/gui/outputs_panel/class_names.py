"""Class names from a file: a line a name, a JSON list, or a JSON object of index → name."""

import json
from pathlib import Path

_MAX_BYTES = 16 * 1024 * 1024


def read_class_names(path: str) -> tuple[str, ...]:
    """The names in the order of the outputs.

    Raises:
        ValueError: the file can't be read as names; the message is a sentence.
    """
    file = Path(path)
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise ValueError(f"{file.name} is too large for a list of class names.")
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ValueError(f"{file.name} could not be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{file.name} is not text in UTF-8.") from error
    names = _from_json(text, file.name) if text.lstrip().startswith(("[", "{")) else _from_lines(text)
    if not names:
        raise ValueError(f"{file.name} holds no names.")
    return names


def _from_lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.rstrip().splitlines())


def _from_json(text: str, name: str) -> tuple[str, ...]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} is not valid JSON.") from error
    if isinstance(parsed, list):
        return tuple(_plain(item) for item in parsed)
    return _from_indexed(parsed, name)


def _from_indexed(parsed: dict[str, object], name: str) -> tuple[str, ...]:
    """Either {"0": "cat"} or the reverse, {"cat": 0}; each must name every index once."""
    if all(key.strip().isdecimal() for key in parsed):
        by_index = {int(key): _plain(item) for key, item in parsed.items()}
    elif all(isinstance(item, int) and not isinstance(item, bool) for item in parsed.values()):
        by_index = {int(str(item)): key for key, item in parsed.items()}
    else:
        raise ValueError(f"{name} must map output indices to names, or be a list of names.")
    if sorted(by_index) != list(range(len(parsed))):
        raise ValueError(f"{name} must name every output from 0 to {len(parsed) - 1} once.")
    return tuple(by_index[index] for index in range(len(parsed)))


def _plain(item: object) -> str:
    """A name as text; ImageNet's common file has ["n01440764", "tench"] pairs, of which the last is for people."""
    if isinstance(item, list) and item:
        return str(item[-1])
    return str(item)
