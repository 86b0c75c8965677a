#!/usr/bin/env python3
"""Writes dense.keras and dense.h5, the same small network in Keras' two formats, and eval.npz.

The network learns y = mean(x²) of ten inputs in -1..1. The files are committed; run this only to
make them anew. It needs tensorflow (or tensorflow-cpu) and keras 3.
"""
import pathlib

import keras
import numpy as np

HERE = pathlib.Path(__file__).parent
SEED = 7


def main():
    keras.utils.set_random_seed(SEED)
    model = keras.Sequential([
        keras.layers.Input((10,), name="x"),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(1),
    ], name="dense")
    rng = np.random.default_rng(SEED)
    x = rng.uniform(-1, 1, (4096, 10)).astype(np.float32)
    y = np.mean(x * x, axis=1, keepdims=True)
    model.compile(keras.optimizers.Adam(3e-3), "mse")
    model.fit(x, y, batch_size=64, epochs=20, verbose=2)

    inference = keras.Sequential(model.layers, name="dense")  # no optimizer state
    inference.build((None, 10))
    inference.save(HERE / "dense.keras")
    inference.save(HERE / "dense.h5")
    x_eval = rng.uniform(-1, 1, (256, 10)).astype(np.float32)
    np.savez_compressed(HERE / "eval.npz", x=x_eval, y=np.mean(x_eval * x_eval, axis=1, keepdims=True))


if __name__ == "__main__":
    main()
