"""Networks of keras.applications, with first weights in place of the published ones."""

import keras


def mobilenet(input_shape, n_classes, *, alpha=0.25):
    return keras.applications.MobileNet(input_shape=input_shape, alpha=alpha, weights=None, classes=n_classes)


def mobilenet_v2(input_shape, n_classes, *, alpha=0.35):
    return keras.applications.MobileNetV2(input_shape=input_shape, alpha=alpha, weights=None, classes=n_classes)
