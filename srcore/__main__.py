"""``python -m srcore``, so that ``torchrun -m srcore run ...`` works."""

from srcore.cli.main import main

if __name__ == "__main__":
    main()
