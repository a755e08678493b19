"""nasbench_mobile: compare search strategies for mobile neural architecture search."""

__version__ = "0.1.0"
