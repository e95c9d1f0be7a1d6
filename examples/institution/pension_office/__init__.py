"""A sample institution: keeps files on the persons whom it pays, and tells Kruispunt so."""
