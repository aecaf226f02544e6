"""Makes every saved file in this folder: `make samples`. The results are committed; run it when a source here changes.

Seeds are fixed and torch uses one thread, so that the same torch gives the same weights (the legacy and the TorchScript
file differ in the order of their parts).
"""

from pathlib import Path

import making.cases
import making.digits
import making.folders
import torch


def main() -> None:
    """Train the digits model, save it in every format, then the cases and the folders of images."""
    here = Path(__file__).resolve().parent
    torch.set_num_threads(1)
    digits = making.digits.make(here / "digits")
    making.folders.make(here, digits)
    making.cases.make(here / "cases")


if __name__ == "__main__":
    main()
