"""`toolworld judge` and `regrade`: runs judged, judges measured, verdicts shown beside their runs."""
