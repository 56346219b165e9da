"""The sixteen parameters of a 2-D convolution: names, values, text forms, geometry and rules. Pure Python."""

from convwise.conv2d.scopes import NetworkSettings, network_settings, parse_settings
from convwise.conv2d.settings import PARAMETERS, Conv2DSettings, Times

__all__ = ["PARAMETERS", "Conv2DSettings", "NetworkSettings", "Times", "network_settings", "parse_settings"]
