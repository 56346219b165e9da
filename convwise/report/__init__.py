"""Report: records -> tables -> figures."""
