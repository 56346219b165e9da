"""Prediction over HTTP: an exported network answers pictures, without Keras and TensorFlow in the process."""
