"""`bridge prepare`: trains and calibrates knobs for a model, in steps that can be resumed."""
