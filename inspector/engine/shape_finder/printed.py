"""What a model prints while inputs are tried: told once, and not once a try."""

import io
import sys

MAX_PRINTED = 20_000


class Printed(io.TextIOBase):
    """Passes on lines that were not printed by an earlier try, up to a number of characters."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._line = ""
        self._left = MAX_PRINTED

    def writable(self) -> bool:
        """It is for writing."""
        return True

    def write(self, text: str) -> int:
        """Take a piece; lines go on when they are whole."""
        *lines, self._line = (self._line + text[:MAX_PRINTED]).split("\n")
        self._line = self._line[:MAX_PRINTED]
        for line in lines:
            self._pass_on(line)
        return len(text)

    def flush(self) -> None:
        """Nothing is held back but the line under way."""

    def begin(self) -> None:
        """Another model: its lines are new."""
        self._seen.clear()
        self._line = ""
        self._left = MAX_PRINTED

    def _pass_on(self, line: str) -> None:
        if not line or line in self._seen or self._left <= 0:
            return
        if not self._seen:
            sys.stderr.write("Printed while inputs were tried (each line once):\n")
        self._seen.add(line)
        self._left -= len(line) + 1
        sys.stderr.write(f"{line}\n" if self._left > 0 else "… the rest that was printed is left out\n")


PRINTED = Printed()
