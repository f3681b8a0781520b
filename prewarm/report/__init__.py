"""Values to text and JSON; pure. One module per subject."""
