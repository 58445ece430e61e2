"""The subcommands of `musicrfm`: one module each, with `add(commands)` and what it runs."""
