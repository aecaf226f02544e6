"""Writes constraints.txt: the exact version of everything that the app and its tests were tested with.

Follows the requirements from pyproject.toml through what is installed, so that a package that only happens to lie in
.venv is not pinned.
"""

import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
# As in setup.py: installed without what they ask for.
ALONE = ("torchvision", "timm")
HEAD = """\
# Exact versions that this app was tested with: pip install -c constraints.txt … gives the same next year.
# Written by `make constraints` from .venv; pyproject.toml holds the bounds. Any build of torch fits (+cpu, +cu130 …).
"""


def main() -> None:
    """Write the file, and say how many packages it pins."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    wanted += project["dependency-groups"]["bench"]
    versions: dict[str, str] = {}
    for text in wanted:
        _follow(Requirement(text), versions)
    for text in project["dependency-groups"]["zoo"]:
        _follow(Requirement(text), versions, alone=Requirement(text).name in ALONE)
    lines = [f"{name}=={version}\n" for name, version in sorted(versions.items())]
    (ROOT / "constraints.txt").write_text(HEAD + "".join(lines))
    print(f"constraints.txt pins {len(lines)} packages")


def _follow(requirement: Requirement, versions: dict[str, str], *, alone: bool = False) -> None:
    name = canonicalize_name(requirement.name)
    if name in versions:
        return
    try:
        installed = distribution(requirement.name)
    except PackageNotFoundError:
        return  # for another system
    versions[name] = installed.version.partition("+")[0]
    for text in () if alone else installed.requires or ():
        needed = Requirement(text)
        if needed.marker is None or any(
            needed.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras)
        ):
            _follow(needed, versions)


if __name__ == "__main__":
    main()
