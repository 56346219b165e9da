"""Pages: one file each, which opens anywhere without a network and can be read without JavaScript."""
