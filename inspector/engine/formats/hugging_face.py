"""A Hugging Face folder: config.json beside weights, in one file or in shards with an index."""

import json
from pathlib import Path

from inspector.core.formatting import counted
from inspector.engine.formats import safetensors_file, torch_legacy, torch_zip
from inspector.engine.formats.cleaning import clean_text
from inspector.engine.formats.config_code import warnings_of
from inspector.engine.formats.guessing import guess_modules
from inspector.engine.formats.json_text import parse_json
from inspector.engine.formats.reading import Refused, Source, open_source
from inspector.protocol.files import FileDescription, Safety, TensorEntry

_MAX_CONFIG_BYTES = 16 * 2**20
_MAX_SHARDS = 2000
_INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_SINGLES = (
    "model.safetensors",
    "pytorch_model.bin",
    "adapter_model.safetensors",
    "diffusion_pytorch_model.safetensors",
)


def describe(source: Source) -> FileDescription | None:
    """Describe it, or None where it is something else."""
    if not source.is_folder or not (Path(source.path) / "config.json").is_file():
        return None
    folder = Path(source.path)
    weights, missing = find_weights(folder)
    if not weights and not missing:
        return None
    config = _object_in(folder / "config.json")
    if config is None:
        return None
    shards = [shard for path in weights if (shard := _describe_shard(path)) is not None]
    tensors = tuple(tensor for shard in shards for tensor in shard.tensors)
    blocked = tuple(dict.fromkeys(name for shard in shards for name in shard.blocked_globals))
    return FileDescription(
        path=source.path,
        format="hugging_face",
        size_bytes=sum(shard.size_bytes for shard in shards),
        safety=_safety(shards),
        summary=_summary(config, len(weights), tensors),
        globals=tuple(dict.fromkeys(name for shard in shards for name in shard.globals)),
        blocked_globals=blocked,
        uses=tuple({use.name: use for shard in shards for use in shard.uses}.values()),
        tensors=tensors,
        modules=guess_modules(tensors),
        metadata=_metadata(config, [path.name for path in weights]),
        warnings=(*_config_warnings(config, missing), *(warning for shard in shards for warning in shard.warnings)),
    )


def find_weights(folder: Path) -> tuple[list[Path], list[str]]:
    """The files with the weights, safetensors first, and the names of shards that are missing."""
    for name in (*_INDEXES[:1], *_SINGLES[:1], *_INDEXES[1:], *_SINGLES[1:]):
        path = folder / name
        if name in _INDEXES and path.is_file():
            return _find_shards(folder, path)
        if name not in _INDEXES and path.is_file():
            return [path], []
    others = sorted(folder.glob("*.safetensors"))
    _check_count(len(others))
    return others, []


def _find_shards(folder: Path, index: Path) -> tuple[list[Path], list[str]]:
    table = (read_json(index) or {}).get("weight_map")
    names = {str(name) for name in table.values()} if isinstance(table, dict) else set()
    safe = sorted(name for name in names if "/" not in name and "\\" not in name and "\0" not in name and name != "..")
    outside = [clean_text(name, 100) for name in sorted(names - set(safe))]
    _check_count(len(safe))
    there = [folder / name for name in safe if (folder / name).is_file()]
    return there, outside + [clean_text(name, 100) for name in safe if not (folder / name).is_file()]


def read_json(path: Path) -> dict[str, object] | None:
    """A JSON object from a file, or None where it is none."""
    try:
        return _object_in(path)
    except Refused:
        return None


def _object_in(path: Path) -> dict[str, object] | None:
    """A JSON object from a file, or None where it is another value.

    Raises:
        Refused: it is no JSON, or larger than any honest one.
    """
    with open_source(str(path)) as source:
        if source.size_bytes > _MAX_CONFIG_BYTES:
            raise Refused(
                f"Its {clean_text(path.name, 80)} has {source.size_bytes:,} bytes, where at most "
                f"{_MAX_CONFIG_BYTES:,} are read."
            )
        found = parse_json(source.read_at(0, _MAX_CONFIG_BYTES), f"Its {clean_text(path.name, 80)}")
    return found if isinstance(found, dict) else None


def _check_count(shards: int) -> None:
    if shards > _MAX_SHARDS:
        raise Refused(f"Its weights are in {shards:,} files, where at most {_MAX_SHARDS:,} are read.")


def _describe_shard(path: Path) -> FileDescription | None:
    with open_source(str(path)) as source:
        for describe_one in (safetensors_file.describe, torch_zip.describe, torch_legacy.describe):
            found = describe_one(source)
            if found is not None:
                return found
    raise Refused(f"The weights file {clean_text(path.name, 80)} is neither safetensors nor saved by torch.")


def _safety(shards: list[FileDescription]) -> Safety:
    kinds = {shard.safety for shard in shards}
    return "needs_consent" if "needs_consent" in kinds else "allow_listed" if "allow_listed" in kinds else "inert"


def _summary(config: dict[str, object], files: int, tensors: tuple[TensorEntry, ...]) -> str:
    kind = config.get("model_type") or config.get("architecture") or "model"
    return (
        f"A Hugging Face folder ({clean_text(str(kind), 60)}), {counted(len(tensors), 'tensor')} "
        f"in {counted(files, 'file')}."
    )


def _metadata(config: dict[str, object], files: list[str]) -> dict[str, str]:
    found = {"form": "Hugging Face folder", "weights": clean_text(", ".join(files[:8]), 400)}
    for key in list(config)[:200]:
        value = config[key]
        if isinstance(value, str | int | float | bool):
            found[clean_text(key, 60)] = clean_text(str(value), 200)
        elif isinstance(value, list | dict):
            found[clean_text(key, 60)] = clean_text(json.dumps(value, ensure_ascii=False), 300)
    return found


def _config_warnings(config: dict[str, object], missing: list[str]) -> list[str]:
    found = warnings_of(config)
    if missing:
        found.append(f"Of its weights, {counted(len(missing), 'file')} are missing: {', '.join(missing[:3])}.")
    return found
