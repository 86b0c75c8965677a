"""Control flow and resource variables: small programs rather than single operators."""
import numpy as np

from tfl import Model, options
from .base import Case, cases


@cases("if")
def if_(op, v):
    for condition in (False, True):
        for dtype in ("float32", "int32"):
            shape = v.shape(v.int(1, 3))
            model = Model()
            ids = [model.input([], "bool"), model.input(shape, dtype), model.input(shape, dtype)]
            for code, table in (("ADD", "Add"), ("MUL", "Mul")):
                body = model.subgraph()
                a, b = body.input(shape, dtype), body.input(shape, dtype)
                body.op(code, [a, b], [body.output(shape, dtype)],
                        options(table, fusedActivationFunction=0))
            model.op("IF", ids, [model.output(shape, dtype)],
                     options("If", thenSubgraphIndex=1, elseSubgraphIndex=2))
            yield Case(op, f"{dtype} {condition}", model.bytes(),
                       [np.bool_(condition), v.array(shape, dtype), v.array(shape, dtype)],
                       dtype == "int32")


@cases("while")
def while_(op, v):
    """Counts up to a limit and doubles a tensor each round."""
    for rounds in (0, 1, 5):
        shape = v.shape(2)
        model = Model()
        ids = [model.input([], "int32"), model.input(shape, "float32")]
        condition = model.subgraph()
        i = condition.input([], "int32")
        condition.input(shape, "float32")
        condition.op("LESS", [i, condition.const(np.int32(rounds))], [condition.output([], "bool")],
                     options("Less"))
        body = model.subgraph()
        i, x = body.input([], "int32"), body.input(shape, "float32")
        body.op("ADD", [i, body.const(np.int32(1))], [body.output([], "int32")],
                options("Add", fusedActivationFunction=0))
        body.op("ADD", [x, x], [body.output(shape, "float32")],
                options("Add", fusedActivationFunction=0))
        outs = [model.output([], "int32"), model.output(shape, "float32")]
        model.op("WHILE", ids, outs, options("While", condSubgraphIndex=1, bodySubgraphIndex=2))
        yield Case(op, f"{rounds} rounds", model.bytes(), [np.int32(0), v.array(shape, "float32")], False)


@cases("var_handle", "assign_variable", "read_variable", "call_once")
def variables(op, v):
    """An initial value by CALL_ONCE; then read, add, assign, read again."""
    for dtype in ("float32", "int8"):
        shape = v.shape(2)
        model = Model()
        x = model.input(shape, dtype)
        init = model.subgraph()
        handle = init.tensor([], "resource")
        init.op("VAR_HANDLE", [], [handle], options("VarHandle", container="", sharedName="state"))
        init.op("ASSIGN_VARIABLE", [handle, init.const(v.array(shape, dtype, -4, 4))], [],
                options("AssignVariable"))
        model.op("CALL_ONCE", [], [], options("CallOnce", initSubgraphIndex=1))
        handle = model.tensor([], "resource")
        model.op("VAR_HANDLE", [], [handle], options("VarHandle", container="", sharedName="state"))
        model.op("READ_VARIABLE", [handle], [model.output(shape, dtype)], options("ReadVariable"))
        model.op("ASSIGN_VARIABLE", [handle, x], [], options("AssignVariable"))
        model.op("READ_VARIABLE", [handle], [model.output(shape, dtype)], options("ReadVariable"))
        yield Case(op, f"{dtype} {shape}", model.bytes(), [v.array(shape, dtype)], dtype != "float32")
