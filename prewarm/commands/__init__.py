"""One file per command: options to values, one core call, a report. Imported when called."""
