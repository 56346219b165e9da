"""Exports: a run's network as files that other runtimes read, with what they need to know and a proof."""
