"""The subcommands of `musicrfm`: one module each, with `add(commands)` and the function it runs."""
