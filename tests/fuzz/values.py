"""Values that a careless or malicious caller may give."""

from typing import Any

import numpy as np

INTEGERS = (
    -1,
    0,
    1,
    2,
    7,
    1000,
    2**31,
    2**32,
    2**62,
    2**63 - 1,
    2**63,
    2**64 - 9,
    2**64 - 1,
    2**80,
)
NUMBERS = (0.0, -0.0, 1e-45, 1e-38, 1.0, -1.0, 1e30, 1e300, np.inf, -np.inf, np.nan)
OTHERS = (None, True, "x", "", b"x", 1j, [], {}, object(), [None], [[1], [1, 2]], "relu", 1.5)


def choose(random, values):
    return values[int(random.integers(len(values)))]


def odd_scalar(random) -> Any:
    return choose(random, choose(random, (INTEGERS, NUMBERS, OTHERS)))


def misaligned(array: np.ndarray) -> np.ndarray:
    memory = np.empty(array.nbytes + array.itemsize, np.uint8)
    start = 1 - memory.ctypes.data % array.itemsize
    view = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


def with_values(random, array: np.ndarray) -> np.ndarray:
    array = array.astype(np.float64)
    if array.size:
        with np.errstate(all="ignore"):
            array.flat[int(random.integers(array.size))] = choose(random, NUMBERS)
    return array


def reshaped(random, array: np.ndarray) -> np.ndarray:
    return choose(random, (
        lambda: array[None], array.ravel, lambda: array.T, lambda: array[:0],
        lambda: array[..., :0], lambda: array[..., None], lambda: array[:1], lambda: array[::-1],
        lambda: array[::2], lambda: np.broadcast_to(array, (3, *array.shape)),
        lambda: np.zeros(()), lambda: np.zeros((0,) * max(1, array.ndim)),
    ))()  # fmt: skip


def retyped(random, array: np.ndarray) -> Any:
    dtypes = (
        "f2",
        "f4",
        "f8",
        ">f8",
        ">f4",
        "i1",
        "i2",
        "i4",
        "u1",
        "u2",
        "u8",
        "?",
        "c16",
        "O",
        "U8",
    )
    with np.errstate(all="ignore"):
        return array.astype(choose(random, dtypes))


def odd_array(random, array: np.ndarray) -> Any:
    """An array like this one, or not."""
    array = np.asarray(array)
    for _ in range(random.integers(0, 3)):
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf" or not array.ndim:
            return array
        array = choose(random, (
            lambda a: misaligned(a) if a.size else a, np.asfortranarray,
            lambda a: with_values(random, a), lambda a: reshaped(random, a),
            lambda a: retyped(random, a), lambda a: np.ma.masked_array(a, np.zeros(a.shape)),
            lambda a: a.tolist(), lambda a: choose(random, OTHERS), lambda a: a * 1e30,
        ))(array)  # fmt: skip
    return array


def mutated_json(random, value: Any) -> Any:
    """The value with something in it changed, taken away, repeated or buried."""
    if isinstance(value, dict) and value and random.random() < 0.9:
        key = choose(random, sorted(value))
        if random.random() < 0.1:
            return {k: v for k, v in value.items() if k != key}
        name = key if random.random() < 0.95 else "unknown"
        return value | {name: mutated_json(random, value[key])}
    if isinstance(value, list) and value and random.random() < 0.8:
        place = int(random.integers(len(value)))
        changed = [mutated_json(random, value[place])] * choose(random, (0, 1, 1, 2, 300))
        return value[:place] + changed + value[place + 1 :]
    if isinstance(value, int | float) and random.random() < 0.7:
        return choose(random, (value + 1, value - 1, 2 * value, -value, value + 0.5, str(value)))
    odd = odd_scalar(random)
    if isinstance(odd, bytes | complex) or type(odd) is object:
        odd = [[[[]]]]
    return odd
