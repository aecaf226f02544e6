"""The requests about a comparison; B stays in memory from one to the next."""

from collections.abc import Callable
from dataclasses import dataclass

from inspector.engine.comparison.folder import compare_folder
from inspector.engine.comparison.other import load_other
from inspector.engine.comparison.runs import Put, Way, compare_runs
from inspector.engine.comparison.stored import compare_files
from inspector.engine.comparison.weights import compare_weights, tensors_of
from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file
from inspector.engine.loading import Loaded
from inspector.engine.loading.steps import Steps
from inspector.engine.module_tree import module_rows
from inspector.engine.running import proposed_inputs
from inspector.protocol.events import (
    AnyEvent,
    FileDescribed,
    FolderCompared,
    ModelLoaded,
    RunsCompared,
    WeightsCompared,
)
from inspector.protocol.graph import Graph
from inspector.protocol.inputs import InputSlot
from inspector.protocol.requests import CompareFolder, CompareModels, CompareWeights

Emit = Callable[[AnyEvent], None]


@dataclass
class Opponent:
    """B; None is A itself. `graphs` are those of the last whole runs of both."""

    other: Loaded | None = None
    graphs: tuple[Graph | None, Graph | None] = (None, None)


@dataclass(frozen=True)
class Work:
    """Compares `loaded` (A) with `opponent`; events go to `emit`, arrays through `put`."""

    loaded: Loaded
    opponent: Opponent
    emit: Emit
    put: Put
    steps: Steps

    def compare_models(self, request: CompareModels, slots: tuple[InputSlot, ...]) -> None:
        """Open B where a file is named, and compare.

        Raises:
            EngineError: B can't be opened, or the input can't be made.
            Cancelled: it was asked to stop.
        """
        if request.other is not None:
            if not self._open(request):
                return
        elif not request.again:
            self.opponent.other = None
        other = self.opponent.other or self.loaded
        report = compare_weights(tensors_of(self.loaded.module), tensors_of(other.module), self.steps)
        self.emit(WeightsCompared(report=report))
        runs = compare_runs(
            Way(self.loaded, request.a),
            Way(other, request.b),
            request.inputs or proposed_inputs(slots),
            request.seed,
            put=self.put,
            weights=report,
            class_names=self.loaded.class_names,
            steps=self.steps,
        )
        self.opponent.graphs = (
            None if runs.failure_a else runs.graph_a,
            None if runs.failure_b else runs.graph_b,
        )
        self.emit(RunsCompared(comparison=runs))

    def _open(self, request: CompareModels) -> bool:
        """Open the file; False where it asks something first."""
        assert request.other is not None
        self.opponent.other, self.opponent.graphs = None, (None, None)
        description = describe_file(request.other.path)
        self.emit(FileDescribed(description=description))
        self.steps.progress("Opening", 0, 0)
        answer = load_other(self.loaded, request.other, description, self.steps)
        if not isinstance(answer, Loaded):
            self.emit(answer)
            return False
        self.opponent.other = answer
        self.emit(
            ModelLoaded(
                path=answer.path,
                source=answer.source,
                info=answer.info,
                modules=module_rows(answer.module),
                slots=(),
                class_names=answer.class_names,
                keys=answer.keys,
                entries=answer.entries,
                entry=answer.entry,
                notes=answer.notes,
            )
        )
        return True

    def compare_folder(self, request: CompareFolder) -> None:
        """Both sides over a folder.

        Raises:
            EngineError: nothing was compared before, or the folder can't be used.
            Cancelled: it was asked to stop.
        """
        opponent = self.opponent
        if opponent.graphs == (None, None):
            raise EngineError("Nothing is compared yet.", "Compare the two models on one input first.")
        ways = (Way(self.loaded, request.a), Way(opponent.other or self.loaded, request.b))
        compared = compare_folder(*ways, opponent.graphs, request, put=self.put, steps=self.steps)
        self.emit(FolderCompared(comparison=compared))


def compare_stored(request: CompareWeights, emit: Emit, steps: Steps) -> None:
    """Compare the weights of two files as they are stored.

    Raises:
        EngineError: one holds none that can be read without its code.
        Cancelled: it was asked to stop.
    """
    emit(WeightsCompared(report=compare_files(request.path_a, request.path_b, steps)))
