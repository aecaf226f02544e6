"""`inspector report`: one page that holds all, escapes all, and climbs the same ladder as everything else."""

import base64
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import torch
from torch import nn

from inspector import places
from inspector.core.report_page import Told, report_page
from inspector.protocol.evaluation import ClassMetrics, Skipped
from inspector.protocol.files import FileDescription, ModelInfo
from inspector.protocol.findings import Finding, Unchecked
from inspector.protocol.graph import Failure, Graph, Node
from inspector.protocol.outputs import Head
from inspector.protocol.reports import EvaluateReport, OutputReport, RunReport, Timing

SAMPLES = {sample.name: sample for sample in places.samples()}
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


class Page(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.cells: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.tags and self.tags[-1] == "td":
            self.cells.append(data)


def report(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "inspector", "report", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_a_report_holds_graph_outputs_and_the_evaluated_folder_and_loads_nothing(tmp_path: Path) -> None:
    sample, target = SAMPLES["digits_module"], tmp_path / "report.html"
    done = report(sample.path, "-o", target, "--folder", sample.test_folder)
    assert done.returncode == 0, done.stderr
    page = Page(target.read_text())
    assert "script" not in page.tags
    links = [value for name, value in page.attributes if name in {"src", "href"}]
    assert links
    assert all(link.startswith("data:image/svg+xml;base64,") for link in links)
    drawn = ElementTree.fromstring(base64.b64decode(links[0].partition(",")[2]))
    assert "conv1" in "".join(drawn.itertext())
    assert re.search(r"450 images · accuracy 9\d\.\d\d %", page.text)
    assert "true \\ predicted" in page.text
    assert "conv2" in page.text


def test_the_greatest_of_many_classes_are_shown_wherever_they_stand(tmp_path: Path) -> None:
    model, target = nn.Linear(4, 3000), tmp_path / "report.html"
    with torch.no_grad():
        model.weight.zero_()
        model.bias.copy_(torch.arange(3000.0))
    torch.save(model, tmp_path / "wide.pt")
    assert report(tmp_path / "wide.pt", "--shape", "1,4", "-o", target).returncode == 0
    assert "2999" in Page(target.read_text()).cells
    command = [sys.executable, "-m", "inspector", "run", str(tmp_path / "wide.pt"), "--shape", "1,4"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert re.search(r"^ *2999 +2999 +0\.6321 +1\.0000$", done.stdout, re.MULTILINE), done.stdout


def test_a_failed_forward_is_told_with_its_fix_and_status_1(tmp_path: Path) -> None:
    sample, target = SAMPLES["b2"], tmp_path / "report.html"
    done = report(sample.path, "--entry", sample.entry, "--trust", "--shape", "32,128", "-o", target)
    assert done.returncode == 1
    assert "Set in_features=128" in Page(target.read_text()).text


def test_a_report_is_no_way_round_consent_and_writes_nothing_then(tmp_path: Path) -> None:
    canary, source, target = tmp_path / "ran", tmp_path / "net.py", tmp_path / "report.html"
    source.write_text(f"import pathlib\npathlib.Path({str(canary)!r}).touch()\n")
    done = report(source, "-o", target)
    assert done.returncode == 3
    assert not canary.exists()
    assert not target.exists()
    assert report(source, "-o", tmp_path / "nowhere" / "report.html").returncode == 2


def test_whatever_names_a_file_brings_are_text_on_the_page() -> None:
    node = Node(id=0, kind="module", op=HOSTILE, fqn=HOSTILE, group=None)
    run = RunReport(
        model=ModelInfo(format="module", class_name=HOSTILE, num_params=1, size_bytes=4),
        graph=Graph(nodes=(node,), groups=(), edges=(), uncalled_modules=(HOSTILE,), notes=(HOSTILE,)),
        outputs=(
            OutputReport(
                name=HOSTILE,
                shape=(1, 2),
                dtype=HOSTILE,
                raw=[[1.0, 2.0]],
                softmax=[[0.27, 0.73]],
                sigmoid=[[0.73, 0.88]],
                classes=(HOSTILE, "b"),
                head=Head(kind="logits", evidence=HOSTILE),
                notes=(HOSTILE,),
                truncated=HOSTILE,
            ),
        ),
        findings=(
            Finding(
                rule=HOSTILE,
                severity="error",
                message=HOSTILE,
                node=None,
                evidence={HOSTILE: HOSTILE},
                fix=HOSTILE,
                code=HOSTILE,
            ),
        ),
        unchecked=(Unchecked(rule=HOSTILE, why=HOSTILE),),
        failure=Failure(
            node=0, fqn=HOSTILE, op=HOSTILE, message=HOSTILE, input_shapes=((1,),), fix=HOSTILE, code=HOSTILE
        ),
        timing=Timing(plain_s=None, captured_s=0.1),
        batch=HOSTILE,
    )
    evaluation = EvaluateReport(
        classes=(HOSTILE,),
        matrix=((1,),),
        num_images=1,
        skipped=(Skipped(path=HOSTILE, reason=HOSTILE),),
        accuracy=1.0,
        balanced_accuracy=1.0,
        per_class=(ClassMetrics(name=HOSTILE, precision=1.0, recall=1.0, f1=1.0, support=1),),
        expected_calibration_error=None,
        images_per_s=1.0,
        findings=(),
        problems=(HOSTILE,),
    )
    description = FileDescription(
        path=HOSTILE,
        format="module",
        size_bytes=4,
        safety="inert",
        summary=HOSTILE,
        metadata={HOSTILE: HOSTILE},
        warnings=(HOSTILE,),
    )
    page = Page(report_page(Told(HOSTILE, HOSTILE, description, run, evaluation, None, HOSTILE)))
    assert page.text.count(HOSTILE) >= 29
    assert not {"script", "img"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]


def test_a_test_folder_that_was_stopped_or_maps_badly_says_so() -> None:
    evaluation = EvaluateReport(
        classes=("a", "b"), matrix=((1, 0), (0, 0)), num_images=2, skipped=(), accuracy=0.5, balanced_accuracy=0.5,
        per_class=(), expected_calibration_error=None, images_per_s=1.0, findings=(), outside=(0, 1), cancelled=True,
    )  # fmt: skip
    model = ModelInfo(format="module", class_name="Net", num_params=1, size_bytes=4)
    run = RunReport(
        model=model, graph=None, outputs=(), findings=(), unchecked=(), failure=None,
        timing=Timing(plain_s=None, captured_s=0.1),
    )  # fmt: skip
    description = FileDescription(path="net.pt", format="module", size_bytes=4, safety="inert", summary="A module.")
    page = Page(report_page(Told("net.pt", "today", description, run, evaluation)))
    assert "stopped before the end" in page.text
    assert "1 image got an output that no class maps to" in page.text
