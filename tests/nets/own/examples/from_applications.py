"""A network of keras.applications, with first weights in place of the published ones."""

import keras


def mobilenet(input_shape, n_classes, *, alpha=0.35):
    return keras.applications.MobileNetV2(input_shape=input_shape, alpha=alpha, weights=None, classes=n_classes)
