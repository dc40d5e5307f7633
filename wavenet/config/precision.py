"""The precisions that a model is kept in and computed with."""

from typing import Literal, get_args

Precision = Literal["float32", "bf16", "int8"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
