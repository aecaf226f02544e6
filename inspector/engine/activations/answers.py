"""What each request about the kept tensor is answered with."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from inspector.engine.activations.fetching import Kept
from inspector.engine.activations.maps import read_maps
from inspector.engine.activations.measuring import is_attention, measure_all
from inspector.engine.activations.reading import array_dtype, find_value, read_cells, read_row
from inspector.engine.errors import EngineError
from inspector.engine.inputs.dtypes import dtype_name
from inspector.protocol.base import ArrayRef
from inspector.protocol.events import CellsRead, MapsRead, RowRead, TensorFetched, TensorMeasured, ValueFound
from inspector.protocol.requests import FindValue, MeasureTensor, ReadCells, ReadMaps, ReadRow

ReadRequest = MeasureTensor | ReadCells | ReadMaps | FindValue | ReadRow
ReadEvent = TensorMeasured | CellsRead | MapsRead | ValueFound | RowRead


def fetched_event(kept: Kept) -> TensorFetched:
    """What is kept, without its values."""
    tensor = kept.tensor
    return TensorFetched(
        place=kept.place,
        shape=tuple(tensor.shape),
        dtype=dtype_name(kept.dtype),
        array_dtype=array_dtype(tensor.dtype),
        size_bytes=tensor.numel() * tensor.element_size(),
        notes=kept.notes,
    )


def answer_of(
    kept: Kept | None,
    request: ReadRequest,
    put: Callable[[NDArray[np.generic]], ArrayRef],
    between_steps: Callable[[], None],
) -> ReadEvent:
    """The part of the kept tensor that is asked for.

    Raises:
        EngineError: another tensor is kept by now, or this one has no such part.
    """
    place = request.place
    if kept is None or kept.place != place:
        raise EngineError("These values are no longer kept.", "Fetch the tensor again.")
    tensor = kept.tensor
    match request:
        case MeasureTensor(bins=bins):
            statistics = measure_all(tensor, max(1, min(bins, 1024)), between_steps)
            return TensorMeasured(place=place, statistics=statistics, is_attention=is_attention(tensor, statistics))
        case ReadCells(window=window):
            return CellsRead(place=place, window=window, values=put(read_cells(tensor, window)))
        case ReadMaps(window=window):
            page = read_maps(tensor, window)
            return MapsRead(place=place, window=window, **{**page._asdict(), "maps": put(page.maps)})
        case FindValue(sought=sought):
            index, value = find_value(tensor, sought, between_steps)
            return ValueFound(place=place, sought=sought, index=index, value=value)
        case ReadRow(start=start, count=count):
            return RowRead(place=place, start=start, values=put(read_row(tensor, start, count)))
