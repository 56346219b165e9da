"""Hostile input of every kind, made from a seed, against the contract that every command keeps."""
