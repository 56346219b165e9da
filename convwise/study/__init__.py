"""Which parameters matter on these images, and what to set them to: designs, effects, verdicts."""
