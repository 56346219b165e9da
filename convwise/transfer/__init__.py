"""Starting from pretrained weights: bodies, weight files, preprocessing, the first stage."""
