"""A model over a labelled folder: scanned, decoded ahead in threads, run batch by batch, told as it goes."""

import os
import time
from collections.abc import Callable
from contextlib import closing

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from inspector.core.heads import num_classes_of, read_head
from inspector.engine.capture import unchanged
from inspector.engine.diagnosis import EvaluationContext
from inspector.engine.errors import Cancelled, EngineError
from inspector.engine.evaluation.cores import shared_cores, takes_turns
from inspector.engine.evaluation.decoding import Plan, Stack, stream_batches
from inspector.engine.evaluation.forward import (
    Placement,
    Rows,
    forward_batch,
    num_outputs_of,
    output_node,
    placement_of,
)
from inspector.engine.evaluation.memory_order import LEAST_PICTURES, faster_channels_last
from inspector.engine.evaluation.pixels import check_preprocess
from inspector.engine.evaluation.scan import refuse_many, scan_folder
from inspector.engine.evaluation.tally import Tally, finished_event
from inspector.engine.evaluation.trial import Trial
from inspector.protocol.base import ArrayRef
from inspector.protocol.events import AnyEvent, EvaluationProgressed, FolderScanned
from inspector.protocol.graph import Graph
from inspector.protocol.requests import Evaluate

# The window redraws the matrix at each message: more often than this can't be seen.
_TELL_EVERY_S = 0.05


def evaluate(
    module: nn.Module,
    graph: Graph | None,
    request: Evaluate,
    *,
    emit: Callable[[AnyEvent], None],
    put: Callable[[NDArray[np.generic]], ArrayRef],
    between_steps: Callable[[], None],
) -> EvaluationContext:
    """Evaluate the folder. Emits FolderScanned, EvaluationProgressed …, EvaluationFinished.

    `graph` is that of an observed run of the module, if any: it names the last operation. Cancelled through
    `between_steps`, it finishes with what was counted. The module is left in its own mode, with its own buffers.

    Raises:
        EngineError: the folder, the mapping or the preprocessing can't be used, or the model fails on a batch.
        Cancelled: while the folder was still being listed.
    """
    check_preprocess(request.preprocess)
    num_outputs = num_outputs_of(graph)
    scan = scan_folder(
        request.folder,
        request.labels,
        class_names=request.class_names,
        num_outputs=num_outputs,
        between_steps=between_steps,
    )
    emit(scan)
    refuse_many(scan)
    run = _Run(module, graph, request, scan, emit=emit, put=put)
    cancelled = False
    try:
        with unchanged(module, mode=request.mode, seed=0), torch.no_grad():
            run.all_batches(between_steps)
    except Cancelled:
        cancelled = True
    trial = None if cancelled else Trial(module, graph, request, scan, between_steps)
    return run.finish(cancelled, trial)


class _Run:
    """One evaluation under way."""

    def __init__(
        self,
        module: nn.Module,
        graph: Graph | None,
        request: Evaluate,
        scan: FolderScanned,
        *,
        emit: Callable[[AnyEvent], None],
        put: Callable[[NDArray[np.generic]], ArrayRef],
    ) -> None:
        self._module = module
        self._graph = graph
        self._request = request
        self._scan = scan
        self._emit = emit
        self._put = put
        self._tally = Tally()
        self._place = 0
        self._channels_last: bool | None = None
        self._started_s = time.perf_counter()
        self._told_s = self._started_s

    def all_batches(self, between_steps: Callable[[], None]) -> None:
        """Every batch in order; what was done is told even when one raises."""
        request = self._request
        placement = placement_of(self._module, request.device, request.dtype)
        on_cpu = placement.device.type == "cpu"
        plan = Plan(
            batch_size=max(1, request.batch_size),
            workers=request.workers or os.cpu_count() or 1,
            in_turn=on_cpu and takes_turns(request.preprocess, os.cpu_count() or 1),
        )
        # In train mode each forward moves the running statistics: none may be run for a trial.
        if not (on_cpu and request.mode == "eval" and len(self._scan.images) >= LEAST_PICTURES):
            self._channels_last = False
            plan.plain_order.set()
        paths = [image.path for image in self._scan.images]
        batches = stream_batches(paths, request.preprocess, plan, between_steps=between_steps)
        try:
            with closing(batches), shared_cores() as cores:
                for batch in batches:
                    between_steps()
                    started_s = time.perf_counter()
                    for stack in batch.stacks:
                        self._run_stack(stack, placement, plan)
                    if not plan.in_turn:
                        cores.share(batch.decode_s, time.perf_counter() - started_s)
                    self._tally.skipped += batch.skipped
                    self._tally.done += batch.count
                    if time.perf_counter() - self._told_s >= _TELL_EVERY_S:
                        self._tell()
        finally:
            self._tell()

    def _run_stack(self, stack: Stack, placement: Placement, plan: Plan) -> None:
        def forward(values: NDArray[np.float32]) -> Rows:
            return forward_batch(self._module, values, placement, self._graph)

        if self._channels_last is None:
            self._channels_last = faster_channels_last(forward, stack.values)
            if not self._channels_last:
                plan.plain_order.set()
        rows = forward(stack.values if self._channels_last else np.ascontiguousarray(stack.values))
        self._place = rows.place
        self._tally.add(stack.indices, rows.values)

    def finish(self, cancelled: bool, trial: Trial | None) -> EvaluationContext:
        """Emit the figures, and give what the rules of diagnosis look at."""
        indices, outputs = self._tally.all_rows()
        head = read_head(self._graph, output_node(self._graph, self._place), outputs)
        mapping = self._mapping(outputs.shape[1] if len(outputs) else None)
        finished = finished_event(
            self._scan, mapping, self._tally, head, images_per_s=self._images_per_s(), cancelled=cancelled
        )
        self._emit(finished)
        return EvaluationContext(
            scan=self._scan,
            finished=finished,
            outputs=outputs,
            indices=indices,
            head=head,
            mapping=mapping,
            preprocess=self._request.preprocess,
            mode=self._request.mode,
            module=self._module,
            graph=self._graph,
            trial=trial,
        )

    def _mapping(self, num_columns: int | None) -> dict[str, int]:
        """The proposed mapping, or that by place, with what was asked for in place of its own.

        Raises:
            EngineError: it names an output that the model does not have.
        """
        given = self._request.mapping
        if given and num_columns is not None:
            num_classes = num_classes_of(num_columns)
            beyond = {name: place for name, place in given.items() if not -1 <= place < num_classes}
            if beyond:
                name, place = next(iter(beyond.items()))
                raise EngineError(
                    f'The class "{name}" is mapped to output {place}, but the outputs are 0 to {num_classes - 1}.',
                    "Change the mapping.",
                )
        by_place = {name: place for place, name in enumerate(self._scan.classes)}
        return (self._scan.mapping or by_place) | given

    def _tell(self) -> None:
        """One message with all that was not told yet."""
        indices, outputs, skipped = self._tally.untold()
        self._told_s = time.perf_counter()
        if not (len(indices) or skipped):
            return
        self._emit(
            EvaluationProgressed(
                done=self._tally.done,
                total=len(self._scan.images),
                images_per_s=self._images_per_s(),
                indices=self._put(indices),
                outputs=self._put(outputs),
                skipped=skipped,
            )
        )

    def _images_per_s(self) -> float:
        elapsed_s = time.perf_counter() - self._started_s
        return self._tally.done / elapsed_s if elapsed_s > 0 else 0.0
