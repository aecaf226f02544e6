"""The options that several commands share, as Typer reads them."""

import enum
from typing import Annotated

import typer


class Format(enum.StrEnum):
    """How a result is printed."""

    TEXT = "text"
    JSON = "json"


class ModeName(enum.StrEnum):
    """The two modes of a module."""

    EVAL = "eval"
    TRAIN = "train"


def _seed(seed: int) -> int:
    """Torch takes 64 bits with their sign."""
    if not -(2**63) <= seed < 2**63:
        raise typer.BadParameter(f"{seed} does not fit into 64 bits")
    return seed


FormatOption = Annotated[
    Format, typer.Option("--format", metavar="text|json", help="text for people, json for programs")
]

# Which model.
ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="a model file, a .py, or a folder with both")]
SourceOption = Annotated[
    str, typer.Option("--source", metavar="FILE.py", help="the .py that defines the model's class")
]
EntryOption = Annotated[str, typer.Option("--entry", metavar="CLASS", help="which class, function or instance of it")]
ArgOption = Annotated[list[str] | None, typer.Option("--arg", metavar="NAME=VALUE", help="an argument of the entry")]
TrustOption = Annotated[bool, typer.Option("--trust", help="run the code that this file, or its source, brings")]
WeightsOnlyOption = Annotated[
    bool, typer.Option("--weights-only", help="open a pickle without the code that it names: its weights alone")
]

# What to feed, and how to run.
InputOption = Annotated[
    list[str] | None, typer.Option("--input", metavar="random|IMAGE|ARRAY", help="what to feed; once per input")
]
ShapeOption = Annotated[
    list[str] | None, typer.Option("--shape", metavar="1,3,224,224", help="the input's shape; once per input")
]
DtypeOption = Annotated[
    str, typer.Option("--dtype", metavar="NAME", help="run in this dtype; integers only for a random input")
]
SeedOption = Annotated[int, typer.Option("--seed", metavar="N", help="of the random input", callback=_seed)]
PreprocessOption = Annotated[str, typer.Option("--preprocess", metavar="FILE.json", help="how pictures become tensors")]
DeviceOption = Annotated[str, typer.Option("--device", metavar="NAME", help="cpu, cuda:0, mps, xpu:0 …")]
ModeOption = Annotated[ModeName, typer.Option("--mode", metavar="eval|train", help="dropout and batch statistics")]
MaxValuesOption = Annotated[
    int, typer.Option("--max-values", metavar="N", help="cut longer outputs, row by row", min=1)
]

# A folder of test images.
LabelsOption = Annotated[
    str, typer.Option("--labels", metavar="auto|folders|names|FILE.csv", help="where the labels are")
]
PatternOption = Annotated[
    str, typer.Option("--pattern", metavar="REGEX", help="for names: a regular expression with one group")
]
MapOption = Annotated[
    list[str] | None, typer.Option("--map", metavar="CLASS=INDEX", help="the output index of a class")
]
BatchSizeOption = Annotated[int, typer.Option("--batch-size", metavar="N", min=1, help="images a batch")]
