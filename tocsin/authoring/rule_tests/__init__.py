"""Rule tests: `NAME.test.yaml` beside `NAME.yaml`, read, run through the decision itself, and compared."""
