"""How is the command run without its script: `python -m hp_sig.cli`?"""

from hp_sig.cli import main

if __name__ == "__main__":
    main()
