"""A real engine for tests, spoken with in turn."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from inspector.cli.engine import CommandEngine, command_engine
from inspector.client.base import Reply
from inspector.protocol.events import (
    ConsentNeeded,
    EntryNeeded,
    FindingsFound,
    GraphCaptured,
    ModelLoaded,
    OutputsComputed,
)
from inspector.protocol.findings import Finding, Findings
from inspector.protocol.graph import Failure, Graph
from inspector.protocol.inputs import NamedInput, RandomInput
from inspector.protocol.outputs import OutputTensor
from inspector.protocol.requests import AnyRequest, LoadModel, RunForward


def paths_in(message: object) -> Iterator[str]:
    """The files and folders that a request names, however deep."""
    match message:
        case str() if message.startswith("/"):
            yield message
        case tuple() | list():
            for item in message:
                yield from paths_in(item)
        case msgspec.Struct():
            yield from paths_in([getattr(message, name) for name in message.__struct_fields__])


@dataclass(frozen=True)
class Ran:
    """All that one run told."""

    captured: GraphCaptured
    computed: OutputsComputed | None
    outputs: tuple[NDArray[np.generic], ...]
    findings: Findings

    @property
    def graph(self) -> Graph:
        return self.captured.graph

    @property
    def failure(self) -> Failure:
        assert self.captured.failure is not None, "the forward went through"
        return self.captured.failure

    @property
    def output(self) -> OutputTensor:
        assert self.computed is not None, "the forward failed"
        return self.computed.outputs[0]

    @property
    def values(self) -> NDArray[np.generic]:
        return self.outputs[0]

    def finding(self, rule: str) -> Finding:
        """The one finding of that rule."""
        (found,) = [finding for finding in self.findings.findings if finding.rule == rule]
        return found

    @property
    def rules(self) -> set[str]:
        return {finding.rule for finding in self.findings.findings}


class Speaker:
    """Asks an engine, and gives the answers as values."""

    def __init__(self, engine: CommandEngine) -> None:
        self.engine = engine

    def ask(self, request: AnyRequest) -> list[Reply]:
        """Ask, where the user has chosen every file that the request names."""
        self.engine.lend(*paths_in(request))
        return list(self.engine.ask(request))

    def load(self, path: object, **options: object) -> ModelLoaded:
        """Load with everything trusted, unless told otherwise."""
        answer = self.try_load(path, **({"trust_everything": True} | options))
        assert isinstance(answer, ModelLoaded), answer
        return answer

    def try_load(self, path: object, **options: object) -> ModelLoaded | ConsentNeeded | EntryNeeded:
        for reply in self.ask(LoadModel(path=str(path), **options)):  # type: ignore[arg-type]
            if isinstance(reply.event, ModelLoaded | ConsentNeeded | EntryNeeded):
                return reply.event
        raise AssertionError("no answer to the load")

    def run(self, *shapes: tuple[int, ...], **options: object) -> Ran:
        """Run with normal random inputs of these shapes, or with what is proposed."""
        if shapes:
            options["inputs"] = tuple(NamedInput(source=RandomInput(shape=shape)) for shape in shapes)
        captured, computed, findings = None, None, Findings()
        outputs: tuple[NDArray[np.generic], ...] = ()
        for reply in self.ask(RunForward(**options)):  # type: ignore[arg-type]
            match reply.event:
                case GraphCaptured():
                    captured = reply.event
                case OutputsComputed():
                    computed = reply.event
                    outputs = tuple(reply.array(output.array) for output in computed.outputs)
                case FindingsFound():
                    findings = reply.event.findings
                case _:
                    pass
        assert captured is not None
        return Ran(captured, computed, outputs, findings)


@contextmanager
def speaker() -> Iterator[Speaker]:
    """A fresh engine that ends with the block."""
    with command_engine() as engine:
        yield Speaker(engine)
