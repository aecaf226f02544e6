"""Constructor arguments proposed from weights: classes from the last bias, the checkpoint's own settings."""

import ast
import re
from collections.abc import Iterator, Mapping

from inspector.protocol.files import Entry, EntryParameter

Shapes = Mapping[str, tuple[int, ...]]

_HEAD = re.compile(r"head|classif|logits|\bfc|output|out_proj|final|score|predict")
_CLASSES = re.compile(
    r"(?:num|n|nb|number_of|no_of)?_?(?:class(?:es)?|labels?|categories|outputs?|targets?)"
    r"|(?:out(?:put)?)_?(?:features|channels|dim|size|dims)|n_?out|d_?out"
)
_INPUTS = re.compile(
    r"in(?:put)?_?(?:features|channels|chans|dim|dims|size|ch)|num_features|n_features|n_?in|d_?in|n_inputs"
)
_HIDDEN = re.compile(r"(?:n_?|num_?)?hidden(?:_?(?:dim|size|features|channels|units))?|width|base_channels|d_model")
_VOCABULARY = re.compile(r"vocab(?:ulary)?(?:_?size)?|num_embeddings|n_?vocab|num_tokens|n_?tokens")
_EMBEDDING = re.compile(r"emb(?:ed|edding)?_?(?:dim|size|dims)|embedding_dim")


def read_value(text: str) -> object:
    """A Python literal; a bare word that is none counts as a text."""
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return value


def propose_arguments(entry: Entry, shapes: Shapes, settings: Mapping[str, object]) -> Entry:
    """The entry with a proposal beside each parameter for which the weights or the settings tell one."""
    parameters = tuple(
        EntryParameter(
            name=parameter.name,
            annotation=parameter.annotation,
            default=parameter.default,
            required=parameter.required,
            proposed=_propose(parameter, shapes, settings),
        )
        for parameter in entry.parameters
    )
    return Entry(name=entry.name, kind=entry.kind, parameters=parameters, why=entry.why)


def _propose(parameter: EntryParameter, shapes: Shapes, settings: Mapping[str, object]) -> str:
    if parameter.name in settings:
        return repr(settings[parameter.name])
    name = parameter.name.casefold()
    for pattern, tell in _TELLERS:
        if pattern.fullmatch(name):
            size = tell(shapes)
            return str(size) if size is not None else ""
    return ""


def last_size(shapes: Shapes) -> int | None:
    """The number of outputs: that of the last bias or weight of a head, by its name, or else of the last of all.

    Some files keep their keys in the order of the alphabet, so that the last one alone would tell little.
    """
    sizes = [(name, shape[0]) for name, shape in shapes.items() if _is_layer_part(name, shape)]
    heads = [size for name, size in sizes if _HEAD.search(name.casefold())]
    return heads[-1] if heads else sizes[-1][1] if sizes else None


def _is_layer_part(name: str, shape: tuple[int, ...]) -> bool:
    leaf = name.rpartition(".")[2]
    return (leaf == "bias" and len(shape) == 1) or (leaf == "weight" and len(shape) >= 2)


def _first_weights(shapes: Shapes) -> Iterator[tuple[str, tuple[int, ...]]]:
    for name, shape in shapes.items():
        if len(shape) >= 2 and name.rpartition(".")[2].startswith("weight"):
            yield name, shape


def _first_input(shapes: Shapes) -> int | None:
    return next((shape[1] for _, shape in _first_weights(shapes)), None)


def _first_output(shapes: Shapes) -> int | None:
    recurrent = next((shape[1] for name, shape in shapes.items() if name.endswith("weight_hh_l0")), None)
    return recurrent or next((shape[0] for _, shape in _first_weights(shapes)), None)


def _embedding(shapes: Shapes) -> tuple[int, ...] | None:
    named = (shape for name, shape in _first_weights(shapes) if "emb" in name.casefold() or "wte" in name.casefold())
    return next((shape for shape in named if len(shape) == 2), None)


def _vocabulary(shapes: Shapes) -> int | None:
    found = _embedding(shapes)
    return found[0] if found else None


def _embedding_width(shapes: Shapes) -> int | None:
    found = _embedding(shapes)
    return found[1] if found else None


_TELLERS = (
    (_CLASSES, last_size),
    (_INPUTS, _first_input),
    (_VOCABULARY, _vocabulary),
    (_EMBEDDING, _embedding_width),
    (_HIDDEN, _first_output),
)
