"""Other layout engines on the same graphs: graphviz dot, dagre and elkjs. Gives their lines; what is missing is said.

dagre and elkjs are fetched by npm into a temporary folder; dot must be on the machine.
"""

import json
import shutil
import subprocess
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inspector.core.layout import Layout, LayoutRequest

LONGEST_S = 15
MOST_LINES = 12_000  # crossings are counted pair by pair
NPM = ("elkjs@0.11.0", "@dagrejs/dagre@1.1.8")
HOW = {
    "dot": "apt-get install graphviz",
    "dagre": "node and npm, with a network",
    "elkjs": "node and npm, with a network",
}
SCRIPT = """
const { nodes, edges, width, height, engine } = JSON.parse(require('fs').readFileSync(0, 'utf8'))
const report = (start, lines) => console.log(JSON.stringify({ seconds: (performance.now() - start) / 1000, lines }))
if (engine === 'dagre') {
  const dagre = require('@dagrejs/dagre')
  const graph = new dagre.graphlib.Graph()
  graph.setGraph({})
  for (let at = 0; at < nodes; at++) graph.setNode(String(at), { width, height })
  for (const [a, b] of edges) graph.setEdge(String(a), String(b), {})
  const start = performance.now()
  dagre.layout(graph)
  report(start, graph.edges().map(edge => graph.edge(edge).points.map(point => [point.x, point.y])))
} else {
  const ELK = require('elkjs/lib/elk.bundled.js')
  const children = Array.from({ length: nodes }, (_, at) => ({ id: String(at), width, height }))
  const links = edges.map(([a, b], at) => ({ id: 'e' + at, sources: [String(a)], targets: [String(b)] }))
  const layoutOptions = { 'elk.algorithm': 'layered', 'elk.direction': 'DOWN' }
  const start = performance.now()
  new ELK().layout({ id: 'root', layoutOptions, children, edges: links }).then(done =>
    report(start, done.edges.map(edge => {
      const section = edge.sections[0]
      return [section.startPoint, ...(section.bendPoints || []), section.endPoint].map(point => [point.x, point.y])
    })))
}
"""
Lines = list[list[list[float]]]


@dataclass(frozen=True)
class Drawn:
    """What an engine made of a graph: its time, and the quality of its lines."""

    seconds: float
    crossings: int | None
    length: float


def judged(seconds: float, lines: Lines) -> Drawn:
    """Crossings, and the length of all lines in pixels; what lines share counts once."""
    pieces = {(*a, *b) for line in lines for a, b in pairwise(line) if a != b}
    ends = np.array(sorted(pieces), np.float64).reshape(-1, 4)
    length = float(np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1]).sum())
    return Drawn(seconds, crossings(ends) if len(ends) <= MOST_LINES else None, length)


def crossings(ends: NDArray[np.float64]) -> int:
    """How many pairs of straight pieces (n, 4) cross each other, not counting those that only touch."""
    a, b = ends[:, :2], ends[:, 2:]

    def side(p: NDArray[np.float64], q: NDArray[np.float64], r: NDArray[np.float64]) -> NDArray[np.float64]:
        turn = (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])
        return np.where(np.abs(turn) < 1e-3, 0.0, np.sign(turn))

    found = 0
    for at in range(len(ends)):
        c, d = a[at + 1 :], b[at + 1 :]
        apart = side(a[at], b[at], c) * side(a[at], b[at], d) < 0
        found += int((apart & (side(c, d, a[at]) * side(c, d, b[at]) < 0)).sum())
    return found


def lines_of(layout: Layout) -> Lines:
    """Our own lines."""
    return [layout.segment(at).round(2).tolist() for at in range(layout.num_segments)]


def install(folder: Path) -> bool:
    """Fetch dagre and elkjs; whether that worked."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return False
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), *NPM]
    try:
        return subprocess.run(command, capture_output=True, timeout=90, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def draw(engine: str, request: LayoutRequest, folder: Path) -> Drawn | str:
    """What the engine makes of the boxes and wires, without groups; or why there is nothing, in a few words."""
    nodes, edges = len(request.box_parent), request.wires.tolist()
    width, height = request.box_size[0].tolist()
    try:
        if engine == "dot":
            return _dot(nodes, edges, (width, height))
        content = {"nodes": nodes, "edges": edges, "width": width, "height": height, "engine": engine}
        done = subprocess.run(
            ["node", "-e", SCRIPT],
            input=json.dumps(content),
            capture_output=True,
            text=True,
            cwd=folder,
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"> {LONGEST_S} s"
    if done.returncode:
        return "failed"
    answer = json.loads(done.stdout)
    return judged(answer["seconds"], answer["lines"])


def _dot(nodes: int, edges: list[list[int]], size: tuple[float, float]) -> Drawn:
    """Graphviz's lines are B-splines, whose control points stand for them here."""
    box = f'node [shape=box fixedsize=true label="" width={size[0] / 72} height={size[1] / 72}]'
    text = f"digraph {{ {box} {' '.join(str(at) for at in range(nodes))} {' '.join(f'{a}->{b}' for a, b in edges)} }}"
    start = time.perf_counter()
    done = subprocess.run(["dot", "-Tplain"], input=text, capture_output=True, text=True, timeout=LONGEST_S, check=True)
    seconds = time.perf_counter() - start
    lines: Lines = []
    for words in (line.split() for line in done.stdout.splitlines() if line.startswith("edge ")):
        places = [72 * float(word) for word in words[4 : 4 + 2 * int(words[3])]]
        lines.append([list(point) for point in zip(places[::2], places[1::2], strict=True)])
    return judged(seconds, lines)
