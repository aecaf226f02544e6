"""How long a graph takes to be seen and to be painted: 1k, 10k and 50k nodes, while panning and zooming at any scale.

Run with `QT_QPA_PLATFORM=offscreen python benchmarks/frames.py`; prints two tables. In a view of 1400×900, which long
graphs are wrapped for. A frame is timed from the move to the end of its painting: median and worst.
"""

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication

from inspector.gui.appearance import ui_font
from inspector.gui.graph_view import GraphView
from inspector.gui.graph_view.picture import Picture
from inspector.gui.state import RunState, WindowState
from inspector.protocol.graph import Edge, Graph, Group, Node, TensorSpec

OPS = (
    ("LayerNorm", "normalisation"), ("Linear", "linear"), ("reshape", "shape"), ("matmul", "arithmetic"),
    ("softmax", "activation"), ("add", "arithmetic"), ("LayerNorm", "normalisation"), ("Linear", "linear"),
    ("GELU", "activation"), ("Linear", "linear"), ("Dropout", "dropout"), ("add", "arithmetic"),
)  # fmt: skip


def model(num_blocks: int) -> Graph:
    """Blocks of twelve operations in stages of twelve, all different in shape so that nothing folds."""
    groups = [Group(id=0, fqn="", class_name="Net", parent=None, call_index=0)]
    nodes: list[Node] = []
    edges: list[tuple[int, int]] = []
    for block in range(num_blocks):
        if block % 12 == 0:
            stage = len(groups)
            groups.append(Group(id=stage, fqn=f"stages.{block // 12}", class_name="Stage", parent=0, call_index=block))
        group = len(groups)
        groups.append(Group(id=group, fqn=f"blocks.{block}", class_name="Block", parent=stage, call_index=block))
        start = len(nodes)
        for op, category in OPS:
            out = TensorSpec(shape=(1, 197, 64 + block), dtype="float32")
            fqn = f"blocks.{block}.{op.lower()}{len(nodes)}"
            kind = "module" if op[0].isupper() else "function"
            nodes.append(
                Node(id=len(nodes), kind=kind, op=op, fqn=fqn, group=group, outputs=(out,), category=category)  # type: ignore[arg-type]  # literals from a table
            )
        edges.extend((at, at + 1) for at in range(max(start - 1, 0), len(nodes) - 1))
        edges.extend([(start, start + 5), (start + 5, start + 11)])
    return Graph(
        nodes=tuple(nodes),
        groups=tuple(groups),
        edges=tuple(Edge(source=a, source_output=0, target=b, target_input=0) for a, b in edges),
    )


def moved_ms(view: GraphView, step: Callable[[int], None], count: int) -> tuple[float, float]:
    """The median and the worst time of a step, painting included."""
    times = []
    for at in range(count):
        start = time.perf_counter()
        step(at)
        view.canvas.viewport().repaint()
        times.append(1e3 * (time.perf_counter() - start))
        QApplication.processEvents()
    return statistics.median(times), max(times)


def shown(view: GraphView, action: Callable[[], None]) -> tuple[float, float]:
    """How long the window's thread was busy asking, and how long until the picture was there; ms."""
    loop = QEventLoop()
    view.picture_shown.connect(loop.quit)
    start = time.perf_counter()
    action()
    asked = time.perf_counter()
    loop.exec()
    view.picture_shown.disconnect(loop.quit)
    return 1e3 * (asked - start), 1e3 * (time.perf_counter() - start)


def frames(view: GraphView, picture: Picture) -> list[tuple[float, float]]:
    """Panning with all in view, at three scales, and zooming from all to 1× and back."""
    canvas = view.canvas
    middle = picture.box_rect(len(picture.cards) // 2).center()
    results = []
    for zoom in (None, 0.1, 0.35, 1.0):
        canvas.fit() if zoom is None else canvas.look_at(middle, zoom)
        canvas.viewport().repaint()
        results.append(moved_ms(view, lambda at: canvas.pan(4 if at % 2 else -4, 20), 30))
    canvas.fit()
    centre = canvas.viewport().rect().center()
    results.append(moved_ms(view, lambda at: canvas.zoom_by(1.18 if at < 30 else 1 / 1.18, centre.toPointF()), 60))
    return results


def unfold_ms(view: GraphView) -> float:
    """The median time until one folded group of the folded picture is open."""
    shown(view, view.fold_all)
    times = []
    for _ in range(5):
        picture = view.picture
        if picture is None:
            raise RuntimeError("no picture came")
        container = next(box.container for box in picture.visible.boxes if box.container is not None)
        times.append(shown(view, lambda at=container: view.toggle(at))[1])  # type: ignore[misc]  # bound now
    return statistics.median(times)


def memory_mb() -> float:
    """What this process holds in memory; 0 where the system doesn't tell."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.is_file() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def main() -> None:
    """Print the tables."""
    app = QApplication([])
    app.setFont(ui_font())
    print(
        f"{'nodes':>7} {'busy ms':>8} {'folded ms':>10} {'all unfolded ms':>16} {'unfold one ms':>14} {'memory MB':>10}"
    )
    lines = []
    for num_blocks in (84, 858, 4_290):
        graph = model(num_blocks)
        view = GraphView()
        view.resize(1400, 900)
        view.set_wrapped(True)  # as the window has it at first
        view.show()
        asked, folded = shown(view, lambda view=view, graph=graph: view.draw(WindowState(run=RunState(graph=graph))))  # type: ignore[misc]  # bound now
        one = unfold_ms(view)
        _, unfolded = shown(view, view.unfold_all)
        app.processEvents()
        picture = view.picture
        if picture is None:
            raise RuntimeError("no picture came")
        painted = frames(view, picture)
        print(f"{len(graph.nodes):7,} {asked:8.1f} {folded:10.0f} {unfolded:16.0f} {one:14.0f} {memory_mb():10.0f}")
        lines.append(f"{len(picture.cards):7,} " + " ".join(f"{m:7.1f} /{w:6.1f}" for m, w in painted))
        view.end()
        view.close()
        view.deleteLater()
        app.processEvents()
    print("\nframe, ms: median / worst, all boxes open")
    print(f"{'boxes':>7} {'pan, all':>15} {'pan 0.1×':>15} {'pan 0.35×':>15} {'pan 1×':>15} {'zoom':>15}")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
