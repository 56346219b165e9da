"""What there is to say about each of the sixteen parameters: one record a parameter, a few parameters a file."""
