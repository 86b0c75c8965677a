"""What the generators of one-operator models share: the case, the registry, seeded values."""
import dataclasses
import zlib

import numpy as np

from tfl import Model, Quant

OPS = {}  # operator name -> generator function

INT_LIMITS = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767),
              "int32": (-2**31, 2**31 - 1), "int64": (-2**63, 2**63 - 1)}


@dataclasses.dataclass
class Case:
    op: str
    label: str
    model: bytes
    inputs: list
    exact: bool  # integers: bit for bit; else to `tolerance`, relative to the largest expected value
    tolerance: float = 1e-5


def cases(*names):
    """Registers the function as the generator of these operators; called with (name, Values)."""
    def register(function):
        for name in names:
            OPS[name] = function
        return function
    return register


def generate(name):
    return list(OPS[name](name, Values(name)))


class Values:
    """Seeded random shapes, values and quantizations."""

    def __init__(self, name):
        self.rng = np.random.default_rng(zlib.crc32(name.encode()))

    def int(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def pick(self, *choices):
        return choices[self.int(0, len(choices) - 1)]

    def shape(self, rank, low=1, high=6):
        """Small extents; in every fourth shape one is long enough for a vector loop and its rest."""
        shape = [self.int(low, high) for _ in range(rank)]
        if rank and self.int(0, 3) == 0:
            shape[self.pick(rank - 1, self.int(0, rank - 1))] = self.int(8, 40)
        return shape

    def scale(self, low=1e-3, high=0.5):
        return np.float32(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def quant(self, dtype, low=1e-3, high=0.5):
        """A per-tensor quantization; every third zero point is an extreme one. None for float."""
        if dtype not in ("int8", "uint8", "int16"):
            return None
        first, last = INT_LIMITS[dtype]
        zero = 0 if dtype == "int16" else self.pick(first, last, self.int(first, last))
        if dtype != "int16" and self.int(0, 1):
            zero = self.int(first // 4 * 3, last // 4 * 3)
        return Quant(self.scale(low, high), zero)

    def array(self, shape, dtype, low=None, high=None):
        """Uniform values. Quantized types cover their range and contain its ends."""
        if dtype == "bool":
            return self.rng.integers(0, 2, shape).astype(bool)
        if dtype == "complex64":
            parts = self.rng.uniform(-3, 3, [2] + list(shape))
            return (parts[0] + 1j * parts[1]).astype(np.complex64)
        if dtype.startswith("float"):
            return self.rng.uniform(-3 if low is None else low, 3 if high is None else high,
                                    shape).astype(dtype)
        ends = INT_LIMITS.get(dtype, (0, 100))
        if dtype in ("int32", "int64") and low is None:
            ends = (-1000, 1000)
        first = ends[0] if low is None else low
        last = ends[1] if high is None else high
        array = self.rng.integers(first, last, shape, endpoint=True).astype(dtype)
        if array.size > 2:
            flat = array.reshape(-1)
            flat[self.int(0, array.size - 1)] = first
            flat[self.int(0, array.size - 1)] = last
        return array


def is_integer(dtype):
    return dtype in INT_LIMITS or dtype in ("bool", "uint16", "uint32", "uint64")


def simple(op, code, label, inputs, outputs, table=None, consts=(), exact=None, tolerance=1e-5,
           version=1, **op_fields):
    """A case of one operator. inputs: (array, quant); outputs: (shape, dtype, quant);
    consts: arrays or (array, quant) or None (absent), appended after the inputs."""
    model = Model()
    ids = [model.input(array.shape, array.dtype.name, quant) for array, quant in inputs]
    for const in consts:
        if const is None:
            ids.append(-1)
        else:
            data, quant = const if isinstance(const, tuple) else (const, None)
            ids.append(model.const(data, quant=quant))
    out = [model.output(*output) for output in outputs]
    model.op(code, ids, out, table, version, **op_fields)
    if exact is None:
        exact = all(is_integer(output[1]) for output in outputs)
    return Case(op, label, model.bytes(), [array for array, _ in inputs], exact, tolerance)
