"""Trains a small CNN on scikit-learn's digits and saves it in every format that the app opens."""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

from making.saving import import_source, save_exported, save_onnx, save_safetensors, save_torchscript

GOAL = 0.97  # of the held-out scans, as the README says
EPOCHS = 40


@dataclass(frozen=True)
class Digits:
    """The held-out scans, (N, 8, 8) uint8 in 0…255, what they are, and what the model says."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]


def make(folder: Path) -> Digits:
    """Train, check the accuracy, save; gives the held-out part."""
    source = import_source(folder / "digits_cnn.py")
    scans = load_digits()
    # Grey levels 0…16 become 0…255, rounded once, so that a PNG read back is what the model was trained on.
    images = np.rint(scans.images * (255 / 16)).astype(np.uint8)
    labels = scans.target.astype(np.int64)
    train, held_out = train_test_split(np.arange(len(labels)), test_size=0.25, random_state=0, stratify=labels)
    model = _trained(source.DigitsCNN, images[train], labels[train])
    predicted = _predict(model, images[held_out])
    accuracy = float((predicted == labels[held_out]).mean())
    print(f"digits: {accuracy:.4f} of {len(held_out)} held-out scans")
    if accuracy <= GOAL:
        raise SystemExit(f"The digits model reached only {accuracy:.4f}; over {GOAL} is promised.")
    _save_all(model, folder, images[train], labels[train])
    return Digits(images[held_out], labels[held_out], predicted)


def as_input(images: NDArray[np.uint8]) -> torch.Tensor:
    """(N, 8, 8) in 0…255 to (N, 1, 8, 8) in [0, 1]: what the app feeds for a grey image, unless told otherwise."""
    return torch.from_numpy(images.astype(np.float32) / 255).unsqueeze(1)


def _trained(make_model, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> nn.Module:
    torch.manual_seed(0)
    model = make_model()
    inputs, targets = as_input(images), torch.from_numpy(labels)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, 1e-2, epochs=EPOCHS, steps_per_epoch=(len(labels) + 63) // 64
    )
    model.train()
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(labels)).split(64):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(inputs[batch]), targets[batch]).backward()
            optimiser.step()
            schedule.step()
    return model.eval()


def _predict(model: nn.Module, images: NDArray[np.uint8]) -> NDArray[np.int64]:
    with torch.no_grad():
        return model(as_input(images)).argmax(1).numpy()


def _save_all(model: nn.Module, folder: Path, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
    weights = model.state_dict()
    torch.save(weights, folder / "digits_state_dict.pth")
    torch.save(weights, folder / "digits_state_dict_legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(model, folder / "digits_own_class.pth")
    torch.save(_trained(_sequential, images, labels), folder / "digits_module.pth")
    save_torchscript(model, folder / "digits_torchscript.pt")
    save_safetensors(weights, folder / "digits.safetensors")
    save_exported(model, folder / "digits.pt2")
    save_onnx(model, folder / "digits.onnx")
    (folder / "classes.txt").write_text("".join(f"{digit}\n" for digit in range(10)))


def _sequential() -> nn.Sequential:
    """A net of torch's own classes alone, so that its pickle needs no consent."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 16, 3, padding=1),
            relu1=nn.ReLU(),
            conv2=nn.Conv2d(16, 16, 3, padding=1),
            norm=nn.BatchNorm2d(16),
            relu2=nn.ReLU(),
            pool=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            hidden=nn.Linear(16 * 4 * 4, 48),
            relu3=nn.ReLU(),
            output=nn.Linear(48, 10),
        )
    )
