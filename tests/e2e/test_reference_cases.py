"""The riddles that people bring, answered by the real engine on the samples that come with the app."""

import math
from pathlib import Path

import numpy as np
import pytest
from speaking import Ran, Speaker

from inspector import places
from inspector.core.expectation import parse_expectation
from inspector.core.readings import sigmoid, softmax
from inspector.protocol.events import OutputsComputed
from inspector.protocol.inputs import NamedInput, RandomInput
from inspector.protocol.requests import RunForward

SAMPLES = {sample.name: sample for sample in places.samples()}
ONES = RandomInput(shape=(1, 1), distribution="ones")


def opened(engine: Speaker, name: str, **options: object) -> Speaker:
    """Open a sample as the empty window would."""
    sample = SAMPLES[name]
    source = str(sample.source) if sample.source is not None else ""
    engine.load(sample.path, **({"source": source, "entry": sample.entry} | options))
    return engine


def fed_ones(engine: Speaker, shape: tuple[int, ...]) -> Ran:
    source = RandomInput(shape=shape, distribution="ones")
    return engine.run(inputs=(NamedInput(source=source),))


def ceiling(classes: int) -> float:
    """The greatest probability that softmax can give to values that lie in [0, 1]."""
    return math.e / (math.e + classes - 1)


def test_a1_a_softmax_inside_forward_is_told_by_rows_that_sum_to_one(shared_engine: Speaker) -> None:
    ran = opened(shared_engine, "a1").run((1, 10))
    assert ran.values.shape == (1, 3)
    assert ran.values.sum() == pytest.approx(1, abs=1e-6)
    assert ran.output.head.kind == "probabilities"
    assert softmax(ran.values).max() <= ceiling(3) == pytest.approx(0.576, abs=5e-4)


def test_a2_a_sigmoid_inside_forward_is_a_probability_already(shared_engine: Speaker) -> None:
    ran = opened(shared_engine, "a2").run((1, 5))
    assert ran.values.shape == (1, 1)
    assert 0 < ran.values.item() < 1
    assert ran.output.head.kind == "independent_probabilities"
    assert softmax(ran.values).item() == 1.0


def test_a3_one_linear_output_is_regression(shared_engine: Speaker) -> None:
    ran = opened(shared_engine, "a3").run((1, 10))
    assert ran.output.head.kind == "regression"


def test_a4_a_one_hot_target_is_compared_with_the_largest_class_not_by_difference(shared_engine: Speaker) -> None:
    engine = opened(shared_engine, "a4")
    features = engine.run().captured.graph.nodes[0].outputs[0].shape[-1]
    best = int(engine.run((1, features)).values.argmax())
    one_hot = ",".join("1" if i == best else "0" for i in range(4))
    events = engine.ask(
        RunForward(
            inputs=(NamedInput(source=RandomInput(shape=(1, features))),),
            expectation=parse_expectation(one_hot, 4, ()),
        )
    )
    (verdict,) = [reply.event.verdict for reply in events if isinstance(reply.event, OutputsComputed)]
    assert verdict is not None
    assert verdict.agrees is True


def test_b1_the_batch_stays_and_the_features_change(shared_engine: Speaker) -> None:
    assert opened(shared_engine, "b1").run((32, 128)).values.shape == (32, 10)


def test_b2_the_failing_layer_the_shapes_and_the_number_that_mends_it(shared_engine: Speaker) -> None:
    failure = opened(shared_engine, "b2").run((32, 128)).failure
    assert "mat1 and mat2 shapes cannot be multiplied (32x128 and 138x10)" in failure.message
    assert failure.op == "Linear"
    assert failure.input_shapes[0] == (32, 128)
    assert "128" in failure.fix
    assert "138" in failure.fix


def test_b3_needs_28_by_28_or_16384_features(shared_engine: Speaker) -> None:
    engine = opened(shared_engine, "b3")
    failure = engine.run((32, 3, 32, 32)).failure
    assert failure.op == "Linear"
    assert failure.input_shapes[0] == (32, 16_384)
    assert "28" in failure.fix
    assert "16384" in failure.fix.replace(",", "")
    assert engine.run((32, 3, 28, 28)).values.shape == (32, 10)
    assert engine.run().values.shape == (1, 10)  # what is proposed runs with one click


def test_b4_time_folded_into_the_batch_is_found(shared_engine: Speaker) -> None:
    ran = opened(shared_engine, "b4").run((8, 20, 16))
    assert ran.values.shape[0] == 160
    assert any(f.evidence.get("batch_in") == 8 or 160 in f.evidence.values() for f in ran.findings.findings)


def test_b5_a_missing_batch_dimension_is_named(shared_engine: Speaker) -> None:
    failure = opened(shared_engine, "b5").run((3, 16, 16)).failure
    assert "batch" in failure.fix


def test_d1_runs_with_and_without_a_batch_and_only_warns(shared_engine: Speaker) -> None:
    engine = opened(shared_engine, "d1")
    assert engine.run((1, 10)).values.shape == (1, 1)
    without = engine.run((10,))
    assert without.values.shape == (1,)
    assert any("batch" in finding.message for finding in without.findings.findings)


def test_d2_wants_a_flatten_before_the_linear_layer(shared_engine: Speaker) -> None:
    engine = opened(shared_engine, "d2")
    failure = engine.run((1, 3, 20, 20)).failure
    assert "(160x10 and 1600x10)" in failure.message
    assert "Flatten" in failure.fix
    engine.load(SAMPLES["d2"].path, entry="build_with_flatten")
    assert engine.run((1, 3, 20, 20)).values.shape == (1, 10)
    assert engine.run((1, 3, 18, 18)).failure.input_shapes[0] == (1, 1296)


def test_d3_the_twins_differ_from_the_activation_on(shared_engine: Speaker) -> None:
    relu = opened(shared_engine, "d3_relu").run((1, 10))
    tanh = opened(shared_engine, "d3_tanh").run((1, 10))
    first = [(a.op, b.op) for a, b in zip(relu.graph.nodes, tanh.graph.nodes, strict=True)
             if a.statistics != b.statistics]  # fmt: skip
    assert first[0] == ("ReLU", "Tanh")
    assert relu.values.item() != tanh.values.item()


def test_d4_train_mode_moves_nothing_for_good(shared_engine: Speaker) -> None:
    engine = opened(shared_engine, "d4")
    features = engine.run().graph.nodes[0].outputs[0].shape[-1]
    before = engine.run((8, features)).values
    train = engine.run((8, features), mode="train").values
    assert not np.array_equal(before, train)
    assert np.array_equal(before, engine.run((8, features)).values)
    assert "Expected more than 1 value per channel" in engine.run((1, features), mode="train").failure.message


def test_e1_alexnet_has_57_million_parameters_and_no_relu_at_its_end(shared_engine: Speaker) -> None:
    sample = SAMPLES["e1"]
    loaded = shared_engine.load(sample.path, entry=sample.entry)
    assert loaded.info.num_params == 57_012_034
    ran = shared_engine.run((1, 3, 256, 256))
    assert ran.values.shape == (1, 2)
    assert ran.output.head.kind == "logits"
    if ran.values.min() < 0:
        assert "are normal, as no activation follows the last layer" in ran.output.head.evidence
    assert not ran.rules


def test_e2_the_three_readings_of_three_logits(shared_engine: Speaker) -> None:
    engine = opened(shared_engine, "e2")
    shape = engine.run().graph.nodes[0].outputs[0].shape
    ran = fed_ones(engine, shape)
    assert ran.values.ravel() == pytest.approx([-4.6320, 1.3062, 3.2554], abs=1e-4)
    assert softmax(ran.values).ravel() == pytest.approx([0.0003, 0.1246, 0.8751], abs=5e-5)
    assert sigmoid(ran.values).ravel() == pytest.approx([0.0096, 0.7869, 0.9629], abs=5e-5)
    assert ran.output.head.kind == "logits"
    squashed = fed_ones(opened(shared_engine, "e2_squashed"), shape)
    assert squashed.values.ravel() == pytest.approx([0.1733, 0.3771, 0.4496], abs=5e-5)
    assert squashed.output.head.kind == "probabilities"


def test_e3_softmax_asks_which_one_and_sigmoid_whether_each(shared_engine: Speaker) -> None:
    engine = opened(shared_engine, "e3")
    ran = fed_ones(engine, engine.run().graph.nodes[0].outputs[0].shape)
    assert ran.values.ravel() == pytest.approx([-3, 5], abs=1e-5)
    assert softmax(ran.values).ravel() == pytest.approx([0.0003, 0.9997], abs=5e-5)
    assert sigmoid(ran.values).ravel() == pytest.approx([0.0474, 0.9933], abs=5e-5)


@pytest.mark.parametrize("name", [name for name, sample in SAMPLES.items() if not name.startswith(("b2", "c4", "d2"))])
def test_every_sample_opens_and_runs_with_one_click(shared_engine: Speaker, name: str) -> None:
    ran = opened(shared_engine, name).run()
    assert ran.captured.failure is None, ran.captured.failure
    assert ran.graph.nodes
    assert ran.graph.edges


def test_the_digits_are_read_alike_in_every_format(shared_engine: Speaker) -> None:
    formats = ("digits", "digits_legacy", "digits_own_class", "digits_torchscript", "digits_safetensors",
               "digits_exported")  # fmt: skip
    outputs = {name: opened(shared_engine, name).run((2, 1, 8, 8)).values for name in formats}
    for name, values in outputs.items():
        np.testing.assert_allclose(values, outputs["digits"], atol=1e-5, err_msg=name)


def test_every_sample_file_is_there() -> None:
    for sample in SAMPLES.values():
        for path in (sample.path, sample.source, sample.test_folder):
            assert path is None or Path(path).exists(), path
