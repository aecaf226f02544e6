"""Saves the cases that are more than a source file. Each has its class, or the function that builds it, beside it."""

from pathlib import Path
from types import ModuleType

import torch
from torch import nn

from making.saving import import_source, save_safetensors, save_torchscript

THREE_LOGITS = (-4.6320, 1.3062, 3.2554)
TWO_LOGITS = (-3.0, 5.0)


def make(folder: Path) -> None:
    """Save them all."""
    torch.manual_seed(1)
    torch.save(_source(folder, "a1_softmax_inside").SoftmaxInside().state_dict(), folder / "a1_softmax_inside.pth")
    torch.save(_source(folder, "a2_sigmoid_inside").build_sigmoid_inside(), folder / "a2_sigmoid_inside.pth")
    save_torchscript(_source(folder, "a3_regression").Regression().eval(), folder / "a3_regression.pt")
    save_safetensors(_source(folder, "a4_classifier").FourClasses().state_dict(), folder / "a4_classifier.safetensors")
    torch.save(_source(folder, "b1_linear").build_linear(), folder / "b1_linear.pth")
    _save_twins(folder)
    torch.save(_with_history(_source(folder, "d4_train_or_eval").NormAndDropout()), folder / "d4_train_or_eval.pth")
    _save_logits(folder)


def _save_twins(folder: Path) -> None:
    source = _source(folder, "d1_sequential")
    relu, tanh = source.build_with_relu(), source.build_with_tanh()
    tanh.load_state_dict(relu.state_dict())
    torch.save(relu, folder / "d1_sequential.pth")
    torch.save(relu, folder / "d3_relu.pth")
    torch.save(tanh, folder / "d3_tanh.pth")


def _with_history(model: nn.Module) -> dict[str, torch.Tensor]:
    """Running statistics of some batches, so that train and eval differ as they do after training."""
    model.train()
    with torch.no_grad():
        for _ in range(20):
            model(torch.randn(16, 8) * 2 + 1)
    return model.state_dict()


def _save_logits(folder: Path) -> None:
    source = _source(folder, "e2_logits")
    for make_model, name in ((source.ThreeLogits, "e2_logits"), (source.SigmoidThenSoftmax, "e2_sigmoid_then_softmax")):
        model = make_model()
        _answer_ones_with(model.linear, THREE_LOGITS)
        torch.save(model.state_dict(), folder / f"{name}.pth")
    two = _source(folder, "e3_two_logits").build_two_logits()
    _answer_ones_with(two[0], TWO_LOGITS)
    torch.save(two, folder / "e3_two_logits.pth")


def _answer_ones_with(linear: nn.Linear, logits: tuple[float, ...]) -> None:
    """Weights by which an input of ones gives exactly these logits: a quarter from each of four features, no bias."""
    with torch.no_grad():
        linear.weight.copy_(torch.tensor(logits).unsqueeze(1).expand(-1, 4) / 4)
        linear.bias.zero_()


def _source(folder: Path, name: str) -> ModuleType:
    return import_source(folder / f"{name}.py")
