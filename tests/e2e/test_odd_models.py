"""Models that do what models seldom do: each opens, runs or fails in a sentence, and the engine goes on."""

from pathlib import Path

import numpy as np
import pytest
from speaking import Speaker

SOURCE = Path(__file__).with_name("odd_models.py")


@pytest.mark.parametrize(
    ("entry", "said"), [("UnprintableFailure", "Unprintable"), ("Interrupted", "The forward was interrupted")]
)
def test_whatever_forward_raises_the_model_opens_and_its_failing_node_is_wired(
    shared_engine: Speaker, entry: str, said: str
) -> None:
    shared_engine.load(SOURCE, entry=entry)
    ran = shared_engine.run((1, 4))
    assert said in ran.failure.message
    failing = ran.graph.nodes[ran.failure.node or 0]
    assert failing.failed
    assert [(edge.source, edge.target) for edge in ran.graph.edges] == [(0, failing.id)]


def test_a_lazy_model_opens_and_runs_on_the_first_shape_it_is_given(shared_engine: Speaker) -> None:
    assert shared_engine.load(SOURCE, entry="Lazy").info.num_params == 0
    assert shared_engine.run((2, 7)).values.shape == (2, 3)


def test_an_argument_by_name_alone_gets_its_own_shape_and_its_name(shared_engine: Speaker) -> None:
    slots = shared_engine.load(SOURCE, entry="NamedOnly").slots
    assert [(slot.name, slot.proposed.shape) for slot in slots] == [("x", (1, 4)), ("y", (1, 5))]
    assert shared_engine.run().values.shape == (1, 3)


def test_a_bare_weight_before_the_first_layer_decides_the_proposed_shape(shared_engine: Speaker) -> None:
    (slot,) = shared_engine.load(SOURCE, entry="BareWeight").slots
    assert slot.proposed.shape == (1, 6)
    assert shared_engine.run().values.shape == (1, 2)


def test_a_complex_output_has_no_reading_and_shows_magnitudes(shared_engine: Speaker) -> None:
    shared_engine.load(SOURCE, entry="Spectrum")
    ran = shared_engine.run()
    assert (ran.output.dtype, ran.output.head.kind) == ("complex64", "unknown")
    assert "complex" in ran.output.head.evidence
    assert np.isrealobj(ran.values)
