"""The world of the tests is built once, and handed to each class as it was.

To build companies with their charts and users takes seconds, the tests of a class less:
most of a run went into building the same world some hundred times. Here it stays in an
open transaction behind a savepoint; a class works in that transaction, and what it has
done is rolled back to the savepoint when it ends, as Odoo does for each test.
"""

import atexit
from contextlib import contextmanager, nullcontext
from copy import copy, deepcopy

import psycopg2
from freezegun import freeze_time

from odoo.modules.registry import Registry
from odoo.sql_db import Savepoint
from odoo.tests import TransactionCase
from odoo.tests.common import get_db_name
from odoo.tools import SQL

from odoo.addons.base.tests.common import BaseCommon

#: what a world is made of; a class that answers one of these itself has its own world
HOOKS = {
    *("set_up_world", "begin_world", "get_default_groups", "default_env_context"),
    *("setup_independent_company", "setup_independent_user", "world_moment"),
}
#: beginnings of the names of what Odoo gives to each class
OF_THE_CLASS = ("_", "cr", "registry", "commit_patcher", "rollback_patcher", "close_")


def keep_statistics(env):
    """Keep autovacuum away until the transaction ends: it sees none of the rows that a
    test wrote, the planner would believe that there are none, and join a thousand of
    them by nested loops (a test of half a minute stood still for half an hour)."""
    tables = {model._table for model in env.values() if not model._abstract}
    env.cr.execute(
        SQL(
            """
            SELECT relname FROM pg_class
             WHERE relkind = 'r' AND relname = ANY(%s)
               AND relnamespace = current_schema::regnamespace
            """,
            list(tables),
        )
    )
    found = SQL(", ").join(SQL.identifier(name) for (name,) in env.cr.fetchall())
    env.cr.execute(SQL("LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE", found))


class World:
    """A world that stands: its transaction, and what its classes know of it.

    There is one at a time: a class that wants another ends it, and so does a class
    that knows of none, for the open transaction has locks that it might wait for.
    """

    standing = None
    is_entered = False

    @classmethod
    def enter(cls, test_class, begin):
        """Give a class its world; it is built where none stands.

        :param test_class: the class, whose attributes are set
        :param begin: function that does what Odoo does for each class
        """
        mro = test_class.__mro__
        owner = next(c for c in mro if HOOKS & set(vars(c)))
        # those whose `setUpClass` is passed over have had their turn in the world
        start = next(n for n, c in enumerate(mro) if "begin_world" in vars(c))
        passed = set(mro[start : mro.index(BaseCommon)]) - set(owner.__mro__)
        assert not passed, f"no part of the world of {test_class}: {passed}"
        cls.is_entered = True
        try:
            if cls.standing and not cls.standing._is_good_for(owner):
                cls.standing.end()
            if not cls.standing:
                cls.standing = cls(owner)
            with cls.standing._lend_cursor():
                begin()
        finally:
            cls.is_entered = False
        for name, value in cls.standing.told.items():
            setattr(test_class, name, copy(value) if _is_plain(value) else value)

    def __init__(self, owner):
        self.owner, self.cr, self.savepoint = owner, None, None
        self.registry = Registry(get_db_name())
        builder = type("World", (owner,), {"__module__": owner.__module__})
        try:
            self._build(builder)
            keep_statistics(builder.env)
            self.default_env = builder.env.transaction.default_env
            self.told = {
                name: value
                for name, value in vars(builder).items()
                if not name.startswith(OF_THE_CLASS)
            }
            kinds = ("precommit", "postcommit", "prerollback", "postrollback")
            self.waiting = [
                (calls, list(calls._funcs), deepcopy(calls.data))
                for calls in (getattr(self.cr, kind) for kind in kinds)
            ]
            self.savepoint = Savepoint(self.cr)
        finally:
            builder.doClassCleanups()

    def _build(self, builder):
        """Odoo's part, then the part of each class, from the ground floor up."""
        moment = self.owner.world_moment
        with freeze_time(moment) if moment else nullcontext():
            with self._lend_cursor():
                builder.begin_world()
            for part in reversed(self.owner.__mro__):
                if "set_up_world" in vars(part):
                    vars(part)["set_up_world"].__func__(builder)
            builder.env.flush_all()

    @contextmanager
    def _lend_cursor(self):
        """The cursor that Odoo opens for a class is the world's; where it would close
        it at the end of the class, the world is put back."""

        def lend():
            del self.registry.cursor
            if self.cr is None:
                self.cr = self.registry.cursor()
            self.cr.close = self._put_back
            return self.cr

        self.registry.cursor = lend
        try:
            yield
        finally:
            # of an HttpCase it is Odoo's by now
            if vars(self.registry).get("cursor") is lend:
                del self.registry.cursor

    def _put_back(self):
        """Undo what the class has done."""
        if self.savepoint is None:  # it could not be built
            self.end()
            return
        try:
            self.savepoint.rollback()
        except psycopg2.Error:  # the class has lost the connection
            self.end()
            return
        transaction = self.cr.transaction
        transaction.reset()
        transaction.default_env = self.default_env
        for calls, functions, data in self.waiting:
            calls.clear()
            calls._funcs.extend(functions)
            calls.data.update(deepcopy(data))

    def _is_good_for(self, owner):
        registry = Registry(get_db_name())
        return self.owner is owner and self.registry is registry and not self.cr.closed

    def end(self):
        """Forget the world: nothing of it has ever been committed."""
        World.standing = None
        if self.cr is not None:
            vars(self.cr).pop("close", None)
            self.cr.close()


def _is_plain(value):
    return isinstance(value, dict | list | set)


def end_world():
    """For a test that commits with cursors of its own: nobody has locks then."""
    if World.standing:
        World.standing.end()


def _set_up(cls):
    if not World.is_entered:
        end_world()
    _set_up_class(cls)


_set_up_class = TransactionCase.setUpClass.__func__
TransactionCase.setUpClass = classmethod(_set_up)
# Odoo complains about a cursor that nobody closed
atexit.register(end_world)
