"""The layer graph of a network, reference models, and the back ends that read the graph."""
