"""The sixteen parameters of a 2-D convolution: names, values, text forms. Pure Python."""

from convwise.conv2d.settings import PARAMETERS, Conv2DSettings, parse_settings

__all__ = ["PARAMETERS", "Conv2DSettings", "parse_settings"]
