"""Which constructors of the installed libraries weights could be from: few are built, on the meta device, and ranked.

A library has over a thousand. Their source files are compared with the names in the weights first; of the likeliest
files one constructor is built, and where its names meet, the others by the sizes that their source holds.
"""

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from inspector.engine.errors import EngineError
from inspector.engine.loading.keys import Fit, State
from inspector.engine.loading.libraries.library import Constructor, Family, Library, NotUsable
from inspector.engine.loading.libraries.sketching import sketch_fit
from inspector.engine.loading.libraries.sources import words_in
from inspector.engine.loading.proposals import propose_arguments
from inspector.engine.loading.solving import Arguments, Search, depths_of, solve
from inspector.engine.loading.steps import Steps
from inspector.protocol.files import Entry

SECONDS = 20.0
OFFERED = 6
_MAX_FAMILIES = 6
_FOR_FAMILIES = 0.2  # of the time, for each library
_ALIKE = 0.4  # with fewer of its names in common, a family is hardly the one
_MAX_UNLIKE = 24
_AFTER_A_MATCH = 10
_LEAVES = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked", "module", "_orig_mod", "model"}


@dataclass(frozen=True)
class Ranked:
    """A constructor that was built, with the arguments that fitted best."""

    entry: Entry
    arguments: Arguments
    fit: Fit
    is_hinted: bool = False
    place: int = 0
    overlap: float = 0.0

    @property
    def order(self) -> tuple[float, ...]:
        """Smaller is likelier."""
        return (self.fit.faults, -self.fit.report.matched, not self.is_hinted, self.place, len(self.entry.name))


@dataclass
class Ranking:
    """What was found; `unusable` are sentences on libraries that can't be used here, `was_cut` whether time ran out."""

    found: list[Ranked] = field(default_factory=list)
    unusable: list[NotUsable] = field(default_factory=list)
    was_cut: bool = False


@dataclass(frozen=True)
class Candidate:
    """A family that may be the one: how many fewer of the names it has than the best of its library.

    `others` counts the names that it has besides.
    """

    lacking: float
    place: int
    library: Library
    family: Family
    others: int = 0


@dataclass(frozen=True)
class Sought:
    """What is known of the weights: the state_dict, settings beside it, and words that may name the architecture."""

    state: State
    settings: Mapping[str, object]
    hints: frozenset[str] = frozenset()

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each key."""
        return {key: tuple(value.shape) for key, value in self.state.items()}


def rank(sought: Sought, libraries: Sequence[Library], steps: Steps, *, seconds: float = SECONDS) -> Ranking:
    """The constructors whose keys and shapes meet best, the likeliest first.

    Raises:
        Cancelled: it was asked to stop.
    """
    ranking = Ranking()
    trial = _Trial(sought, steps, ranking, time.monotonic() + seconds)
    for place, library in enumerate(libraries):
        if library.is_costly and trial.has_match():
            continue
        steps.progress(f"Looking into {library.name}", 0, 0)
        steps.between()
        try:
            candidates = _likeliest(place, library, library.families(), sought)
        except NotUsable as error:
            ranking.unusable.append(error)
        else:
            candidates.sort(key=lambda one: (one.lacking, one.others))
            trial.try_families(candidates, time.monotonic() + seconds * _FOR_FAMILIES)
    ranking.found.sort(key=lambda one: one.order)
    _refine(sought, ranking, {library.name: library for library in libraries}, steps)
    return ranking


def _likeliest(place: int, library: Library, families: Sequence[Family], sought: Sought) -> list[Candidate]:
    """The families of a library whose source has most of the names, and those that are hinted at in any case.

    What all files of a library take from another of its files is in none of them: so the best of them is the measure.
    """
    words = _words(sought.state)
    shares = [(*_share(words, family), family) for family in families]
    shares.sort(key=lambda one: one[:2], reverse=True)
    best = shares[0][0] if shares else 0.0
    near = [one for one in shares if one[0] >= max(best - 0.25, 0.4)][:_MAX_FAMILIES]
    hinted = [family for family in families if any(_bare(name) in sought.hints for name in family.names)]
    chosen = {family.file: Candidate(best - share, place, library, family, -less) for share, less, family in near}
    chosen |= {family.file: Candidate(-1.0, place, library, family) for family in hinted}
    return list(chosen.values())


@dataclass
class _Trial:
    """Constructors being built, until the deadline."""

    sought: Sought
    steps: Steps
    ranking: Ranking
    deadline: float

    def try_families(self, candidates: Sequence[Candidate], families_deadline: float) -> None:
        """One constructor of each family first; then all of those whose names met best."""
        sizes = _sizes_in(self.sought.shapes)
        names = {_pattern(key) for key in _unwrapped(self.sought.state)}
        judged: list[tuple[float, Candidate, list[Constructor]]] = []
        enough = 1.0
        for done, one in enumerate(candidates):
            self.steps.progress(f"Comparing with {one.library.name}", done, len(candidates))
            if one.lacking > enough or time.monotonic() > families_deadline:
                break
            ordered = _by_likeness(one.family, self.sought, sizes, names)
            sample = self._first_of(one, ordered[:2])
            if sample is not None:
                judged.append((sample.overlap, one, ordered))
                if not sample.fit.faults:  # a family that has fewer of the names is not the one
                    enough = min(enough, max(one.lacking, 0.05))
        judged.sort(key=lambda entry: (-entry[0], entry[1].place))
        best = judged[0][0] if judged else 0.0
        for overlap, one, ordered in judged:
            if overlap < best and self.has_match():
                break
            if overlap >= max(_ALIKE, best - 0.2):
                self._try_variants(one, ordered)
            elif one.lacking <= 0 and not one.library.is_costly:  # its constructors may differ in their backbones
                self._try_variants(one, ordered[:_MAX_UNLIKE])

    def _first_of(self, candidate: Candidate, constructors: Iterable[Constructor]) -> Ranked | None:
        for constructor in constructors:
            ranked = _try(candidate.library, constructor, self.sought, candidate.place, self.steps)
            if ranked is not None:
                self.ranking.found.append(ranked)
                return ranked
        return None

    def _try_variants(self, candidate: Candidate, ordered: Sequence[Constructor]) -> None:
        tried = {one.entry.name for one in self.ranking.found}
        after = _AFTER_A_MATCH
        for done, constructor in enumerate(ordered):
            self.steps.progress(f"Trying constructors of {candidate.library.name}", done, len(ordered))
            if self._is_late() or after <= 0:
                return
            if constructor.name not in tried:
                self._first_of(candidate, [constructor])
                after -= self.has_match(candidate.place)

    def has_match(self, place: int | None = None) -> bool:
        """Whether a constructor fits wholly; of one library, if its place is given."""
        return any(not one.fit.faults and place in {None, one.place} for one in self.ranking.found)

    def _is_late(self) -> bool:
        late = time.monotonic() > self.deadline
        self.ranking.was_cut = self.ranking.was_cut or late
        return late


def _try(library: Library, constructor: Constructor, sought: Sought, place: int, steps: Steps) -> Ranked | None:
    """The constructor built with the number of classes and of channels that the weights tell."""
    steps.between()
    try:
        entry = propose_arguments(library.entry(constructor.name), sought.shapes, {})
        few = ("num_classes", "in_chans") if library.name != "transformers" else ()
        arguments = {one.name: one.proposed for one in entry.parameters if one.name in few and one.proposed}
        fit = sketch_fit(library, constructor.name, arguments, sought.state)
        if fit is None and arguments:
            arguments = {}
            fit = sketch_fit(library, constructor.name, arguments, sought.state)
    except (Exception, SystemExit):  # noqa: BLE001 - a constructor that needs more than is here is no candidate
        return None
    if fit is None or not fit.report.matched + len(fit.report.misshaped):
        return None
    return Ranked(entry, arguments, fit, _bare(constructor.name) in sought.hints, place, _overlap(fit))


def _refine(sought: Sought, ranking: Ranking, libraries: Mapping[str, Library], steps: Steps) -> None:
    """Where nothing fits wholly, the best few are tried with other arguments."""
    if any(not one.fit.faults for one in ranking.found):
        ranking.found = ranking.found[:OFFERED]
        return
    alike = [one for one in ranking.found if one.overlap >= _ALIKE]
    best = sorted(alike, key=lambda one: (-round(one.overlap, 2), one.order))[:4]
    refined = []
    for done, one in enumerate(best):
        steps.progress(f"Trying arguments of {one.entry.name}", done, len(best))
        refined.append(with_solved_arguments(one, libraries[one.entry.name.partition(".")[0]], sought, steps))
        if not refined[-1].fit.faults:
            break
    names = {one.entry.name for one in refined}
    rest = [one for one in ranking.found if one.entry.name not in names]
    ranking.found = sorted([*refined, *rest], key=lambda one: one.order)[:OFFERED]


def with_solved_arguments(one: Ranked, library: Library, sought: Sought, steps: Steps) -> Ranked:
    """The same constructor with the arguments that fit best."""

    def try_out(arguments: Arguments) -> Fit | None:
        return sketch_fit(library, one.entry.name, arguments, sought.state)

    entry = propose_arguments(one.entry, sought.shapes, sought.settings)
    search = Search(try_out, steps, best=one.fit, arguments=dict(one.arguments))
    try:
        solve(search, entry, {}, sought.shapes)
    except EngineError:
        return one
    return Ranked(one.entry, search.arguments, search.best or one.fit, one.is_hinted, one.place, one.overlap)


def _words(state: State) -> frozenset[str]:
    parts = {part.rstrip("0123456789") for key in state for part in key.split(".")}
    return frozenset(parts - _LEAVES - {""})


def _share(words: frozenset[str], family: Family) -> tuple[float, int]:
    """Which share of the names a family's source has, those that are set on `self` counting twice; and minus others."""
    there, set_there = words_in(family.file)
    share = (len(words & there) + len(words & set_there)) / (2 * len(words)) if words else 0.0
    return share, -len(set_there - words)


def _by_likeness(family: Family, sought: Sought, sizes: frozenset[int], names: set[str]) -> list[Constructor]:
    """The constructors of a family, those first that are hinted, set the same parts, and hold the same sizes."""
    top = {name.partition(".")[0] for name in names}

    def likeness(one: Constructor) -> tuple[float, ...]:
        numbers = set(one.numbers)
        met = len(numbers & sizes) / len(numbers) if numbers else 0.0
        parts = len(top & one.words) / len(top) if top else 0.0
        return (_bare(one.name) not in sought.hints, -parts, -met, len(one.words - top), len(one.name))

    return sorted(family.constructors(), key=likeness)


def _sizes_in(shapes: Mapping[str, tuple[int, ...]]) -> frozenset[int]:
    return frozenset(size for shape in shapes.values() for size in shape) | frozenset(depths_of(shapes).values())


def _unwrapped(state: State) -> Iterable[str]:
    for key in state:
        yield re.sub(r"^(?:module\.|_orig_mod\.)+", "", key)


def _pattern(key: str) -> str:
    return re.sub(r"\d+", "#", key)


def _overlap(fit: Fit) -> float:
    """How alike the names are, all numbers being the same."""
    theirs, ours = {_pattern(key) for key in fit.state}, {_pattern(key) for key in fit.own.shapes}
    return len(theirs & ours) / max(1, len(theirs | ours))


def _bare(name: str) -> str:
    return name.rpartition(".")[2].casefold()
