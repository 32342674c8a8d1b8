"""The other side of the Sistema Indennitario, played for the tests."""
