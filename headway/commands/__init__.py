"""One module a subcommand: `register` adds it to the command line, `run` does it."""
