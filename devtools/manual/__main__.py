"""`python -m devtools.manual`: render docs/manuale into the module's pages."""

from . import TARGET, write

if __name__ == "__main__":
    for name in write():
        print(TARGET / name)
