"""What goes beyond the original; deepdream finds these modules by name when they are first asked for."""
