"""The page on this machine: data, runs and studies below a folder as they are, and pictures to predict."""
