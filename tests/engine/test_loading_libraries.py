"""Weights that come alone: constructors of installed libraries, ranked by their keys, and made as chosen."""

import json

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from inspector.engine.errors import Cancelled, EngineError, WrongUseError
from inspector.engine.formats import describe_file
from inspector.engine.loading import Loaded, load_model
from inspector.engine.loading.libraries import LIBRARIES, Library, NotUsable
from inspector.engine.loading.libraries.ranking import Sought, rank
from inspector.engine.loading.steps import SILENT, Steps
from inspector.protocol.events import EntryNeeded
from inspector.protocol.requests import LoadModel

pytestmark = pytest.mark.filterwarnings("ignore")  # the libraries warn of their own older parts
TORCHVISION, TIMM, TRANSFORMERS = LIBRARIES


@pytest.fixture(scope="module")
def torchvision():
    return pytest.importorskip("torchvision")


@pytest.fixture(scope="module")
def timm(torchvision):
    return pytest.importorskip("timm")


@pytest.fixture(scope="module")
def transformers(torchvision):
    return pytest.importorskip("transformers")


def load(path, **options):
    return load_model(LoadModel(path=str(path), **options), describe_file(str(path)))


def ranked(model, *libraries, hints=()):
    found = rank(Sought(model.state_dict(), {}, frozenset(hints)), libraries, SILENT, seconds=60).found
    return [(one.entry.name, one.fit.faults) for one in found]


def small_bert(transformers, **options):
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
    config = transformers.BertConfig(**sizes, vocab_size=70, max_position_embeddings=40, num_labels=3, **options)
    return transformers.BertForSequenceClassification(config).eval()


def test_weights_of_torchvision_are_recognised_made_and_give_the_same_outputs(tmp_path, torchvision):
    model = torchvision.models.squeezenet1_1(num_classes=4).eval()
    torch.save(model.state_dict(), tmp_path / "weights.pth")
    asked = load(tmp_path / "weights.pth")
    assert isinstance(asked, EntryNeeded)
    assert asked.chosen == "torchvision.squeezenet1_1"
    assert asked.entries[0].why == "52 of 52 keys match"
    assert {one.name: one.proposed for one in asked.entries[0].parameters} == {"num_classes": "4"}
    loaded = load(tmp_path / "weights.pth", entry=asked.chosen, arguments={"num_classes": "4"})
    assert isinstance(loaded, Loaded)
    x = torch.randn(1, 3, 64, 64)
    assert torch.equal(loaded.module.eval()(x), model(x))
    assert loaded.keys.random == ()


def test_the_number_of_classes_is_found_where_the_chosen_constructor_is_not_told_it(tmp_path, torchvision):
    torch.save(torchvision.models.squeezenet1_1(num_classes=4).state_dict(), tmp_path / "weights.pth")
    loaded = load(tmp_path / "weights.pth", entry="torchvision.squeezenet1_1")
    assert loaded.keys.sentence == "All 52 keys match."
    assert loaded.notes == ("num_classes=4 was taken from the weights.",)


def test_a_part_that_only_training_has_is_found_by_trying(torchvision):
    from torchvision.models.segmentation import lraspp_mobilenet_v3_large

    model = lraspp_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=5)
    assert ranked(model, TORCHVISION)[0] == ("torchvision.lraspp_mobilenet_v3_large", 0)


def test_timm_comes_first_for_its_own_architectures_and_other_inputs(timm):
    assert ranked(timm.create_model("ghostnet_100", num_classes=7, in_chans=1), TIMM)[0] == ("timm.ghostnet_100", 0)


def test_the_files_name_decides_between_equals(timm):
    with torch.device("meta"):
        model = timm.create_model("resnet18")
    names = [name for name, faults in ranked(model, TORCHVISION, TIMM, hints={"resnetblur18"}) if not faults]
    assert names[0] == "timm.resnetblur18"
    assert "torchvision.resnet18" in names


def test_sizes_and_depth_of_a_transformer_are_found_by_trying(transformers):
    (name, faults), *_ = ranked(small_bert(transformers), TRANSFORMERS, hints={"bertforsequenceclassification"})
    assert faults == 0
    assert "Bert" in name


def test_the_number_of_heads_which_weights_do_not_tell_is_said_to_be_a_guess(tmp_path, transformers):
    model = small_bert(transformers)
    torch.save(model.state_dict(), tmp_path / "bert.pth")
    entry = "transformers.BertForSequenceClassification"
    guessed = load(tmp_path / "bert.pth", entry=entry)
    assert guessed.keys.missing == ()
    assert [note for note in guessed.notes if note.startswith("num_attention_heads=") and "is a guess" in note]
    given = load(tmp_path / "bert.pth", entry=entry, arguments={"num_attention_heads": "4"})
    assert not [note for note in given.notes if "is a guess" in note]
    x = torch.randint(0, 70, (2, 5))
    assert torch.equal(given.module.eval()(x).logits, model(x).logits)


def test_a_hugging_face_folder_runs_through_transformers_with_its_own_config(tmp_path, transformers):
    model = small_bert(transformers)
    model.save_pretrained(tmp_path / "bert", max_shard_size="20KB")
    assert (tmp_path / "bert" / "model.safetensors.index.json").is_file()  # in shards
    loaded = load(tmp_path / "bert")
    assert isinstance(loaded, Loaded)
    assert loaded.entry == "transformers.BertForSequenceClassification"
    assert (loaded.keys.missing, loaded.keys.unexpected, loaded.keys.random) == ((), (), ())
    x = torch.randint(0, 70, (2, 5))
    assert torch.equal(loaded.module(x).logits, model(x).logits)


def test_tied_weights_that_the_file_has_once_are_not_called_missing(tmp_path, transformers):
    config = transformers.GPT2Config(n_embd=16, n_layer=1, n_head=2, vocab_size=30, n_positions=20)
    model = transformers.GPT2LMHeadModel(config).eval()
    model.save_pretrained(tmp_path / "gpt")
    loaded = load(tmp_path / "gpt")
    assert (loaded.keys.missing, loaded.keys.random) == ((), ())
    x = torch.randint(0, 30, (1, 6))
    assert torch.equal(loaded.module(x).logits, model(x).logits)


def test_code_that_a_folder_brings_is_named_and_not_run(tmp_path, transformers):
    folder, canary = tmp_path / "own", tmp_path / "canary"
    folder.mkdir()
    save_file({"layer.weight": torch.zeros(2, 2)}, folder / "model.safetensors")
    (folder / "modeling_own.py").write_text(f"open({str(canary)!r}, 'w').close()\n")
    config = {"architectures": ["OwnModel"], "auto_map": {"AutoModel": "modeling_own.OwnModel"}, "model_type": "own"}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(EngineError, match=r"modeling_own\.OwnModel, `trust_remote_code`\); that is not run") as caught:
        load(folder)
    assert "Attach the .py" in caught.value.fix
    assert not canary.exists()


def test_a_class_that_transformers_does_not_have_is_a_sentence(tmp_path, transformers):
    folder = tmp_path / "other"
    folder.mkdir()
    save_file({"layer.weight": torch.zeros(2, 2)}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"architectures": ["OfAnotherTime"], "model_type": "another"}))
    with pytest.raises(EngineError, match=r"transformers .* has no model OfAnotherTime"):
        load(folder)


def test_a_timm_folder_is_made_by_its_architecture(tmp_path, timm):
    folder = tmp_path / "timm"
    folder.mkdir()
    model = timm.create_model("lcnet_050", num_classes=3).eval()
    save_file(model.state_dict(), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"architecture": "lcnet_050", "num_classes": 3}))
    loaded = load(folder)
    assert (loaded.entry, loaded.keys.missing) == ("timm.lcnet_050", ())
    x = torch.randn(1, 3, 32, 32)
    assert torch.equal(loaded.module.eval()(x), model(x))


@pytest.mark.parametrize(
    "entry", ["torchvision.os", "timm.no_such_net", "transformers.AutoModel", "transformers.pipeline"]
)
def test_only_models_of_a_library_are_constructors(tmp_path, transformers, timm, entry):
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "weights.pt")
    with pytest.raises((WrongUseError, EngineError)):
        load(tmp_path / "weights.pt", entry=entry)


def test_ranking_stops_when_it_is_cancelled(torchvision):
    steps = []

    def between():
        steps.append(1)
        if len(steps) > 1:
            raise Cancelled

    model = torchvision.models.squeezenet1_1()
    with pytest.raises(Cancelled):
        rank(Sought(model.state_dict(), {}), [TORCHVISION], Steps(between=between))


def test_a_library_that_cannot_be_used_is_left_out_and_said(torchvision):
    def broken():
        raise NotUsable("timm", "timm is installed, but can't be used here, because it is Tuesday.", installed=True)

    model = torchvision.models.squeezenet1_1()
    other = Library("timm", broken, TIMM.entry, TIMM.make)
    ranking = rank(Sought(model.state_dict(), {}), [other, TORCHVISION], SILENT)
    assert [error.why for error in ranking.unusable] == [
        "timm is installed, but can't be used here, because it is Tuesday."
    ]
    assert ranking.found[0].entry.name == "torchvision.squeezenet1_1"
