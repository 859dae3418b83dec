"""``python -m onoma`` is the ``onoma`` command."""

from onoma.cli import main

if __name__ == "__main__":
    main()
