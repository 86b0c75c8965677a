"""LSTM operators with everything that they can have: peepholes, a coupled input gate, projection, layer
norm, both directions; float, int8 weights, integer."""
import itertools

from tfl import Model, Quant, options
from .base import Case, cases

TANH = 4
GATES = range(4)


class Cell:
    """Adds the tensors of one cell to a model; `features` of: peephole, cifg, projection, norm."""

    def __init__(self, model, v, kind, sizes, features, x_scale=None, h_scale=None):
        self.model, self.v, self.kind, self.features = model, v, kind, features
        self.batch, self.width, self.units = sizes
        self.outputs = max(1, self.units - 2) if "projection" in features else self.units
        self.x_scale, self.h_scale = x_scale, h_scale

    def matrix(self, rows, columns):
        if self.kind == "float32":
            return self.model.const(self.v.array([rows, columns], "float32", -0.6, 0.6)), None
        quant = Quant(self.v.scale(2e-3, 1e-2), 0)
        return self.model.const(self.v.array([rows, columns], "int8", -127, 127), quant=quant), quant

    def vector(self, size, low=-0.5, high=0.5, dtype="int16", scale=None):
        """A float vector, or an integer one where the kernel wants that."""
        if self.kind != "int8":
            return self.model.const(self.v.array([size], "float32", low, high))
        quant = Quant(self.v.scale(1e-5, 3e-5) if scale is None else scale, 0)
        reach = 32767 if dtype == "int16" else max(1, int(1.0 / float(quant.scale[0])))
        return self.model.const(self.v.array([size], dtype, -reach, reach), quant=quant)

    def peephole(self):
        if self.kind != "hybrid":
            return self.vector(self.units)
        return self.model.const(self.v.array([self.units], "int8", -127, 127),
                                quant=Quant(self.v.scale(2e-3, 6e-3), 0))

    def weights(self):
        """Ids of inputs 1 to 17."""
        first = 1 if "cifg" in self.features else 0
        of_x = [self.matrix(self.units, self.width) if g >= first else (-1, None) for g in GATES]
        of_h = [self.matrix(self.units, self.outputs) if g >= first else (-1, None) for g in GATES]
        holes = [-1] * 3
        if "peephole" in self.features:
            holes = [self.peephole() if g >= first else -1 for g in range(3)]
        norm = "norm" in self.features
        biases = []
        for g in GATES:
            scale = None
            if self.kind == "int8" and g >= first:
                scale = 2.0 ** -22 if norm else self.x_scale * of_x[g][1].scale
            biases.append(self.vector(self.units, dtype="int32", scale=scale) if g >= first else -1)
        projection = [-1, -1]
        if "projection" in self.features:
            projection = [self.matrix(self.outputs, self.units)[0],
                          self.vector(self.outputs, dtype="int32", scale=1e-4)]
        return [i for i, _ in of_x] + [i for i, _ in of_h] + holes + biases + projection

    def states(self, h_quant=None, c_quant=None):
        integer = self.kind == "int8"
        return [self.model.tensor([self.batch, self.outputs], "int8" if integer else "float32", h_quant,
                                  variable=True),
                self.model.tensor([self.batch, self.units], "int16" if integer else "float32", c_quant,
                                  variable=True)]

    def norms(self):
        if "norm" not in self.features:
            return [-1] * 4
        first = 1 if "cifg" in self.features else 0
        return [self.vector(self.units, 0.1, 1.0) if g >= first else -1 for g in GATES]


def feature_sets(*extra):
    names = ("peephole", "cifg", "projection", "norm")
    sets = [set(c) for n in (0, 1, 2, 4) for c in itertools.combinations(names, n)]
    return sets + [set(e) for e in extra]


def intermediates(model, v, features, h_quant):
    """What the integer kernel asks for: the gates' scales under layer norm, then the hidden value's."""
    if "norm" in features:
        gates = [model.tensor([0], "int16", Quant(v.scale(1e-4, 4e-4), 0)) for _ in GATES]
    else:
        gates = [model.tensor([0], "float32") for _ in GATES]
    hidden = Quant(v.scale(5e-3, 8e-3), v.pick(0, 3, -7)) if "projection" in features else h_quant
    return gates + [model.tensor([0], "int8", hidden)]


def sequence_variants(op, v):
    for kind, features in itertools.product(("float32", "hybrid", "int8"), feature_sets()):
        time_major = v.int(0, 1) == 1
        batch, time, width, units = v.int(1, 3), v.int(1, 6), v.int(1, 18), v.int(3, 19)
        if kind == "int8" and {"peephole", "projection"} <= features:
            batch = 1  # the official kernel mixes batches here
        shape = [time, batch, width] if time_major else [batch, time, width]
        integer = kind == "int8"
        dtype = "int8" if integer else "float32"
        x_quant = Quant(v.scale(0.01, 0.03), v.int(-60, 60)) if integer else None
        h_quant = Quant(1 / 128, v.pick(0, -1, 5)) if integer else None
        c_quant = Quant(2.0 ** -v.int(9, 15), 0) if integer else None
        model = Model()
        x = model.input(shape, dtype, x_quant)
        cell = Cell(model, v, kind, (batch, width, units), features,
                    x_scale=None if x_quant is None else x_quant.scale)
        ids = [x] + cell.weights() + cell.states(h_quant, c_quant) + cell.norms()
        extra = intermediates(model, v, features, h_quant) if integer else None
        out = model.output(shape[:2] + [cell.outputs], dtype, h_quant)
        asymmetric = kind == "hybrid" and v.int(0, 1) == 1
        table = options("UnidirectionalSequenceLSTM", fusedActivationFunction=TANH if integer else v.pick(TANH, 1, 3),
                        cellClip=v.pick(0.0, 1.0, 5.0), projClip=v.pick(0.0, 0.3), timeMajor=time_major,
                        asymmetricQuantizeInputs=asymmetric)
        model.op("UNIDIRECTIONAL_SEQUENCE_LSTM", ids, [out], table, 3, intermediates=extra)
        label = f"{kind}{' asymmetric' if asymmetric else ''} {'+'.join(sorted(features)) or 'plain'} {shape} units {units}"
        yield Case(op, label, model.bytes(), [v.array(shape, dtype)], integer, 1e-3 if kind == "hybrid" else 1e-5)


@cases("lstm")
def lstm(op, v):
    for kind, features in itertools.product(("float32", "hybrid"), feature_sets()):
        batch, width, units = v.int(1, 3), v.int(1, 18), v.int(3, 19)
        model = Model()
        x = model.input([batch, width], "float32")
        cell = Cell(model, v, kind, (batch, width, units), features)
        ids = [x] + cell.weights() + cell.states() + cell.norms()
        table = options("LSTM", fusedActivationFunction=TANH, cellClip=v.pick(0.0, 1.0), projClip=v.pick(0.0, 0.3),
                        kernelType=0)
        model.op("LSTM", ids, [model.output([batch, cell.outputs], "float32")], table, 3)
        yield Case(op, f"{kind} {'+'.join(sorted(features)) or 'plain'} {[batch, width]} units {units}",
                   model.bytes(), [v.array([batch, width], "float32")], False, 1e-3 if kind == "hybrid" else 1e-5)


@cases("bidirectional_sequence_lstm")
def both_directions(op, v):
    kinds = ("float32", "hybrid")
    features_of = [set(), {"peephole"}, {"cifg"}, {"projection"}, {"peephole", "projection"}]
    for kind, features, merge, second in itertools.product(kinds, features_of, (False, True), (None, "stacked", "linked")):
        time_major = v.int(0, 1) == 1
        batch, time, width, units = v.int(1, 3), v.int(1, 5), v.int(1, 9), v.int(3, 9)
        if merge:
            batch = 1  # the official kernel strides its state by the merged width
        shape = [time, batch, width] if time_major else [batch, time, width]
        model = Model()
        inputs = [model.input(shape, "float32")]
        forward = Cell(model, v, kind, (batch, width, units), features)
        backward = Cell(model, v, kind, (batch, width, units), features)
        ids = inputs + forward.weights() + backward.weights() + forward.states() + backward.states()
        if second:
            inputs.append(model.input(shape, "float32"))
        ids += inputs[1:] or [-1]
        for _ in range(2):
            first = 1 if "cifg" in features else 0
            ids += [forward.matrix(units, width)[0] if second == "linked" and g >= first else -1 for g in GATES]
        widths = [forward.outputs + backward.outputs] if merge else [forward.outputs, backward.outputs]
        outputs = [model.output(shape[:2] + [w], "float32") for w in widths]
        table = options("BidirectionalSequenceLSTM", fusedActivationFunction=TANH, cellClip=v.pick(0.0, 1.0),
                        projClip=0.0, mergeOutputs=merge, timeMajor=time_major)
        model.op("BIDIRECTIONAL_SEQUENCE_LSTM", ids, outputs, table, 2)
        label = f"{kind} {'+'.join(sorted(features)) or 'plain'} {shape} units {units} merge={merge} second={second}"
        yield Case(op, label, model.bytes(), [v.array(shape, "float32") for _ in inputs], False,
                   1e-3 if kind == "hybrid" else 1e-5)
