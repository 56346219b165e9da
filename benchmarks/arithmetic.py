"""Training steps of one convolution on one core: float32 against bfloat16, grouped convolutions against split ones.

And batch normalisation behind it, as Keras composes it and in one operation.
"""

import os
import time

from machine import machine

from convwise.cores import take_one_core

REPEATS = 5


def main() -> None:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    take_one_core(0)
    import keras
    import numpy as np

    from convwise.nets.fast_layers import FusedBatchNormalization, QuickConv2D

    print(machine())
    rows = {}
    for policy in ("float32", "mixed_bfloat16"):
        keras.config.set_dtype_policy(policy)
        for kind, groups, norm in (
            (keras.layers.Conv2D, 1, None),
            (keras.layers.Conv2D, 2, None),
            (QuickConv2D, 2, None),
            (QuickConv2D, 4, None),
            (keras.layers.Conv2D, 1, keras.layers.BatchNormalization),
            (keras.layers.Conv2D, 1, FusedBatchNormalization),
        ):
            maps = keras.Input((32, 32, 32))
            x = kind(64, 3, padding="same", groups=groups)(maps)
            x = keras.layers.ReLU()(norm()(x) if norm else x)
            x = keras.layers.GlobalAveragePooling2D()(x)
            model = keras.Model(maps, keras.layers.Dense(4, activation="softmax", dtype="float32")(x))
            model.compile("adamw", "categorical_crossentropy", jit_compile=False)
            images, targets = np.random.rand(32, 32, 32, 32).astype("float32"), np.eye(4)[np.arange(32) % 4]
            model.train_on_batch(images, targets)
            layers = f"{kind.__name__} groups={groups}{f' {norm.__name__}' if norm else ''}"
            rows[policy, layers] = (model, images, targets, [])
    for _ in range(REPEATS):  # in turn, so that all see the same machine
        for model, images, targets, seconds in rows.values():
            began = time.perf_counter()
            for _ in range(5):
                model.train_on_batch(images, targets)
            seconds.append((time.perf_counter() - began) / 5)
    own = np.median(rows["float32", "Conv2D groups=1"][3])
    print("32 images of 32x32x32, 64 filters of 3x3: ms a step, and as a ratio to float32 without groups")
    for (policy, layers), (*_, seconds) in rows.items():
        print(f"{policy:15} {layers:40} {1000 * np.median(seconds):7.1f}  {np.median(seconds) / own:5.2f}")


if __name__ == "__main__":
    main()
