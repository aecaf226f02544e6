"""A test folder, listed: where its labels come from is told by looking, or as asked. No image is opened."""

from collections.abc import Callable

from inspector.core.labels import natural_key
from inspector.engine.errors import EngineError
from inspector.engine.evaluation.csv_labels import find_csv, label_by_csv
from inspector.engine.evaluation.folders import are_parts, class_folders, label_by_folders
from inspector.engine.evaluation.found import Found
from inspector.engine.evaluation.listing import Listing, list_folder, suffix_of
from inspector.engine.evaluation.mapping import mapping_problems, propose_mapping
from inspector.engine.evaluation.names import label_by_names
from inspector.protocol.evaluation import LabelledImage, LabelRule, Skipped
from inspector.protocol.events import FolderScanned

# A matrix has the square of them as cells, which take 3 GB on their way to the window.
MOST_CLASSES = 12_000


def scan_folder(
    folder: str,
    labels: LabelRule,
    *,
    class_names: tuple[str, ...] = (),
    num_outputs: int | None = None,
    between_steps: Callable[[], None],
) -> FolderScanned:
    """List the images of a folder with their labels, and propose an output for each class.

    Raises:
        EngineError: the folder can't be read, or the CSV or the pattern that was asked for can't be used.
        Cancelled: `between_steps` raised it.
    """
    listing = list_folder(folder, between_steps)
    found = _label(listing, labels, between_steps)
    names = {label for _, label in found.labelled} | set(found.empty_classes)
    classes = tuple(sorted(names, key=natural_key))
    place = {name: index for index, name in enumerate(classes)}
    images = tuple(LabelledImage(path=path, label=place[label]) for path, label in found.labelled)
    skipped = found.skipped + _not_pictures(listing, found.rule)
    mapping = propose_mapping(classes, class_names, num_outputs)
    problems = _problems(listing, found, classes) + mapping_problems(classes, class_names, num_outputs, mapping)
    return FolderScanned(
        folder=listing.folder,
        labels=found.rule,
        classes=classes,
        images=images,
        skipped=skipped,
        mapping=mapping,
        sentence=_sentence(images, classes, skipped, found),
        problems=problems,
        patterns=found.patterns,
    )


def refuse_many(scan: FolderScanned) -> None:
    """Raise where no matrix can be made of so many classes, before a model is run on all their images.

    Raises:
        EngineError: there are more than can be.
    """
    if problem := _too_many(scan.classes):
        raise EngineError(problem, "Choose another column or pattern of labels.")


def _too_many(classes: tuple[str, ...]) -> str:
    if len(classes) <= MOST_CLASSES:
        return ""
    return (
        f"There are {len(classes):,} classes, and a matrix can have {MOST_CLASSES:,}: "
        "the labels may be numbers of the images."
    )


def _label(listing: Listing, rule: LabelRule, between_steps: Callable[[], None]) -> Found:
    match rule.source:
        case "folders":
            return label_by_folders(listing)
        case "names":
            return label_by_names(listing, rule.pattern, between_steps)
        case "csv":
            return label_by_csv(listing, rule.csv_path, between_steps)
        case "auto":
            return _label_as_found(listing, rule, between_steps)


def _label_as_found(listing: Listing, rule: LabelRule, between_steps: Callable[[], None]) -> Found:
    """Two class folders or more, else a CSV that names the images, else their names, else the one folder.

    What the rule names already (a CSV, a pattern) goes first.
    """
    if rule.csv_path:
        return label_by_csv(listing, rule.csv_path, between_steps)
    if rule.pattern:
        return label_by_names(listing, rule.pattern, between_steps)
    folders = class_folders(listing)
    if len(folders) > 1 and not are_parts(folders):
        return label_by_folders(listing)
    csv_path = find_csv(listing)
    if csv_path:
        return label_by_csv(listing, csv_path, between_steps)
    if len(folders) > 1:
        return label_by_folders(listing)
    named = label_by_names(listing, "", between_steps)
    return named if named.labelled or not folders else label_by_folders(listing)


def _not_pictures(listing: Listing, rule: LabelRule) -> tuple[Skipped, ...]:
    """Every other file, with the reason; the CSV in force is none of them."""
    skipped = []
    for relative in listing.others:
        path = listing.path_of(relative)
        if path != rule.csv_path:
            suffix = suffix_of(relative)
            kind = f"a {suffix} file" if suffix else "a file without a suffix"
            skipped.append(Skipped(path=path, reason=f"It is {kind}, not a picture."))
    for relative in listing.untellable:
        path = listing.path_of(relative).encode(errors="replace").decode()
        skipped.append(Skipped(path=path, reason="Its name is no text in UTF-8: rename it."))
    return tuple(skipped)


def _problems(listing: Listing, found: Found, classes: tuple[str, ...]) -> tuple[str, ...]:
    problems = list(found.problems)
    if not listing.images and not found.labelled:
        problems.insert(0, "The folder holds no pictures.")
    elif not found.labelled and not problems:
        problems.append(f"None of the {len(listing.images)} pictures has a label.")
    elif len(classes) == 1:
        problems.append(f'All images are of one class, "{classes[0]}": the matrix has a single row.')
    elif too_many := _too_many(classes):
        problems.append(too_many)
    return tuple(problems)


def _sentence(
    images: tuple[LabelledImage, ...], classes: tuple[str, ...], skipped: tuple[Skipped, ...], found: Found
) -> str:
    """What was found, in one sentence: `120 images in 3 classes, from the class folders; 2 files were left out.`."""
    if not images:
        return "No labelled images were found."
    text = f"{_count(len(images), 'image', 'images')} in {_count(len(classes), 'class', 'classes')}, {found.how}"
    if skipped:
        text += f"; {_count(len(skipped), 'file was', 'files were')} left out"
    return f"{text}."


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
