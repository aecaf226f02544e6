"""Keys of a Hugging Face config by which a library would run, fetch or open what is not in the folder.

transformers asks before some of them (`auto_map`), on a terminal that an engine does not have, and follows others
without a question: a kernel for the attention, a backbone in another repository, a checkpoint at some path. All are
taken out, wherever in the config they stand, before a library sees it.
"""

import re
from collections.abc import Iterator, Mapping

from inspector.engine.formats.cleaning import clean_text
from inspector.engine.formats.reading import Refused

_CODE = frozenset({"auto_map", "trust_remote_code", "code_revision", "custom_pipelines", "custom_pipeline"})
_ATTENTION = frozenset({"attn_implementation", "_attn_implementation", "_attn_implementation_internal"})
_EXPERTS = frozenset({"experts_implementation", "_experts_implementation", "_experts_implementation_internal"})
_KERNELS = frozenset({*_ATTENTION, *_EXPERTS, "kernel_config", "use_kernels", "allow_all_kernels"})
_QUANTIZATION = frozenset({"quantization_config"})
_ELSEWHERE = frozenset(
    {
        *("name_or_path", "_name_or_path", "base_model_name_or_path", "configuration_files", "gguf_file"),
        *("adapter_kwargs", "checkpoint_path", "cache_dir", "use_pretrained_backbone", "distributed_config"),
        *("pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "pretrained_model_args"),
    }
)
_LEFT_OUT = _CODE | _KERNELS | _QUANTIZATION | _ELSEWHERE
_PLAIN_KERNELS = frozenset({"eager", "sdpa", "batched_mm", "grouped_mm"})  # torch's own operations
# Constructors of timm and transformers; with a scheme or a slash they are places to fetch or to open.
_CONSTRUCTORS = frozenset({"backbone", "architecture"})
_PLAIN_CONSTRUCTOR = re.compile(r"[\w.\-]*")
_DTYPES = frozenset({"dtype", "torch_dtype"})  # looked up among all of torch's names
_DTYPE = re.compile(r"b?float\w*|u?int\d+|complex\d+|half|double|bool")
_LABELS = frozenset({"id2label", "label2id"})  # their keys are the user's words
_MAX_NESTING = 30


def without_code(config: Mapping[str, object]) -> dict[str, object]:
    """The config without what would run, fetch or open something else.

    Raises:
        Refused: it is made of a part elsewhere, without which it would be another model; or it is nested too deeply.
    """
    kept = _without(config, 0)
    assert isinstance(kept, dict)
    return kept


def _without(value: object, depth: int) -> object:
    if depth > _MAX_NESTING:
        raise Refused("Its config is nested more deeply than any honest one.")
    if isinstance(value, list):
        return [_without(item, depth + 1) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key: inner if key in _LABELS else _without(inner, depth + 1)
        for key, inner in value.items()
        if _stays(str(key), inner)
    }


def _stays(key: str, value: object) -> bool:
    if key in _CONSTRUCTORS and isinstance(value, str) and not _PLAIN_CONSTRUCTOR.fullmatch(value):
        raise Refused(f"Its config takes its {key} from elsewhere ({clean_text(value, 80)}), which is not fetched.")
    if key in _DTYPES:
        return isinstance(value, str) and _DTYPE.fullmatch(value) is not None
    if key in _ATTENTION | _EXPERTS:
        return value is None or value in _PLAIN_KERNELS if isinstance(value, str | None) else False
    return key not in _LEFT_OUT


def warnings_of(config: Mapping[str, object]) -> list[str]:
    """What the config asks for and does not get."""
    asked: dict[str, object] = {}
    for key, value in _entries(config, 0):
        asked.setdefault(key, value)
    found = []
    if _CODE & asked.keys():
        found.append("Its config asks for code of its own (`trust_remote_code`); that is not run.")
    kernels = sorted(key for key in _KERNELS & asked.keys() if not _stays(key, asked[key]))
    if kernels:
        told = clean_text(str(asked[kernels[0]]), 80)
        found.append(f"Its config asks for a kernel (`{kernels[0]}`: {told}); none is fetched, torch's own are used.")
    if isinstance(asked.get("quantization_config"), Mapping):
        found.append("Its config says that its weights are quantized; they are taken as they are stored.")
    return found


def _entries(value: object, depth: int) -> Iterator[tuple[str, object]]:
    if depth > _MAX_NESTING:
        return
    if isinstance(value, list):
        for item in value:
            yield from _entries(item, depth + 1)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key), inner
            if key not in _LABELS:
                yield from _entries(inner, depth + 1)
