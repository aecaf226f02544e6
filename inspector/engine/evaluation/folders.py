"""Labels from class folders: the top folder of an image is its class, however deep it lies."""

from inspector.engine.evaluation.found import Found
from inspector.engine.evaluation.listing import Listing
from inspector.protocol.evaluation import LabelRule, Skipped

# Folders that people name so are parts of a data set; their own sub-folders are the classes.
PART_NAMES = frozenset({"train", "training", "test", "testing", "val", "valid", "validation", "eval", "dev"})


def class_folders(listing: Listing) -> tuple[str, ...]:
    """The top folders that hold images."""
    return tuple(sorted({path.partition("/")[0] for path in listing.images if "/" in path}))


def are_parts(folders: tuple[str, ...]) -> bool:
    """Whether all these folders are named as parts of a data set (train, test, val)."""
    return bool(folders) and all(name.lower() in PART_NAMES for name in folders)


def label_by_folders(listing: Listing) -> Found:
    """Each image under its top folder's name; images beside the folders have no label."""
    labelled = tuple((listing.path_of(path), path.partition("/")[0]) for path in listing.images if "/" in path)
    loose = tuple(
        Skipped(path=listing.path_of(path), reason="It lies outside the class folders, so it has no label.")
        for path in listing.images
        if "/" not in path
    )
    folders = class_folders(listing)
    problems = []
    if are_parts(folders):
        names = " and ".join(folders)
        problems.append(f"{names} look like parts of a data set, not like classes: choose one of these folders.")
    problems += [f'The class folder "{name}" holds no file.' for name in listing.empty_folders]
    return Found(
        rule=LabelRule(source="folders"),
        how="from the class folders",
        labelled=labelled,
        skipped=loose,
        empty_classes=listing.empty_folders if folders else (),
        problems=tuple(problems),
    )
