"""The benchmarks that come with the package, each a TOML file, and the models fitted for them."""
