"""Training: the recipe, the one call of `Model.fit`, and the checkpoint it resumes from."""
