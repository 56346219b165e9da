"""The stages of a study, one after the other: pilot, screen, check, race, confirm."""
