"""How long layouts take, in this process and in the one beside: grouped models, flat chains, hubs and dense nets.

Then the same graphs, without groups, by graphviz dot, dagre and elkjs: seconds, crossings and wire length of each.
Run with `python benchmarks/layout.py`; prints two tables. Best of three here; equal containers are remembered
within one layout only.
"""

import shutil
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np
from layout_peers import HOW, Drawn, draw, install, judged, lines_of

from inspector.client.layout_process import LayoutProcess
from inspector.core.layout import LayoutRequest, lay_out

BLOCK = 12  # operations in a block, with two residuals


def request(parents: list[int], container_parent: list[int], wires: list[tuple[int, int]]) -> LayoutRequest:
    """Boxes of one size."""
    return LayoutRequest(
        box_parent=np.array(parents, np.int32),
        box_size=np.full((len(parents), 2), (176, 64), np.float32),
        container_parent=np.array(container_parent, np.int32),
        header_width=np.full(len(container_parent), 200, np.float32),
        wires=np.array(wires, np.int32).reshape(-1, 2),
    )


def grouped(num_blocks: int, blocks_a_stage: int = 12) -> LayoutRequest:
    """Stages of blocks of BLOCK operations, each block with two skips inside."""
    num_stages = -(-num_blocks // blocks_a_stage)
    container_parent = [-1] * num_stages
    parents: list[int] = []
    wires: list[tuple[int, int]] = []
    for block in range(num_blocks):
        container_parent.append(block // blocks_a_stage)
        start = len(parents)
        parents.extend([len(container_parent) - 1] * BLOCK)
        wires.extend((at, at + 1) for at in range(max(start - 1, 0), start + BLOCK - 1))
        wires.extend([(start, start + 5), (start + 5, start + BLOCK - 1)])
    return request(parents, container_parent, wires)


def chain(count: int) -> LayoutRequest:
    """One after the other, with a skip over three from every fourth."""
    wires = [(at, at + 1) for at in range(count - 1)] + [(at, at + 4) for at in range(0, count - 4, 4)]
    return request([-1] * count, [], wires)


def hub(count: int) -> LayoutRequest:
    """One that feeds many, which meet again."""
    wires = [(0, at) for at in range(1, count)] + [(at, count) for at in range(1, count)]
    return request([-1] * (count + 1), [], wires)


def dense(count: int) -> LayoutRequest:
    """Everything feeds everything after it."""
    return request([-1] * count, [], [(a, b) for b in range(count) for a in range(b)])


CASES = {
    "grouped, 1,008": grouped(84),
    "grouped, 10,296": grouped(858),
    "grouped, 51,480": grouped(4_290),
    "chain with skips, 1,000": chain(1_000),
    "chain with skips, 8,000": chain(8_000),
    "hub of 300": hub(300),
    "hub of 3,000": hub(3_000),
    "dense, 48": dense(48),
}


COMPARED = {
    "chain with skips, 200": chain(200),
    "chain with skips, 1,000": chain(1_000),
    "blocks, 1,008, no groups": request([-1] * 84 * BLOCK, [], grouped(84).wires.tolist()),
    "hub of 300": hub(300),
    "dense, 24": dense(24),
}


def compare() -> None:
    """Print the table of engines."""
    print(f"\n{'picture':26} {'engine':10} {'seconds':>9} {'crossings':>10} {'wire length':>12}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        has_npm = install(folder)
        engines = {"dot": shutil.which("dot") is not None, "dagre": has_npm, "elkjs": has_npm}
        for picture, case in COMPARED.items():
            start = time.perf_counter()
            layout = lay_out(case)
            drawn: dict[str, Drawn | str] = {"here": judged(time.perf_counter() - start, lines_of(layout))}
            drawn.update({engine: draw(engine, case, folder) for engine, there in engines.items() if there})
            for engine, found in drawn.items():
                if isinstance(found, str):
                    print(f"{picture:26} {engine:10} {found:>9}")
                else:
                    count = "–" if found.crossings is None else f"{found.crossings:,}"
                    print(f"{picture:26} {engine:10} {found.seconds:9.3f} {count:>10} {found.length:12,.0f}")
        for engine, there in engines.items():
            if not there:
                print(f"{engine} is not installed ({HOW[engine]})")


def main() -> None:
    """Print the tables."""
    heads = f"{'picture':26} {'boxes':>7} {'wires':>7} {'here s':>8} {'process s':>10} {'again s':>8}"
    print(f"{heads} {'width × height':>18}")
    with closing(LayoutProcess(small=0, time_limit_s=60)) as process:
        process.lay_out(chain(3))
        for name, case in CASES.items():
            here = []
            for _ in range(3):
                start = time.perf_counter()
                layout = lay_out(case)
                here.append(time.perf_counter() - start)
            beside = []
            for _ in range(2):
                start = time.perf_counter()
                process.lay_out(case)
                beside.append(time.perf_counter() - start)
            size = f"{layout.size[0]:,.0f} × {layout.size[1]:,.0f}"
            print(
                f"{name:26} {len(case.box_parent):7,} {len(case.wires):7,} {min(here):8.3f} "
                f"{beside[0]:10.3f} {beside[1]:8.3f} {size:>18}"
            )
    compare()


if __name__ == "__main__":
    main()
