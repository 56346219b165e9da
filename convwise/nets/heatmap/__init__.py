"""Heatmaps: where in a picture a network finds its answer, and whether the map is to be believed. No gradients."""
