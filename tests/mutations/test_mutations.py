"""A seeded few of the mutations that `make mutations` judges, and the judge itself."""

import mutation_bases
import mutation_judge
import mutation_kinds
import pytest

CHOSEN = (
    ("CNN, Sequential", "size in", "net.8"),
    ("CNN, Sequential", "drop Flatten", "net.7"),
    ("CNN, Sequential", "add softmax at the end", "net.10"),
    ("CNN, modules and functions", "padding", "conv2"),
    ("CNN, modules and functions", "drop pooling", "pool"),
    ("residual", "size out", "down"),
    ("MLP, modules", "detach", "act"),
    ("MLP, modules", "no_grad", "fc2"),
    ("MLP, functions", "swap batch and another axis", "out"),
    ("MLP, modules", "drop layer", "fc3"),
    ("LSTM", "batch_first", "rnn"),
    ("GRU", "another axis of mean", "mean"),
    ("attention by hand", "another axis of softmax", "softmax"),
    ("U-Net", "size out", "up"),
    ("ViT", "no_grad", "flatten"),
)
BASES = {base.name: base for base in mutation_bases.bases(7)}


def mutation_of(base, kind, site):
    return next(one for one in mutation_kinds.mutations(base.source, 7) if (one.kind, one.site) == (kind, site))


@pytest.mark.filterwarnings("ignore")  # torch warns of what mutants do
@pytest.mark.parametrize(("name", "kind", "site"), CHOSEN)
def test_what_is_said_first_names_the_mutated_place(name, kind, site):
    base = BASES[name]
    verdict = mutation_judge.judged(base, mutation_of(base, kind, site))
    assert not verdict.legal
    assert verdict.named, (verdict.said, verdict.told)


@pytest.mark.parametrize("name", ["CNN, Sequential", "GRU", "ViT"])
def test_a_healthy_model_is_legal_and_gets_neither_an_error_nor_a_failure(name):
    base = BASES[name]
    module = mutation_judge.built(base.source)
    tensor = mutation_judge.made(mutation_judge.fed(base))
    assert mutation_judge.is_legal(module, mutation_judge.built(base.source), tensor)
    said, failed = mutation_judge.said_of(module, mutation_judge.fed(base), tensor)
    assert not failed
    assert said == []


def test_a_dropped_activation_is_a_legal_model():
    base = BASES["MLP, modules"]
    assert mutation_judge.judged(base, mutation_of(base, "drop activation", "act")).legal


def test_naming_another_layer_is_a_miss():
    base = BASES["CNN, Sequential"]
    mutation = mutation_of(base, "size in", "net.8")
    elsewhere = mutation._replace(site="net.0")
    assert not mutation_judge.judged(base, elsewhere).named
