"""Some images of an evaluated folder through the model once more, prepared otherwise or watched."""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from inspector.engine.capture import unchanged
from inspector.engine.errors import EngineError
from inspector.engine.evaluation.decoding import Plan, stream_batches
from inspector.engine.evaluation.forward import forward_batch, placement_of
from inspector.protocol.events import FolderScanned
from inspector.protocol.graph import Graph
from inspector.protocol.inputs import Preprocess
from inspector.protocol.requests import Evaluate

_BATCH = 32


@dataclass(frozen=True)
class Trial:
    """The model of an evaluation, its images, and how they were prepared."""

    module: nn.Module
    graph: Graph | None
    request: Evaluate
    scan: FolderScanned
    between_steps: Callable[[], None]

    def outputs(
        self,
        places: Sequence[int],
        preprocess: Preprocess,
        watch: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]] | None:
        """Places (n,) into the scan's images and raw outputs (n, K); None where the model fails on what is so prepared.

        Pictures that can't be read are left out. `watch` is entered around each forward. Nothing of the run is left.

        Raises:
            Cancelled: the user asked for it.
        """
        request = self.request
        placement = placement_of(self.module, request.device, request.dtype)
        plan = Plan(batch_size=max(1, min(_BATCH, request.batch_size)), workers=os.cpu_count() or 1)
        plan.plain_order.set()
        paths = [self.scan.images[place].path for place in places]
        where, rows = [], []
        try:
            with (
                unchanged(self.module, mode=request.mode, seed=0),
                torch.no_grad(),
                closing(stream_batches(paths, preprocess, plan, between_steps=self.between_steps)) as batches,
            ):
                for batch in batches:
                    self.between_steps()
                    for stack in batch.stacks:
                        with watch():
                            given = forward_batch(
                                self.module, np.ascontiguousarray(stack.values), placement, self.graph
                            )
                        rows.append(given.values)
                        where.append(np.asarray(places, np.int64)[stack.indices])
        except EngineError:
            return None
        return (np.concatenate(where), np.concatenate(rows)) if rows else None
