"""Makes every saved file in this folder: `make samples`. The results are committed; run it when a source here changes.

Seeds are fixed and torch uses one thread, so that the same torch gives the same weights.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import torch  # noqa: E402 - the samples' own folder has to be found first

import making.cases  # noqa: E402
import making.digits  # noqa: E402
import making.folders  # noqa: E402


def main() -> None:
    """Train the digits model, save it in every format, then the cases and the folders of images."""
    torch.set_num_threads(1)
    digits = making.digits.make(HERE / "digits")
    making.folders.make(HERE, digits)
    making.cases.make(HERE / "cases")


if __name__ == "__main__":
    main()
