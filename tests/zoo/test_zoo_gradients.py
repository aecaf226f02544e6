"""Healthy architectures, traced with the loss that fits them: no warning, and gradients as in plain torch."""

import importlib.util

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own custom
import zoo_odd
import zoo_table

from inspector.engine.gradients.tracing import flow_through
from inspector.protocol.requests import TraceGradients

REAL = ("torchvision mobilenet_v3_small", "timm lcnet_050")
# Importing the compiler takes longer than all the others; `test_zoo` runs these.
COMPILED = ("odd torch.compile around it", "odd a compiled part", "odd flex_attention")
# These do stop the gradient, or fail on the way back, in plain torch too.
STOP_IT = {
    "odd chain of writes in place": "relu_",
    "odd out= and scatter": "detach",
    "odd checkpointing, re-entrant": "Linear",
    "odd numpy round trip": "detach",
    "odd enable_grad and autograd.grad": "autograd.grad",
    "odd index, gather, argmax, topk": "argmax",
}
pytestmark = pytest.mark.filterwarnings("ignore")  # torch and the libraries warn of their own older parts


@pytest.mark.parametrize("name", REAL)
def test_a_real_architecture_is_reached_wholly_and_gets_no_warning(name: str) -> None:
    if importlib.util.find_spec(name.split(maxsplit=1)[0]) is None:
        pytest.skip(f"{name.split(maxsplit=1)[0]} is not installed; make test installs it")
    torch.manual_seed(0)
    specimen = zoo_table.specimens()[name]()
    request = TraceGradients(mode=specimen.mode)
    flow = flow_through(specimen.module, tuple(specimen.args), dict(specimen.kwargs), request)
    assert [finding.message for finding in flow.findings if finding.severity != "note"] == []
    assert {row.reached for row in flow.parameters} == {"reached"}
    assert not flow.problem
    assert len(flow.nodes) > 50


@pytest.mark.parametrize("name", [name for name, _ in zoo_odd.specimens() if name not in COMPILED])
def test_an_odd_model_is_warned_of_only_where_its_gradient_stops(name: str) -> None:
    torch.manual_seed(0)
    specimen = dict(zoo_odd.specimens())[name]()
    request = TraceGradients(loss="mse", mode=specimen.mode)
    flow = flow_through(specimen.module, tuple(specimen.args), dict(specimen.kwargs), request)
    warned = [finding.evidence.get("op") for finding in flow.findings if finding.severity != "note"]
    if name in STOP_IT:
        assert STOP_IT[name] in (*warned, *(stop.op for stop in flow.stops))
    else:
        assert warned == []
        assert "cut off" not in {row.reached for row in flow.parameters}


def test_a_resnets_gradients_are_those_of_plain_torch() -> None:
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed; make test installs it")
    torch.manual_seed(0)
    specimen = zoo_table.specimens()["torchvision resnet18"]()
    flow = flow_through(specimen.module, tuple(specimen.args), {}, TraceGradients(loss="cross_entropy"))
    plain = specimen.module.eval()
    logits = plain(*specimen.args)
    F.cross_entropy(logits, logits.detach().argmin(1)).backward()
    for row, (fqn, parameter) in zip(flow.parameters, plain.named_parameters(), strict=True):
        assert row.fqn == fqn
        assert row.norm == pytest.approx(float(parameter.grad.norm()), rel=1e-4), fqn
