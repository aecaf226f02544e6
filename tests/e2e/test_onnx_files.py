"""An ONNX file through the window and the command line: run in the sandboxed engine, and its graph alone without."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from onnx_bytes import graph, model, node, tensor, two_layers, value
from pytestqt.qtbot import QtBot
from window_with_engine import person_at_window

from inspector.client.process import ProcessEngine

HIDDEN = (
    "import sys, runpy; sys.modules['onnxruntime'] = None; "
    "runpy.run_module('inspector.engine', run_name='__main__', alter_sys=True)"
)


def engine_without_onnx() -> ProcessEngine:
    """A real engine in which ONNX Runtime can't be found."""
    return ProcessEngine([sys.executable, "-P", "-c", HIDDEN])


def test_without_onnx_runtime_the_files_graph_is_drawn_and_what_to_install_said(qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "net.onnx"
    file.write_bytes(two_layers())
    with person_at_window(qtbot, tmp_path, engine=engine_without_onnx) as person:
        person.drop(file)
        person.wait(lambda: person.state.run.graph is not None and not person.state.pending)
        person.wait(lambda: person.window.panels.graph.picture is not None)
        drawn = person.state.run.graph
        assert not person.state.run.has_run
        assert [node.op for node in drawn.nodes] == ["input", "Conv", "Relu", "Flatten", "Gemm", "output"]
        assert len(drawn.edges) == 5
        assert "ONNX Runtime" in person.told()
        assert "pip install onnxruntime" in person.state.problems[0].fix
        person.window.session.change_colour_by("params")
        person.window.session.select_node(1)
        person.settle()


def test_with_onnx_runtime_it_runs_in_the_sandbox_with_weights_beside_it(qtbot: QtBot, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    weight = np.arange(6, dtype=np.float32).reshape(2, 3)
    (tmp_path / "net.onnx.data").write_bytes(weight.tobytes())
    outside = {"location": "net.onnx.data", "offset": "0", "length": "24"}
    file = tmp_path / "net.onnx"
    file.write_bytes(
        model(
            graph(
                [node("Gemm", ["x", "fc.weight"], ["y"], "/fc/Gemm", transB=1), node("Softmax", ["y"], ["p"], axis=1)],
                [value("x", ["batch", 3])],
                [value("p", ["batch", 2])],
                [tensor("fc.weight", [2, 3], outside=outside)],
            )
        )
    )
    with person_at_window(qtbot, tmp_path) as person:
        person.drop(file)
        person.wait(lambda: person.state.run.has_run and not person.state.pending)
        assert person.told() == ""
        state = person.state
        assert state.run.failure is None
        assert [node.op for node in state.run.graph.nodes] == ["input", "Gemm", "Softmax", "output"]
        torch.manual_seed(0)
        (shown,) = state.run.outputs
        fed = torch.randn(1, 3, generator=torch.Generator().manual_seed(0))
        wanted = torch.softmax(fed @ torch.from_numpy(weight).T, 1)
        np.testing.assert_allclose(shown.values, wanted.numpy(), rtol=1e-5)
        assert state.run.axes is not None
        assert state.run.axes.batch_size == 1
        person.window.session.select_node(1)
        person.settle()
        person.window.session.training.trace()
        person.settle()
        (problem,) = person.state.problems
        assert problem.place == "training"
        assert problem.message.startswith("A model from an ONNX file has no gradients here")


def command(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "inspector", *map(str, words)], capture_output=True, text=True, timeout=300, check=False
    )


def test_a_file_that_can_not_be_run_gives_its_graph_on_the_command_line_and_status_1(tmp_path: Path) -> None:
    outside = tensor("w", [2], outside={"location": "../elsewhere", "length": "8"})
    file, picture = tmp_path / "net.onnx", tmp_path / "net.dot"
    file.write_bytes(model(graph([node("Add", ["x", "w"], ["y"])], [value("x", ["n"])], [value("y")], [outside])))
    done = command("run", file, "--format", "json", "--graph", picture)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert [one["op"] for one in told["graph"]["nodes"]] == ["input", "Add", "output"]
    assert told["graph"]["nodes"][0]["outputs"][0]["axes"] == ["n"]
    assert told["graph"]["origin"] == "file"
    assert told["failure"]["op"] == "load"
    assert "not followed" in done.stderr or "ONNX Runtime" in done.stderr
    assert '"Add' in picture.read_text()
