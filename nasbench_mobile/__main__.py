"""`python -m nasbench_mobile`: the command `nasbench-mobile`."""

from nasbench_mobile.cli import main

if __name__ == "__main__":  # worker processes import this module too
    main()
