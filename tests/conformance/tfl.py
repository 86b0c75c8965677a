"""A small writer of .tflite files for the tests, over the official package's generated schema."""
import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

TYPES = {
    "float32": schema.TensorType.FLOAT32, "float16": schema.TensorType.FLOAT16,
    "float64": schema.TensorType.FLOAT64, "int8": schema.TensorType.INT8,
    "int16": schema.TensorType.INT16, "int32": schema.TensorType.INT32,
    "int64": schema.TensorType.INT64, "uint8": schema.TensorType.UINT8,
    "uint16": schema.TensorType.UINT16, "uint32": schema.TensorType.UINT32,
    "uint64": schema.TensorType.UINT64, "bool": schema.TensorType.BOOL,
    "complex64": schema.TensorType.COMPLEX64, "int4": schema.TensorType.INT4,
    "resource": schema.TensorType.RESOURCE,
}
ACTIVATIONS = {None: 0, "relu": 1, "relu_n1": 2, "relu6": 3}
SAME, VALID = 0, 1


class Quant:
    """Per-tensor (scalars) or per-axis (arrays and the axis) quantization."""

    def __init__(self, scale, zero_point=0, axis=None):
        self.scale = np.atleast_1d(np.asarray(scale, np.float32))
        zero_points = np.atleast_1d(np.asarray(zero_point, np.int64))
        self.zero_point = np.broadcast_to(zero_points, self.scale.shape)
        self.axis = axis

    def table(self):
        table = schema.QuantizationParametersT()
        table.scale = self.scale
        table.zeroPoint = np.array(self.zero_point)
        table.quantizedDimension = self.axis or 0
        return table


def options(name, **fields):
    """The options table `name` (without the 'Options'), its fields set; unknown fields are errors."""
    table = getattr(schema, name + "OptionsT")()
    for key, value in fields.items():
        if not hasattr(table, key):
            raise KeyError(f"{name}Options has no field {key}")
        setattr(table, key, value)
    return table


def pack_int4(values):
    """Two values a byte, the even index in the low half."""
    flat = np.asarray(values, np.int8).reshape(-1) & 15
    if flat.size % 2:
        flat = np.append(flat, 0)
    return (flat[0::2] | (flat[1::2] << 4)).astype(np.uint8)


class Model:
    """Collects tensors and operators; bytes() packs them. Further subgraphs come from subgraph()."""

    def __init__(self, parent=None):
        self.root = parent or self
        self.tensors, self.operators = [], []
        self.inputs, self.outputs = [], []
        if parent is None:
            self.buffers = [schema.BufferT()]
            self.codes, self.graphs = [], [self]

    def subgraph(self):
        graph = Model(parent=self)
        self.graphs.append(graph)
        return graph

    def tensor(self, shape, dtype, quant=None, data=None, name=None, variable=False, signature=None):
        tensor = schema.TensorT()
        tensor.name = name or f"t{len(self.tensors)}"
        tensor.shape = np.asarray(shape, np.int32)
        tensor.type = TYPES[dtype]
        tensor.isVariable = variable
        if signature is not None:
            tensor.shapeSignature = np.asarray(signature, np.int32)
        if quant is not None:
            tensor.quantization = quant.table()
        if data is not None:
            buffer = schema.BufferT()
            raw = pack_int4(data) if dtype == "int4" else np.ascontiguousarray(data)
            buffer.data = np.frombuffer(raw.tobytes(), np.uint8)
            tensor.buffer = len(self.root.buffers)
            self.root.buffers.append(buffer)
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def input(self, shape, dtype, quant=None, name=None, signature=None):
        self.inputs.append(self.tensor(shape, dtype, quant, name=name, signature=signature))
        return self.inputs[-1]

    def output(self, shape, dtype, quant=None, name=None):
        self.outputs.append(self.tensor(shape, dtype, quant, name=name))
        return self.outputs[-1]

    def const(self, data, dtype=None, quant=None, name=None):
        data = np.asarray(data)
        return self.tensor(data.shape, dtype or data.dtype.name, quant, data, name=name)

    def op(self, code, inputs, outputs, table=None, version=1, custom=None, custom_options=None,
           second_union=False, intermediates=None):
        """`code` is the builtin's name, or 'CUSTOM' with `custom` its name."""
        value = getattr(schema.BuiltinOperator, code)
        key = (value, custom, version)
        if key not in self.root.codes:
            self.root.codes.append(key)
        operator = schema.OperatorT()
        operator.opcodeIndex = self.root.codes.index(key)
        operator.inputs = np.asarray(inputs, np.int32)
        operator.outputs = np.asarray(outputs, np.int32)
        if intermediates:
            operator.intermediates = np.asarray(intermediates, np.int32)
        if table is not None:
            union = schema.BuiltinOptions2 if second_union else schema.BuiltinOptions
            kind = getattr(union, type(table).__name__[:-1])
            if second_union:
                operator.builtinOptions2Type, operator.builtinOptions2 = kind, table
            else:
                operator.builtinOptionsType, operator.builtinOptions = kind, table
        if custom_options is not None:
            operator.customOptions = np.frombuffer(custom_options, np.uint8)
        self.operators.append(operator)
        return outputs[0] if outputs else None

    def _graph_table(self):
        table = schema.SubGraphT()
        table.tensors, table.operators = self.tensors, self.operators
        table.inputs = np.asarray(self.inputs, np.int32)
        table.outputs = np.asarray(self.outputs, np.int32)
        table.name = "main" if self.root is self else f"body{self.root.graphs.index(self)}"
        return table

    def bytes(self):
        model = schema.ModelT()
        model.version = 3
        model.description = "test"
        model.buffers = self.buffers
        model.operatorCodes = []
        for value, custom, version in self.codes:
            code = schema.OperatorCodeT()
            code.builtinCode, code.deprecatedBuiltinCode = value, min(value, 127)
            code.customCode, code.version = custom, version
            model.operatorCodes.append(code)
        model.subgraphs = [graph._graph_table() for graph in self.graphs]
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
