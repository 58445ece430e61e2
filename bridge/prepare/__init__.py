"""`bridge prepare`: from a model's name to a stage full of knobs, in steps that can be resumed."""
