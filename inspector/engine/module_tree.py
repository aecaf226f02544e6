"""The module tree of a loaded model: a row a module, with its parameters and buffers."""

from collections.abc import Iterable

import torch
from torch import nn

from inspector.engine.capture.names import dtype_name
from inspector.engine.capture.operations import module_details
from inspector.engine.capture.table import class_name, is_lazy, num_elements
from inspector.protocol.files import FileFormat, ModelInfo, ModuleRow, ParameterRow


def module_rows(module: nn.Module) -> tuple[ModuleRow, ...]:
    """A row for each module in the order of `named_modules`, the root first, under fqn ""."""
    first_names: dict[int, str] = {}
    return tuple(_row(fqn, child, first_names) for fqn, child in module.named_modules())


def model_info(module: nn.Module, file_format: FileFormat) -> ModelInfo:
    """The model in a line."""
    parameters = list(module.parameters())
    return ModelInfo(
        format=file_format,
        class_name=class_name(module),
        num_params=sum(num_elements(parameter) for parameter in parameters),
        size_bytes=_size_bytes(module),
        num_trainable=sum(num_elements(parameter) for parameter in parameters if parameter.requires_grad),
        dtype=_main_dtype([*parameters, *module.buffers()]),
    )


def _row(fqn: str, module: nn.Module, first_names: dict[int, str]) -> ModuleRow:
    return ModuleRow(
        fqn=fqn,
        class_name=class_name(module),
        num_params=sum(num_elements(parameter) for parameter in module.parameters()),
        size_bytes=_size_bytes(module),
        details=module_details(module),
        tensors=tuple(_own_tensors(fqn, module, first_names)),
    )


def _own_tensors(fqn: str, module: nn.Module, first_names: dict[int, str]) -> Iterable[ParameterRow]:
    prefix = f"{fqn}." if fqn else ""
    parameters = module.named_parameters(recurse=False, remove_duplicate=False)
    for name, parameter in parameters:
        first = first_names.setdefault(id(parameter), prefix + name)
        yield ParameterRow(
            name=name,
            shape=_shape(parameter),
            dtype=dtype_name(parameter.dtype),
            kind="parameter",
            trainable=parameter.requires_grad,
            shared_with="" if first == prefix + name else first,
        )
    for name, buffer in module.named_buffers(recurse=False, remove_duplicate=False):
        first = first_names.setdefault(id(buffer), prefix + name)
        yield ParameterRow(
            name=name,
            shape=_shape(buffer),
            dtype=dtype_name(buffer.dtype),
            kind="buffer",
            shared_with="" if first == prefix + name else first,
        )


def _size_bytes(module: nn.Module) -> int:
    return sum(num_elements(tensor) * tensor.dtype.itemsize for tensor in (*module.parameters(), *module.buffers()))


def _main_dtype(tensors: list[torch.Tensor]) -> str:
    """The floating type with most elements; a model without any tensors computes in torch's default."""
    elements: dict[str, int] = {}
    floating = [tensor for tensor in tensors if tensor.is_floating_point() or tensor.is_complex()]
    for tensor in floating or tensors:
        name = dtype_name(tensor.dtype)
        elements[name] = elements.get(name, 0) + num_elements(tensor)
    return max(elements, key=lambda name: elements[name]) if elements else dtype_name(torch.get_default_dtype())


def _shape(tensor: torch.Tensor) -> tuple[int, ...]:
    return () if is_lazy(tensor) else tuple(tensor.shape)
