"""The examples of the guide, computed by a real convolution."""
