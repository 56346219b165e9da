"""A functional network: layers called twice, a nested model, a class and a function of its own, Keras operations."""

import keras
from keras import layers


class Gate(layers.Layer):
    """Maps times a sigmoid of their own means."""

    def __init__(self, sharpness=1.0, **kwargs):
        super().__init__(**kwargs)
        self.sharpness = sharpness

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="kernel")

    def call(self, inputs):
        means = keras.ops.mean(inputs, axis=(1, 2), keepdims=True)
        return inputs * keras.ops.sigmoid(self.sharpness * means * self.kernel)

    def get_config(self):
        return {**super().get_config(), "sharpness": self.sharpness}


def soft_relu(x):
    return keras.ops.softplus(2.0 * x) / 2.0


def twins(input_shape, n_classes, *, width=8):
    pixels = keras.Input(input_shape)
    augmented = keras.Sequential([layers.RandomFlip("horizontal")], name="augmentation")(pixels)
    x = augmented / 255.0
    stem = layers.Conv2D(width, 3, padding="same", activation=soft_relu, name="stem_conv")
    x = keras.ops.concatenate([stem(x), stem(x[:, :, ::-1])], axis=-1)
    x = layers.MaxPooling2D(4)(x)
    inside = keras.Input((None, None, 2 * width))
    y = layers.Conv2D(2 * width, 3, padding="same", use_bias=False, name="body_conv1")(inside)
    y = layers.BatchNormalization(name="body_norm", momentum=0.8)(y)
    y = layers.ReLU(name="body_relu")(y)
    y = layers.Conv2D(2 * width, 3, padding="same", name="body_conv2")(y)
    block = keras.Model(inside, y, name="block")
    x = x + block(x)
    x = Gate(2.0, name="gate")(x)
    x = layers.Add(name="again")([x, block(x)])
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(pixels, layers.Dense(n_classes, activation="softmax", name="answers")(x), name="twins")
