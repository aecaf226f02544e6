"""What a config.json asks of transformers and timm beside numbers: code, kernels, other repositories, files elsewhere.

In a process of its own, without the engine's sandbox and without its environment: Python itself tells what is opened,
and on its standard input somebody answers every question with yes.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.engine.formats import describe_file
from inspector.engine.formats.config_code import without_code
from inspector.engine.formats.reading import Refused

PROJECT = Path(__file__).parents[2]
ZOO = PROJECT / "tests" / "zoo"
SIZES = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
BERT = {"architectures": ["BertModel"], "model_type": "bert", "vocab_size": 9, "max_position_embeddings": 8, **SIZES}
TOWER = {**SIZES, "image_size": 8, "patch_size": 4}
CLIP = {
    "architectures": ["CLIPModel"],
    "model_type": "clip",
    "projection_dim": 4,
    "text_config": {**SIZES, "vocab_size": 9, "max_position_embeddings": 8},
    "vision_config": TOWER,
}
# A language model is asked for, which a tower of CLIP is not: so the class that auto_map names would be fetched.
PAIR = {
    "architectures": ["VisionEncoderDecoderModel"],
    "model_type": "vision-encoder-decoder",
    "encoder": {"model_type": "vit", **TOWER},
    "decoder": {"model_type": "clip_vision_model", **TOWER, "is_decoder": True, "add_cross_attention": True},
}
DETR = {"architectures": ["DetrModel"], "model_type": "detr", "d_model": 8, "encoder_layers": 1, "decoder_layers": 1}
KERNEL = "somebody/kernels@main:attention"


def with_part(config: dict[str, object], name: str, **more: object) -> dict[str, object]:
    part = config[name]
    assert isinstance(part, dict)
    return {**config, name: {**part, **more}}


# Each with what becomes of it: a model, or a sentence. EVIL is a folder with code and weights that nobody opened.
CONFIGS: dict[str, tuple[dict[str, object], str]] = {
    "auto_map": ({**BERT, "auto_map": {"AutoModel": "modeling.Net"}, "trust_remote_code": True}, "model"),
    "auto_map of another": ({**BERT, "auto_map": {"AutoModel": "EVIL--modeling.Net"}}, "model"),
    "custom_pipelines": ({**BERT, "custom_pipelines": {"fill-mask": {"impl": "modeling.Net"}}}, "model"),
    "auto_map of a part": (
        with_part(PAIR, "decoder", _name_or_path="EVIL", auto_map={"AutoModelForCausalLM": "modeling.Net"}),
        "sentence",
    ),
    "auto_map of a part elsewhere": (
        with_part(PAIR, "decoder", auto_map={"AutoModelForCausalLM": "EVIL--modeling.Net"}),
        "sentence",
    ),
    "attention": ({**BERT, "attn_implementation": KERNEL}, "model"),
    "attention of a part": (with_part(CLIP, "text_config", attn_implementation=KERNEL), "model"),
    "attention of parts": ({**CLIP, "attn_implementation": {"": "eager", "text_config": KERNEL}}, "model"),
    "flash attention": ({**BERT, "attn_implementation": "flash_attention_2"}, "model"),
    "experts": ({**BERT, "experts_implementation": KERNEL, "use_kernels": True, "kernel_config": {}}, "model"),
    "quantization": ({**BERT, "quantization_config": {"quant_method": "fp8", "modules_to_not_convert": []}}, "model"),
    "dtype": ({**BERT, "torch_dtype": "hub", "dtype": "ops"}, "model"),
    "base model": ({**BERT, "base_model_name_or_path": "EVIL", "_name_or_path": "EVIL"}, "model"),
    "backbone of a repository": ({**DETR, "backbone": "somebody/net", "use_timm_backbone": False}, "sentence"),
    "backbone of a folder": ({**DETR, "backbone": "EVIL", "use_timm_backbone": False}, "sentence"),
    "backbone of timm's hub": (
        {**DETR, "backbone": "hf-hub:somebody/net", "use_pretrained_backbone": True},
        "sentence",
    ),
    "timm from its hub": ({"architecture": "hf-hub:somebody/net"}, "sentence"),
    "timm from a folder": ({"architecture": "local-dir:EVIL"}, "sentence"),
    "timm within transformers": (
        {"architectures": ["TimmWrapperModel"], "model_type": "timm_wrapper", "architecture": "local-dir:EVIL"},
        "sentence",
    ),
    "timm's checkpoint": (
        {
            "architectures": ["TimmWrapperModel"],
            "model_type": "timm_wrapper",
            "architecture": "test_resnet",
            "num_classes": 3,
            "model_args": {"checkpoint_path": "EVIL/model.pth"},
        },
        "model",
    ),
    "no model": ({"architectures": ["pipeline"], "model_type": "bert"}, "sentence"),
    "a maker of models": ({"architectures": ["AutoModel"], "model_type": "bert"}, "sentence"),
}

OPENS = """
import json
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
import zoo_torchvision

zoo_torchvision.register_operators()
from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file
from inspector.engine.loading import Loaded, load_model
from inspector.engine.loading.libraries import NotUsable, import_library
from inspector.protocol.requests import LoadModel

folder, evil = Path(sys.argv[1]), sys.argv[2]
try:
    import_library("transformers"), import_library("timm")
except NotUsable as error:
    Path(sys.argv[3]).write_text(json.dumps({"not usable": error.why}))
    sys.exit()
told, seen = {}, []
NETWORK = {"socket.getaddrinfo", "socket.connect", "subprocess.Popen", "os.system", "os.posix_spawn", "builtins.input"}

def hook(event, arguments):
    if event in NETWORK or (event == "open" and str(arguments[0]).startswith(evil)):
        seen.append([event, str(arguments)[:200]])

sys.addaudithook(hook)
for path in sorted(folder.iterdir()):
    seen.clear()
    attention = []
    try:
        answer = load_model(LoadModel(path=str(path)), describe_file(str(path)))
        became = "model" if isinstance(answer, Loaded) else type(answer).__name__
        attention = sorted({
            str(module.config._attn_implementation) for module in answer.module.modules() if hasattr(module, "config")
        })
    except EngineError as error:
        became = "sentence: " + error.message
    told[path.name] = [became, attention, list(seen)]
Path(sys.argv[3]).write_text(json.dumps(told))
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """What became of each folder: what it is now, which attentions it has, and what was opened for it."""
    if importlib.util.find_spec("transformers") is None or importlib.util.find_spec("timm") is None:
        pytest.skip("needs transformers and timm")
    import torch
    from safetensors.torch import save_file

    place = tmp_path_factory.mktemp("configs")
    evil, folders = place / "evil", place / "folders"
    evil.mkdir()
    canary = place / "canary"
    code = f"open({str(canary)!r}, 'w').close()\n"
    for name in ("modeling.py", "__init__.py"):
        (evil / name).write_text(code)
    (evil / "config.json").write_text(json.dumps({**BERT, "architecture": "test_resnet"}))
    torch.save({}, evil / "model.pth")
    for name, (config, _) in CONFIGS.items():
        folder = folders / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps(config).replace("EVIL", str(evil)))
        save_file({"layer.weight": torch.zeros(2, 2)}, folder / "model.safetensors")
        (folder / "modeling.py").write_text(code)
        adapter = {
            "base_model_name_or_path": str(evil),
            "peft_type": "LORA",
            "auto_mapping": {"base_model_class": "Net"},
        }
        (folder / "adapter_config.json").write_text(json.dumps(adapter))
    done = subprocess.run(
        [sys.executable, "-c", OPENS, str(folders), str(evil), str(place / "told.json")],
        input="y\n" * 100,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={**os.environ, "HF_HOME": str(place / "home"), "PYTHONPATH": os.pathsep.join(map(str, (PROJECT, ZOO)))},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads((place / "told.json").read_text())
    if "not usable" in told:
        pytest.skip(told["not usable"])
    return told, canary


@pytest.mark.parametrize("name", CONFIGS)
def test_nothing_of_a_config_runs_fetches_or_opens_anything(opened, name):
    told, canary = opened
    became, attention, seen = told[name]
    assert seen == []
    assert not canary.exists()
    assert became.partition(":")[0] == CONFIGS[name][1], became
    assert set(attention) <= {"sdpa", "eager", "None"}


def test_what_a_config_asks_for_and_does_not_get_is_told(tmp_path):
    (tmp_path / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    part = {"auto_map": {"AutoModel": "a.B"}, "attn_implementation": KERNEL}
    config = {"model_type": "x", "text_config": part, "quantization_config": {"quant_method": "fp8"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    said = " ".join(describe_file(str(tmp_path)).warnings)
    assert "`trust_remote_code`" in said
    assert f"a kernel (`attn_implementation`: {KERNEL})" in said
    assert "quantized" in said


def test_what_is_honest_stays():
    honest = {
        "dtype": "bfloat16",
        "attn_implementation": "sdpa",
        "backbone": "resnet50",
        "label2id": {"auto_map": 0, "cache_dir": 1},
        "layers": [{"size": 3, "kinds": ["a"]}, None, 1.5],
    }
    assert without_code(honest) == honest


def test_a_config_nested_without_end_is_refused():
    nested: dict[str, object] = {}
    for _ in range(100):
        nested = {"text_config": nested}
    with pytest.raises(Refused, match="nested more deeply"):
        without_code(nested)


def test_a_place_of_this_machine_in_a_warning_is_cut(tmp_path: Path):
    (tmp_path / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "x", "attn_implementation": "a" * 10_000 + "/b"}))
    assert all(len(warning) < 300 for warning in describe_file(str(tmp_path)).warnings)
