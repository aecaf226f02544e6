"""Hugging Face folders through transformers or timm: the class that config.json names, the weights by our own reading.

Code that a folder brings along (`auto_map`, `trust_remote_code`) is never run here, and nothing that it names elsewhere
is fetched or opened.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import nn

from inspector.engine.errors import EngineError, said_by
from inspector.engine.formats.cleaning import clean_text
from inspector.engine.formats.config_code import warnings_of, without_code
from inspector.engine.formats.reading import Refused
from inspector.engine.loading.libraries import NotUsable, import_library
from inspector.engine.loading.libraries.sketching import quiet
from inspector.engine.loading.libraries.transformers_models import model_class
from inspector.engine.loading.loaded import Loaded
from inspector.engine.loading.meeting import Met, meet_weights
from inspector.engine.loading.surroundings import class_names_in, preprocessing_of
from inspector.engine.loading.weights import Weights
from inspector.engine.module_tree import model_info
from inspector.protocol.files import FileDescription, KeysReport, Misshaped
from inspector.protocol.requests import LoadModel

_Kind = Any  # a class of transformers, which has no types


def entry_of(config: Mapping[str, object]) -> str:
    """The constructor that a config.json names: `timm.resnet18`, `transformers.BertModel`; "" where it names none."""
    architectures = config.get("architectures")
    if isinstance(architectures, list) and architectures and isinstance(architectures[0], str):
        return f"transformers.{architectures[0]}"
    if isinstance(config.get("architecture"), str):
        return f"timm.{config['architecture']}"
    return f"transformers.{config['model_type']}" if isinstance(config.get("model_type"), str) else ""


def load_folder(
    request: LoadModel, description: FileDescription, weights: Weights, config: Mapping[str, object]
) -> Loaded:
    """Make the class of transformers that the folder's config names, and load the weights into it.

    Raises:
        EngineError: transformers can't be used here, doesn't know the class, or refuses the configuration.
    """
    entry = entry_of(config)
    _check_own_code(request.path, config, entry)
    kind = _class_of(entry, config, request.path)
    made_with = _configuration(kind, config, request.path)
    model = _make(kind, made_with, request.path)
    met = meet_weights(model, weights, request)
    if met.report.missing or met.report.unexpected or met.report.misshaped:
        model, met = _with_conversion(kind, made_with, weights, (model, met))
    model.eval()
    return Loaded(
        module=model,
        info=model_info(model, description.format),
        path=request.path,
        entry=f"transformers.{kind.__name__}",
        keys=met.report,
        class_names=class_names_in(config),
        notes=(*warnings_of(config), *weights.notes, *met.notes),
        preprocessing=preprocessing_of(model, request.path),
    )


def _check_own_code(path: str, config: Mapping[str, object], entry: str) -> None:
    """Refuse a folder whose class is its own code, unless transformers has the class as well.

    Raises:
        EngineError: it is not run; the sentence names the code.
    """
    own = config.get("auto_map")
    if not isinstance(own, Mapping) or not own:
        return
    try:
        model_class(entry.removeprefix("transformers."))
    except (EngineError, NotUsable):
        names = [clean_text(str(value), 80) for key, value in own.items() if "Config" not in str(key)]
        told = ", ".join(names[:3]) or "code"
        raise EngineError(
            f"{Path(path).name} is a model whose code comes with it ({told}, `trust_remote_code`); that is not run.",
            "Attach the .py that defines its class, if you trust it.",
        ) from None


def _class_of(entry: str, config: Mapping[str, object], path: str) -> _Kind:
    name = Path(path).name
    try:
        transformers: Any = import_library("transformers")
    except NotUsable as error:
        kind = clean_text(entry.removeprefix("transformers."), 80)
        fix = "" if error.installed else "Install it into the app's environment: pip install transformers."
        raise EngineError(f"{name} is a {kind} of transformers. {error.why}", fix) from error
    known = transformers.models.auto.modeling_auto.MODEL_MAPPING_NAMES
    base = known.get(config.get("model_type")) if not isinstance(config.get("architectures"), list) else None
    return model_class(base if isinstance(base, str) else entry.removeprefix("transformers."))


def _configuration(kind: _Kind, config: Mapping[str, object], path: str) -> Any:  # noqa: ANN401 - theirs
    try:
        with quiet():
            return kind.config_class.from_dict(without_code(config))
    except Refused as reason:
        raise EngineError(f"{Path(path).name} can't be made. {reason}", "Attach the .py that defines it.") from reason
    except (Exception, SystemExit) as error:
        raise _refused(path, kind, error) from error


def _make(kind: _Kind, config: object, path: str) -> nn.Module:
    try:
        with quiet(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            made: nn.Module = kind(config)
            return made
    except (Exception, SystemExit) as error:
        raise _refused(path, kind, error) from error


def _with_conversion(
    kind: _Kind, config: object, weights: Weights, before: tuple[nn.Module, Met]
) -> tuple[nn.Module, Met]:
    """Where keys are left over, transformers' own conversion of older names is tried; the better of both is kept."""
    try:
        with quiet(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model, told = kind.from_pretrained(
                None, config=config, state_dict=dict(weights.state), output_loading_info=True
            )
    except (Exception, SystemExit):  # noqa: BLE001 - then what was loaded before stands
        return before
    report = _report(model, told, before[1].report)
    old = before[1].report
    if _faults(report) >= _faults(old):
        return before
    left = report.random
    notes = (
        (f"{len(left):,} of {report.num_parameters:,} parameters stay RANDOM: {', '.join(left[:4])}.",) if left else ()
    )
    return model, Met(report, notes)


def _report(model: nn.Module, told: Mapping[str, Any], before: KeysReport) -> KeysReport:
    missing, unexpected = tuple(sorted(told["missing_keys"])), tuple(sorted(told["unexpected_keys"]))
    misshaped = tuple(
        Misshaped(key=str(key), file_shape=tuple(there), model_shape=tuple(here))
        for key, there, here in told.get("mismatched_keys", ())
    )
    names = {name for name, _ in model.named_parameters()}
    left = tuple(key for key in (*missing, *(one.key for one in misshaped)) if key in names)
    matched = len(model.state_dict()) - len(missing) - len(misshaped)
    said = "names and parts brought up to date by transformers"
    parts = [f"{matched:,} keys match ({said})"]
    parts += [f"{len(missing):,} are missing in the file, such as {missing[0]}"] if missing else []
    parts += [f"{len(unexpected):,} of the file are not in the model, such as {unexpected[0]}"] if unexpected else []
    parts += [f"{len(misshaped):,} have another shape, such as {misshaped[0].key}"] if misshaped else []
    return msgspec.structs.replace(
        before,
        matched=matched,
        missing=missing,
        unexpected=unexpected,
        misshaped=misshaped,
        mended=(said,),
        mends=(),
        random=left,
        num_parameters=len(names),
        sentence="; ".join(parts) + ".",
    )


def _faults(report: KeysReport) -> int:
    return len(report.missing) + len(report.unexpected) + len(report.misshaped)


def _refused(path: str, kind: _Kind, error: BaseException) -> EngineError:
    said = clean_text(said_by(error), 300)
    return EngineError(
        f"{kind.__name__} can't be made from the config.json of {Path(path).name}: {type(error).__name__}: {said}",
        "It may have been written by another version of transformers.",
    )
