"""Images: a folder -> index -> split -> cached pixels -> augmented batches. No Keras."""
