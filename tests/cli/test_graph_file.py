"""`inspector run --graph`: the graph of a run as a file."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from inspector import places
from inspector.cli.engine import CommandError
from inspector.cli.graph_file import check_graph_path, write_graph
from inspector.protocol.graph import Graph, Node, TensorSpec

GRAPH = Graph(
    nodes=(
        Node(id=0, kind="module", op="Linear", fqn="fc", group=None, outputs=(TensorSpec(shape=(1, 2), dtype="x"),)),
    ),
    groups=(),
    edges=(),
)


def test_a_run_writes_its_graph_as_a_picture(tmp_path: Path) -> None:
    sample = next(sample for sample in places.samples() if sample.name == "digits")
    words = ["run", sample.path, "--source", sample.source, "--entry", sample.entry, "--trust"]
    target = tmp_path / "g.svg"
    command = [sys.executable, "-m", "inspector", *map(str, words), "--graph", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    titles = [title.text or "" for title in ElementTree.parse(target).iter("{http://www.w3.org/2000/svg}title")]
    assert any("stem.0" in title for title in titles)


def test_dot_and_json_are_written_without_qt(tmp_path: Path) -> None:
    program = (
        "import sys, msgspec; from inspector.cli.graph_file import write_graph\n"
        "from inspector.protocol.graph import Graph\n"
        f"graph = msgspec.json.decode({msgspec.json.encode(GRAPH)!r}, type=Graph)\n"
        f"write_graph(graph, None, {str(tmp_path / 'g.dot')!r})\n"
        f"write_graph(graph, None, {str(tmp_path / 'g.json')!r})\n"
        "assert not any(name.startswith('PySide6') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300)
    assert "Linear" in (tmp_path / "g.dot").read_text()
    assert msgspec.json.decode((tmp_path / "g.json").read_bytes(), type=Graph) == GRAPH


def test_another_ending_is_refused_before_anything_runs() -> None:
    with pytest.raises(CommandError, match=r"must end in \.svg"):
        check_graph_path("graph.bmp")


def test_a_place_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="could not be written"):
        write_graph(GRAPH, None, str(tmp_path / "nowhere" / "g.dot"))
