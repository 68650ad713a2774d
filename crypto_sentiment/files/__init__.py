"""Comments in, in every format that people have them in; results out, in one schema."""
