"""What a lesson is: a question that people bring, and steps through the real app that answer it. Knows no Qt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from inspector.protocol.gradients import LossName, TransformKind
from inspector.protocol.requests import Mode


@dataclass(frozen=True)
class Feed:
    """A random tensor, or ones; or an image of the sample's test folder, by its path in it."""

    shape: tuple[int, ...] = ()
    distribution: Literal["normal", "ones"] = "normal"
    image: str = ""


@dataclass(frozen=True)
class Training:
    """A backward pass: of which loss, through which transform of the output."""

    loss: LossName
    transform: TransformKind = "none"


@dataclass(frozen=True)
class Step:
    """One card of a lesson: what is done for the reader, where to look, and what to see there.

    Attributes:
        title: a few words.
        text: what to see, in two or three sentences.
        sample: the sample that is opened, by its name; "" keeps what is open.
        file: another file of the samples' folder to open in place of the sample's own.
        entry: the class or function in it, where it is not the sample's own.
        arguments: what it is built with.
        feed: what is fed.
        mode: eval or train.
        swap: a module's fqn, and the activation function that takes its place for the run.
        expected: the expected output, as it would be typed.
        evaluate: whether the sample's test folder is evaluated.
        training: the backward pass that is made; with `cuts` its gradient does not reach all parameters.
        against: the sample to compare with.
        dock: the panel to look at; "graph" is the graph.
        node: the module or operation to choose, by its fqn, or by its op where it has none.
        rules: the findings to be seen. With `quiet`, no finding but notes is left.
        fails: whether the forward fails, as is to be seen.
        picture: whether the lesson's page shows a picture of it.
    """

    title: str
    text: str
    sample: str = ""
    file: str = ""
    entry: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    feed: Feed | None = None
    mode: Mode = "eval"
    swap: tuple[str, str] | None = None
    expected: str = ""
    evaluate: bool = False
    training: Training | None = None
    cuts: bool = False
    against: str = ""
    dock: str = "graph"
    node: str = ""
    rules: tuple[str, ...] = ()
    quiet: bool = False
    fails: bool = False
    picture: bool = False


@dataclass(frozen=True)
class Lesson:
    """A reference case as a tour.

    Attributes:
        name: its letter and number, as in the samples.
        question: what a person comes with.
        belief: what is commonly held.
        truth: what is so, in a sentence, for the last card and the page.
    """

    name: str
    question: str
    belief: str
    truth: str
    steps: tuple[Step, ...]

    @property
    def title(self) -> str:
        """As menus say it."""
        return f"{self.name.upper()}  {self.question}"
