"""Tests of the whole product and of the repository; a module's own are inside it."""
